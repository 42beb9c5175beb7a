"""Speed reports by mouse and keyboard: from the sidebar to an exported file."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QAction, QGuiApplication, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from app import strings
from app.viewmodels.reports.reports import ReportsViewModel
from app.views.page import Places
from app.views.palette import commands_of
from app.views.reports import report_reader
from app.views.reports.reports_page import ReportsPage
from mtp_mlx.report.answer import message
from mtp_mlx.report.derived import groups
from mtp_mlx.report.saving import FORMATS, load, save
from mtp_mlx.wire import Bench, BenchFinished, BenchProgress, BenchRun, Cancel
from tests.app.conftest import Rig
from tests.app.helpers import child
from tests.app.viewmodels.sidebar.test_chat_list import talk, titles
from tests.report.samples import REPORT, RUNS, SLOWER

EARLIER = replace(REPORT, title="Earlier", created="2025-01-02T03:04:05Z")
SPOKEN = replace(
    REPORT, title="Spoken", runs=tuple(replace(run, text="SECRET") for run in REPORT.runs)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "data" / "reports"
    found.mkdir(parents=True, exist_ok=True)
    save(REPORT, found / "a.json")
    save(EARLIER, found / "b.json")
    return found


def model(rig: Rig) -> ReportsViewModel:
    return rig.program.models.reports


def places(rig: Rig) -> Places:
    return rig.program.window.places


@pytest.fixture
def page(ready: Rig, folder: Path) -> ReportsPage:
    places(ready).reports.button.click()
    ready.settle()
    QApplication.processEvents()
    found = places(ready).currentWidget()
    assert isinstance(found, ReportsPage)
    return found


def press(button: QAbstractButton) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    button.click()


def select(page: ReportsPage, *rows: int) -> None:
    page.list.tree.clearSelection()
    for row in rows:
        item = page.list.tree.topLevelItem(row)
        assert item is not None
        item.setSelected(True)


def column(page: ReportsPage, index: int) -> list[str]:
    tree = page.list.tree
    items = (tree.topLevelItem(row) for row in range(tree.topLevelItemCount()))
    return [item.text(index) for item in items if item is not None]


def bench(rig: Rig) -> Bench:
    rig.settle()
    return [command for command in rig.engine.sent if isinstance(command, Bench)][-1]


def saved(monkeypatch: pytest.MonkeyPatch, target: Path | None) -> None:
    monkeypatch.setattr("app.exports.ask_report_path", lambda *_: target)


def test_from_the_sidebar_and_back(ready: Rig, page: ReportsPage) -> None:
    assert places(ready).reports.button.isChecked()
    press(page.leave)
    ready.settle()
    assert not places(ready).reports.is_shown
    assert not places(ready).reports.button.isChecked()
    action = next(
        a for a in ready.program.window.findChildren(QAction) if a.text() == "Speed reports"
    )
    assert action.shortcut().toString() == "Ctrl+Shift+R"
    assert action in [one.action for one in commands_of(ready.program.window.menuBar())]
    action.trigger()
    ready.settle()
    assert places(ready).reports.is_shown
    places(ready).reports.button.click()
    ready.settle()
    assert not places(ready).reports.is_shown


def test_the_window_opens_without_the_page(ready: Rig) -> None:
    assert places(ready).count() == 1


def test_choosing_a_chat_leads_back_to_it(ready: Rig, folder: Path) -> None:
    for question in ("Reverse a list", "Bake bread"):
        talk(ready, question)
    chats = ready.program.models.chats
    for row in (titles(ready).index("Bake bread"), titles(ready).index("Reverse a list")):
        chat = chats.rows.chat_at(row)
        assert chat is not None
        places(ready).reports.show()
        ready.settle()
        chats.open(chat.id)  # the first of them is open already
        ready.settle()
        assert not places(ready).reports.is_shown
    places(ready).reports.show()
    ready.settle()
    ready.program.window.sidebar.new.click()
    assert not places(ready).reports.is_shown


def test_past_reports_newest_first(page: ReportsPage, folder: Path, ready: Rig) -> None:
    assert column(page, 0) == ["Speed of target + drafter", "Earlier"]
    assert column(page, 3) == ["no difference", "no difference"]
    (folder / "bad.json").write_text("{")
    save(SLOWER, folder / "slow.json")
    press(page.leave)
    ready.settle()
    places(ready).reports.show()
    ready.settle()
    assert column(page, 0)[0] == "bad.json"
    bad = page.list.tree.topLevelItem(0)
    assert bad is not None
    assert "damaged" in bad.toolTip(0)
    slow = column(page, 3).index("0.50× slower")  # noqa: RUF001
    item = page.list.tree.topLevelItem(slow)
    assert item is not None
    warning = ready.program.theme.current.color("warning")
    assert item.foreground(3).color() == warning


def test_none_yet(ready: Rig) -> None:
    places(ready).reports.show()
    ready.settle()
    found = places(ready).currentWidget()
    assert isinstance(found, ReportsPage)
    assert found.list.empty.isVisible()


def test_what_is_asked_for(ready: Rig, page: ReportsPage) -> None:
    setup = page.setup
    assert not setup.texts.isChecked()
    assert not setup.modes["off"].isEnabled()
    setup.modes["auto"].setChecked(False)
    assert not setup.start.isEnabled()
    assert "plain decoding" in setup.note.text()
    setup.modes[3].setChecked(True)
    setup.modes[8].setChecked(True)
    setup.suite.setCurrentIndex(1)
    setup.repeats.setValue(5)
    setup.tokens.setValue(64)
    setup.temperature.setCurrentIndex(1)
    setup.texts.setChecked(True)
    assert setup.context.count() == 4  # the pair holds 32,768 tokens
    setup.set_context_length(18_000)
    for choice in (3, 2):  # the reply leaves no room for the first
        setup.tokens.setValue(64)
        setup.context.setCurrentIndex(choice)
        setup.tokens.setValue(8192)
        assert (setup.context.count(), setup.context.currentIndex()) == (3, choice % 3)
    setup.tokens.setValue(64)
    assert (setup.context.count(), setup.context.currentIndex()) == (4, 2)
    press(setup.start)
    ready.settle()
    asked = bench(ready)
    assert (asked.suite, asked.modes, asked.repeats) == ("full", ("off", 3, 8), 5)
    assert (asked.max_tokens, asked.temperature, asked.include_text) == (64, 1.0, True)
    assert asked.context_tokens == (0, 4096)


def test_watched_and_stopped(ready: Rig, page: ReportsPage) -> None:
    press(page.setup.start)
    ready.settle()
    assert page.setup.isHidden()
    progress = page.progress
    assert progress.text.text() == "Starting…"
    assert progress.bar.maximum() == 0
    id_, out = bench(ready).id, Path(bench(ready).out or "")
    assert bench(ready).include_text is False
    for i in (1, 2):
        ready.say(
            BenchRun(id=id_, done=i, total=4, run=RUNS[i - 1], summary=groups(RUNS[:i])),
            BenchProgress(
                id=id_, phase="measuring", done=i, total=4, mode="auto", elapsed_s=1.0, left_s=200.0
            ),
        )
        assert len(progress.cells()) - 1 == i
    assert "2 of 4 runs" in progress.text.text()
    assert "about 3 min left" in progress.text.text()
    assert progress.bar.value() * 2 == progress.bar.maximum()
    assert [row[:4] for row in progress.cells()] == [
        ["MTP", "Runs", "tok/s", "Speed-up"],
        ["Off", "1", "30.0", "–"],  # noqa: RUF001
        ["Auto", "1", "60.0", "2.00×"],  # noqa: RUF001
    ]
    assert progress.runs.text().splitlines()[0].startswith("code-1, Auto · 60.0 tok/s")
    press(progress.stop)
    ready.settle()
    assert ready.engine.sent[-1] == Cancel(id=id_)
    assert not progress.stop.isEnabled()
    save(SLOWER, out)
    ready.say(BenchFinished(id=id_, reason="cancelled", report=SLOWER, saved=str(out), warnings=()))
    ready.settle()
    assert page.note.isVisible()
    assert page.note.text().startswith("The benchmark stopped.")
    assert page.reader.isVisible()
    press(page.dismiss)
    ready.settle()
    assert not page.note.isVisible()
    press(page.reader.back)
    ready.settle()
    assert page.setup.isVisible()
    assert len(column(page, 0)) == 3


def test_a_second_benchmark_begins_with_an_empty_table(ready: Rig, page: ReportsPage) -> None:
    press(page.setup.start)
    ready.settle()
    id_ = bench(ready).id
    ready.say(
        BenchRun(id=id_, done=1, total=4, run=RUNS[0], summary=groups(RUNS[:1])),
        BenchFinished(id=id_, reason="cancelled", report=None, saved=None, warnings=()),
    )
    press(page.setup.start)
    ready.settle()
    assert not any(page.progress.cells())
    assert page.progress.runs.text() == ""


def test_while_the_engine_is_busy_it_says_so(ready: Rig, page: ReportsPage) -> None:
    ready.program.models.chat.send("Hello")
    places(ready).reports.show()
    ready.settle()
    assert not page.setup.start.isEnabled()
    assert "Esc" in page.setup.note.text()
    ready.finish()
    assert page.setup.start.isEnabled()


def test_opened_by_keyboard_and_read(page: ReportsPage, ready: Rig, qtbot: QtBot) -> None:
    tree = page.list.tree
    tree.setFocus()
    QTest.keyClick(tree, Qt.Key.Key_Down)
    ready.settle()
    QTest.keyClick(tree, Qt.Key.Key_Return)
    ready.settle()
    assert page.reader.isVisible()
    text = page.reader.browser.toPlainText()
    for told in ("1.47 times its speed", "auto against plain", "Same text", "Apple M4 Pro"):
        assert told in text
    assert text.count("\N{OBJECT REPLACEMENT CHARACTER}") == 4  # charts


def chart(page: ReportsPage) -> object:
    """The first image of the open page."""
    kind = QTextDocument.ResourceType.ImageResource.value
    return page.reader.browser.document().resource(kind, QUrl("chart:0"))


def test_charts_follow_the_theme(ready: Rig, page: ReportsPage) -> None:
    model(ready).open("a.json")
    ready.settle()
    light = chart(page)
    ready.program.theme.choose("dark")
    ready.settle()
    assert chart(page) != light
    ready.program.theme.choose("light")
    ready.settle()
    assert chart(page) == light


@pytest.mark.parametrize("made", ["page_parts", "QSvgRenderer", "page_html", "markdown"])
def test_the_interface_thread_makes_no_part_of_a_page(
    ready: Rig, page: ReportsPage, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    threads: list[str] = []
    make = getattr(report_reader, made)

    def recorded(*arguments: object, **named: object) -> object:
        threads.append(threading.current_thread().name)
        return make(*arguments, **named)

    monkeypatch.setattr(report_reader, made, recorded)
    model(ready).open("a.json")
    ready.settle()
    press(page.reader.markdown)
    ready.settle()
    assert set(threads) == {"files"}


def beside(page: ReportsPage) -> int:
    """Return how many rows of the page hold two charts."""
    rows = re.findall(r"<tr>(?:(?!</tr>).)*</tr>", page.reader.browser.toHtml(), re.DOTALL)
    return sum(row.count("<img") == 2 for row in rows)


def test_the_page_is_laid_out_for_its_width(ready: Rig, page: ReportsPage, qtbot: QtBot) -> None:
    ready.program.window.resize(1400, 800)
    model(ready).open("a.json")
    ready.settle()
    qtbot.waitUntil(lambda: beside(page) == 2)
    ready.program.window.resize(820, 600)
    qtbot.waitUntil(lambda: beside(page) == 0)
    assert page.reader.browser.toPlainText().count("\N{OBJECT REPLACEMENT CHARACTER}") == 4


def test_a_click_opens_a_section_and_closes_it(ready: Rig, page: ReportsPage) -> None:
    browser = page.reader.browser
    model(ready).open("a.json")
    ready.settle()
    assert "Cool-down" not in browser.toPlainText()
    for shown in (True, False):
        browser.anchorClicked.emit(QUrl("fold:Method"))
        ready.settle()
        assert ("Cool-down" in browser.toPlainText()) == shown


@pytest.mark.parametrize(
    "link", ["https://example.com/", "file:///etc/passwd", "b.json", "#Method"]
)
def test_no_other_link_does_anything(ready: Rig, page: ReportsPage, link: str) -> None:
    browser = page.reader.browser
    model(ready).open("a.json")
    ready.settle()
    before, source = browser.toPlainText(), browser.source()
    browser.anchorClicked.emit(QUrl(link))
    ready.settle()
    assert (browser.toPlainText(), browser.source()) == (before, source)
    assert not browser.openLinks()


def test_another_report_starts_with_its_sections_closed(ready: Rig, page: ReportsPage) -> None:
    model(ready).open("a.json")
    ready.settle()
    page.reader.browser.anchorClicked.emit(QUrl("fold:Method"))
    ready.settle()
    model(ready).open("b.json")
    ready.settle()
    assert "Cool-down" not in page.reader.browser.toPlainText()


def test_two_are_compared(page: ReportsPage, ready: Rig) -> None:
    select(page, 0)
    assert not page.list.compare.isEnabled()
    select(page, 0, 1)
    assert not page.list.open.isEnabled()
    press(page.list.compare)
    ready.settle()
    text = page.reader.browser.toPlainText()
    assert "B over A" in text
    assert text.index("Earlier") < text.index("Speed of target + drafter")
    assert page.reader.export.isVisible()
    assert page.reader.text.isHidden()
    assert page.reader.markdown.isHidden()
    assert page.reader.delete.isHidden()


def test_deleted_with_undo(ready: Rig, page: ReportsPage) -> None:
    page.list.tree.setFocus()
    select(page, 1)
    QTest.keyClick(page.list.tree, Qt.Key.Key_Delete)
    ready.settle()
    assert column(page, 0) == ["Speed of target + drafter"]
    assert page.toast.isVisible()
    assert page.toast.text.text() == "Report deleted"
    press(page.toast.button)
    ready.settle()
    assert len(column(page, 0)) == 2
    select(page, 0)
    press(page.list.open)
    ready.settle()
    press(page.reader.delete)
    ready.settle()
    assert page.list.isVisible()
    assert column(page, 0) == ["Earlier"]


@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_exported_in_two_clicks(
    page: ReportsPage, ready: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    target = tmp_path / f"out{ending}"
    saved(monkeypatch, target)
    model(ready).open("a.json")
    ready.settle()
    press(page.reader.export)
    ready.settle()
    assert target.stat().st_size > 100
    if ending == ".json":
        assert load(target) == REPORT


def test_an_export_that_fails_says_why(
    page: ReportsPage, ready: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("app.exports.say_not_saved", lambda _parent, reason: said.append(reason))
    saved(monkeypatch, tmp_path / "none" / "out.pdf")
    model(ready).open("a.json")
    ready.settle()
    press(page.reader.export)
    ready.settle()
    assert said == ["There is no folder for out.pdf. Make it first."]
    saved(monkeypatch, None)
    press(page.reader.export)
    ready.settle()
    assert len(said) == 1


def test_texts_leave_only_when_ticked(
    page: ReportsPage, ready: Rig, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, clipboard = page.reader, QGuiApplication.clipboard()
    model(ready).open("a.json")
    ready.settle()
    assert reader.texts.isHidden()
    save(SPOKEN, folder / "spoken.json")
    model(ready).open("spoken.json")
    ready.settle()
    assert reader.texts.isVisible()
    assert not reader.texts.isChecked()
    saved(monkeypatch, tmp_path / "out.json")
    press(reader.markdown)
    ready.settle()
    press(reader.export)
    ready.settle()
    assert "SECRET" not in clipboard.text() + (tmp_path / "out.json").read_text()
    reader.texts.setChecked(True)
    press(reader.markdown)
    ready.settle()
    press(reader.export)
    ready.settle()
    assert "SECRET" in clipboard.text()
    assert "SECRET" in (tmp_path / "out.json").read_text()
    model(ready).open("b.json")
    ready.settle()
    model(ready).open("spoken.json")
    ready.settle()
    assert not reader.texts.isChecked()


def test_copied_as_markdown_and_as_an_image(
    page: ReportsPage, ready: Rig, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, clipboard = page.reader, QGuiApplication.clipboard()
    model(ready).open("a.json")
    ready.settle()
    press(reader.markdown)
    ready.settle()
    assert clipboard.text().startswith("# Speed of target + drafter")
    assert reader.markdown.text() == "Copied"
    press(reader.card)
    ready.settle()
    assert (clipboard.image().width(), clipboard.image().height()) == (1200, 630)
    assert (reader.markdown.text(), reader.card.text()) == ("Markdown", "Copied")
    press(reader.text)
    ready.settle()
    assert clipboard.text() == message(REPORT)
    child(reader, QTimer, "copied").timeout.emit()
    assert (reader.card.text(), reader.text.text()) == (
        strings.REPORT_COPY_CARD,
        strings.REPORT_COPY_TEXT,
    )


def test_everything_has_a_name(page: ReportsPage, ready: Rig) -> None:
    model(ready).open("a.json")
    ready.settle()
    for button in page.findChildren(QAbstractButton):
        assert button.text() or button.accessibleName() or not button.focusPolicy(), button
    named: tuple[QWidget, ...] = (
        page.list.tree,
        page.reader.browser,
        page.setup.suite,
        page.setup.repeats,
        page.setup.tokens,
        page.setup.temperature,
        page.progress.bar,
    )
    assert all(widget.accessibleName() for widget in named)


def test_closing_the_window_in_mid_run_is_calm(ready: Rig, page: ReportsPage) -> None:
    press(page.setup.start)
    ready.settle()
    ready.program.window.close()
    assert ready.engine.closed


def test_the_keyboard_is_where_it_is_wanted(ready: Rig, page: ReportsPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(ready.program.window.isActiveWindow)
    assert page.list.tree.hasFocus()
    press(page.leave)
    ready.settle()
    assert ready.program.window.composer.text.hasFocus()


def test_two_are_compared_in_one_chart(ready: Rig, page: ReportsPage) -> None:
    model(ready).compare("a.json", "b.json")
    ready.settle()
    QApplication.processEvents()
    shown = re.findall(r'src="(chart:\d)"', page.reader.browser.toHtml())
    assert shown == ["chart:0"]


def test_a_strangers_title_is_shown_as_it_is(ready: Rig, page: ReportsPage, folder: Path) -> None:
    save(replace(REPORT, title="<b>bold</b>", created="2030-01-01T00:00:00Z"), folder / "c.json")
    (folder / "<i>x.json").write_text("{")
    model(ready).refresh()
    ready.settle()
    item = page.list.tree.topLevelItem(0)
    assert item is not None
    assert item.text(0) == "<b>bold</b>"
    assert "&lt;b&gt;bold" in item.toolTip(0)
    model(ready).open("<i>x.json")
    ready.settle()
    assert page.note.textFormat() is Qt.TextFormat.PlainText
    assert page.note.text().startswith("<i>x.json is no report")
