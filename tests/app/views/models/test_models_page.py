"""The Models page by mouse and keyboard: what is shown, and what its controls ask for."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QToolButton,
    QWidget,
)

from app import strings
from app.domain.models import (
    ConversionPlan,
    Inventory,
    Need,
    Pairing,
    RemovalPlan,
    TrialEstimate,
    TrialSpeed,
)
from app.viewmodels.models.trying import Size
from app.views.models.models_page import ModelsPage
from app.views.models.offers import agrees
from mtp_mlx.api import Load
from mtp_mlx.errors import TooBig
from mtp_mlx.wire import Error
from tests.app.conftest import Rig
from tests.app.tools import (
    BIG,
    DRIVE,
    E4B,
    EMPTY_DISK,
    FULL_DISK,
    GB,
    HUB,
    STUDIO,
    fit_of,
    fits_of,
    placed,
)

CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
ESTIMATE = TrialEstimate(
    verdict="fits", need=Need(target=GB), have=12 * GB, max_tokens=64, seconds=90
)
HOSTILE = "<b>bold</b><img src=x>&amp;"


def show(rig: Rig, disk: Inventory = FULL_DISK) -> ModelsPage:
    """The page after a look at this disk."""
    rig.program.window.places.models.show()
    rig.tool.answer("list", disk)
    rig.tool.answer("fit", fits_of())
    QApplication.processEvents()
    page = rig.program.window.places.currentWidget()
    assert isinstance(page, ModelsPage)
    return page


@pytest.fixture
def page(ready: Rig) -> ModelsPage:
    return show(ready)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the user says to questions; without any, no."""
    given: list[bool] = []
    monkeypatch.setattr(
        "app.views.models.offers.agrees", lambda *_: given.pop(0) if given else False
    )
    return given


def entry(button: QToolButton, words: str) -> QAction:
    """The entry of a button's menu with these words."""
    return next(action for action in button.menu().actions() if action.text() == words)


def loads(rig: Rig) -> list[str]:
    return [one.target for one in rig.engine.sent if isinstance(one, Load)]


def test_every_way_to_the_page(ready: Rig) -> None:
    window = ready.program.window
    place = window.places.models

    def is_shown() -> bool:
        return place.is_shown

    place.button.click()
    assert is_shown()
    assert place.button.isChecked()
    QTest.keyClick(window, Qt.Key.Key_M, CONTROL_SHIFT)
    assert not is_shown()
    window.toolbar.chooser.list.aboutToShow.emit()
    last = window.toolbar.chooser.list.actions()[-1]
    assert last.text() == strings.MODELS_MENU
    last.trigger()
    assert is_shown()
    page = window.places.currentWidget()
    assert isinstance(page, ModelsPage)
    page.leave.click()
    assert not is_shown()
    window.places.reports.show()
    place.show()
    assert not window.places.reports.button.isChecked()


def test_it_says_that_it_looks_that_nothing_is_here_and_why_it_cannot(ready: Rig) -> None:
    window = ready.program.window
    window.places.models.show()
    page = window.places.currentWidget()
    assert isinstance(page, ModelsPage)
    assert page.empty.text() == strings.MODELS_LOOKING
    assert not page.cards.isVisible()
    ready.tool.answer("list", EMPTY_DISK)
    assert page.empty.text() == strings.MODELS_NONE
    assert page.cards.isVisible()
    assert not page.local.isVisible()
    page.refresh.click()
    assert not page.refresh.isEnabled()
    ready.tool.refuse("list", "A drive sleeps.")
    assert "A drive sleeps." in page.empty.text()
    assert page.refresh.isEnabled()


def test_a_verdict_has_a_word_and_shows_its_sum(page: ModelsPage) -> None:
    view = page.local.views[BIG.path]
    assert view.verdict.text().endswith("Too big")
    assert view.verdict.property("tone") == "bad"
    assert not view.sum.isVisible()
    view.verdict.click()
    assert view.sum.isVisible()
    assert "19.5\N{NO-BREAK SPACE}GB, of 17.2\N{NO-BREAK SPACE}GB" in view.sum.text()
    view.verdict.click()
    assert not view.sum.isVisible()


def test_load_and_stop(ready: Rig, page: ModelsPage, answers: list[bool]) -> None:
    view = page.local.views[E4B.path]
    assert view.button.accessibleName() == "Load Gemma 4 E4B 4-bit"
    view.button.click()
    assert loads(ready)[-1] == E4B.path
    assert (view.button.text(), view.note.text()) == (strings.MODEL_STOP_LOADING, "Loading…")
    view.button.click()
    assert view.button.text() == strings.MODEL_LOAD
    before = len(loads(ready))
    big = page.local.views[BIG.path]
    assert big.button.text() == strings.MODEL_LOAD_ANYWAY
    big.button.click()
    assert len(loads(ready)) == before  # the user said no
    answers.append(True)
    big.button.click()
    assert ready.program.models.pairs.loading is not None
    assert ready.program.models.pairs.loading.anyway


def test_a_load_that_fails_is_told_on_the_page(ready: Rig, page: ModelsPage) -> None:
    page.local.views[E4B.path].button.click()
    ready.engine.say(Error(code="damaged", message="A file ends early.", remedy="Copy it again."))
    assert page.note.isVisible()
    assert page.note.text().startswith("Gemma 4 E4B 4-bit could not be loaded: A file ends early.")
    assert page.local.views[E4B.path].button.text() == strings.MODEL_LOAD


def test_a_model_that_proves_too_big_is_offered_on_the_page(ready: Rig, page: ModelsPage) -> None:
    page.local.views[E4B.path].button.click()
    ready.engine.say(Error(code=TooBig.code, message="It needs 7 GB.", remedy="Close programs."))
    assert page.too_big.isVisibleTo(page)
    assert page.isAncestorOf(page.too_big)
    page.too_big.load.click()
    assert not page.too_big.isVisible()
    assert ready.program.models.pairs.loading is not None
    assert ready.program.models.pairs.loading.anyway


def test_what_cannot_be_undone_is_not_the_answer_of_the_return_key(ready: Rig) -> None:
    asked: list[str] = []

    def look() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        box.reject()
        asked.append(box.defaultButton().text())

    QTimer.singleShot(0, look)
    window = ready.program.window
    assert not agrees(window, "Remove it?", "Remove", QMessageBox.ButtonRole.DestructiveRole)
    assert asked[0].replace("&", "") == "Cancel"


def test_get_pause_resume_and_cancel(ready: Rig, page: ModelsPage) -> None:
    card = page.cards.views["Gemma 4 E4B"]
    assert card.button.accessibleName() == "Get Gemma 4 E4B 8-bit"
    card.button.click()
    assert (card.button.text(), card.button.isEnabled()) == (strings.MODEL_BEING_FETCHED, False)
    words = "Get 4-bit · 3.8 GB with its drafter · 4.7 GB of memory · Fits"
    entry(page.cards.views["Gemma 4 E2B"].more, words).trigger()
    first, second = page.fetches.views.values()
    assert first.bar.maximum() == 0  # it moves, for nothing has come yet
    assert second.detail.text() == strings.FETCH_QUEUED
    ready.tool.fetches[0].say("fetching", done=3 * GB, total=9 * GB, rate=10**7)
    assert first.detail.text() == "3.0 GB of 9.0 GB · 10 MB/s · about 10 min left"
    assert first.bar.value() == 333
    assert ready.program.window.places.models.button.text() == "Models: 33 % fetched"
    first.button.click()
    assert ready.tool.fetches[0].killed
    assert (first.button.text(), first.detail.text()) == ("Resume", "Paused at 3.0 GB of 9.0 GB")
    first.button.click()
    assert first.detail.text() == strings.FETCH_QUEUED
    second.cancel.click()
    assert list(page.fetches.views.values()) == [first]
    assert len(ready.tool.fetches) == 3
    ready.tool.fetches[2].say("failed", message="No room.", remedy="Free 6 GB.")
    assert (first.button.text(), first.detail.text()) == (
        "Try again", "No room. Free 6 GB.",
    )  # fmt: skip
    assert first.detail.property("tone") == "warning"
    page.goes_on.click()
    assert ready.program.settings.current.fetch_goes_on
    first.cancel.click()
    assert not page.goes_on.isVisible()


def test_what_a_menu_of_a_model_does(
    ready: Rig, page: ModelsPage, answers: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    revealed: list[Path] = []
    monkeypatch.setattr("app.views.models.models_page.show_in_folder", revealed.append)
    small, big = page.local.views[E4B.path], page.local.views[BIG.path]
    entry(small.more, strings.MODEL_REVEAL).trigger()
    assert revealed == [Path(E4B.path)]
    entry(small.more, strings.MODEL_COPY_PATH).trigger()
    assert QApplication.clipboard().text() == E4B.path
    words = [action.text() for action in small.more.menu().actions()]
    assert strings.MODEL_REMOVE not in words  # LM Studio's own
    entry(big.more, strings.MODEL_GET_DRAFTER).trigger()
    assert ready.tool.fetches[-1].repository == "google/gemma-4-31B-it-assistant"
    plan = RemovalPlan(repository=BIG.name, freed_bytes=18 * GB)
    for agreed in (False, True):
        answers.append(agreed)
        entry(big.more, strings.MODEL_REMOVE).trigger()
        ready.tool.answer("remove", plan)
        assert any("--yes" in one.arguments for one in ready.tool.open) is agreed
    ready.tool.answer("remove", plan)
    assert page.note.isVisible()
    assert "18.0 GB are free again" in page.note.text()
    page.dismiss.click()
    assert not page.note.isVisible()


def test_how_a_model_is_loaded_is_chosen_in_its_menu(ready: Rig, page: ModelsPage) -> None:
    small, big = page.local.views[E4B.path], page.local.views[BIG.path]
    assert strings.MODEL_CONTEXT not in [one.text() for one in small.more.menu().actions()]
    assert strings.MODEL_HEAD not in [one.text() for one in big.more.menu().actions()]
    fit = msgspec.structs.replace(fit_of(E4B.path, 6 * GB), longest_context=32_768)

    def choices(title: str) -> dict[str, QAction]:
        menu = entry(small.more, title).menu()
        assert isinstance(menu, QMenu)
        return {action.text(): action for action in menu.actions()}

    choices(strings.MODEL_HEAD)["4 bits"].trigger()
    assert "--drafter-bits" in ready.tool.answer("fit", fit)
    ticked = [text for text, action in choices(strings.MODEL_HEAD).items() if action.isChecked()]
    assert ticked == ["4 bits"]
    assert "its head in 4 bits" in small.detail.text()
    contexts = choices(strings.MODEL_CONTEXT)
    assert [*contexts] == [
        strings.MODEL_CONTEXT_ALL.format(tokens="32\u2009768"),
        *(f"{tokens}\u2009{rest} tokens" for tokens, rest in ((4, "096"), (8, 192), (16, 384))),
    ]
    contexts["16\u2009384 tokens"].trigger()
    assert "16384" in ready.tool.answer("fit", fit)
    assert "context: 16\u2009384 tokens" in small.detail.text()
    small.button.click()
    load = ready.engine.sent[-1]
    assert isinstance(load, Load)
    assert (load.context, load.drafter_bits) == (16_384, 4)


def test_folders(ready: Rig, page: ModelsPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/my/models")
    page.add.click()
    assert ready.tool.answer("add", "") == ("add", "/my/models")
    ready.tool.answer("list", FULL_DISK)
    page.places_toggle.click()
    assert page.places_toggle.text().endswith("(Models: not connected)")
    lines = [label.text() for label in page.places.findChildren(QLabel)]
    assert f"Models · not connected · {DRIVE.path}" in lines
    (forget,) = page.places.findChildren(QAbstractButton)
    assert forget.accessibleName() == "Forget the folder Models"
    forget.click()
    assert ready.tool.answer("forget", "") == ("forget", DRIVE.path)


def test_what_cannot_be_loaded_is_folded_and_says_why(page: ModelsPage) -> None:
    assert page.unusable_toggle.text() == f"▸ {strings.MODELS_UNUSABLE_ONE}"
    assert not page.unusable.isVisible()
    page.unusable_toggle.click()
    assert page.unusable.isVisible()
    (view,) = page.unusable.views.values()
    assert "GGUF" in view.note.text()
    assert not view.button.isVisible()


def test_words_of_strangers_are_inert(ready: Rig) -> None:
    model = msgspec.structs.replace(E4B, title=HOSTILE, name=HOSTILE, path=f"/{HOSTILE}")
    disk = Inventory(places=(placed(STUDIO, model),), pairings=(Pairing(target=model),))
    page = show(ready, disk)
    (view,) = page.local.views.values()
    assert HOSTILE in view.title.text()
    labels = page.findChildren(QLabel)
    assert all(
        label.textFormat() == Qt.TextFormat.PlainText for label in labels if "<" in label.text()
    )
    for widget in page.findChildren(QWidget):
        assert "<b>" not in widget.toolTip()


def test_a_failure_elsewhere_is_told_above_the_conversation(ready: Rig) -> None:
    ready.program.models.models.add_folder(Path("/gone"))
    ready.tool.refuse("add", "There is no folder '/gone' here.")
    banner = ready.program.models.engine.banner
    assert banner is not None
    assert banner.message == "There is no folder '/gone' here."


def test_the_keyboard_reaches_every_control_and_each_has_a_name(
    ready: Rig, page: ModelsPage
) -> None:
    page.cards.views["Gemma 4 E4B"].button.click()
    page.unusable_toggle.click()
    page.places_toggle.click()
    QApplication.processEvents()
    buttons = {
        button
        for button in page.findChildren(QAbstractButton)
        if button.isVisible() and button.isEnabled()
    }
    assert len(buttons) > 25
    assert all(button.accessibleName() or button.text() for button in buttons)
    page.leave.setFocus()
    reached: set[QWidget] = set()
    for _ in range(200):
        focus = ready.program.window.focusWidget()
        assert focus is not None
        if focus in reached and focus is page.leave:
            break
        reached.add(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    assert buttons <= reached


def test_a_row_keeps_its_focus_while_others_come_and_go(ready: Rig, page: ModelsPage) -> None:
    button = page.local.views[BIG.path].button
    button.setFocus()
    page.cards.views["Gemma 4 E2B"].button.click()
    ready.tool.fetches[0].say("fetching", done=1, total=2)
    ready.program.models.models.refresh()
    less = msgspec.structs.replace(FULL_DISK, places=FULL_DISK.places[:1])
    ready.tool.answer("list", less)
    assert list(page.local.views) != []
    assert E4B.path not in page.local.views
    assert ready.program.window.focusWidget() is button


@pytest.mark.parametrize("width", [640, 900, 1280])
def test_nothing_is_cut_off_at_the_side(ready: Rig, page: ModelsPage, width: int) -> None:
    ready.program.window.resize(width, 700)
    page.local.views[BIG.path].verdict.click()
    QApplication.processEvents()
    for view in (*page.local.views.values(), *page.cards.views.values()):
        for child in view.findChildren(QWidget):
            if child.isVisible():
                right = child.mapTo(page, child.rect().topRight()).x()
                assert right <= page.width()


def test_a_size_is_tried_from_its_card(ready: Rig, page: ModelsPage, answers: list[bool]) -> None:
    card = page.cards.views["Gemma 4 12B"]
    assert card.trial.text() == strings.TRY
    card.trial.click()
    (job,) = page.jobs.views.values()
    assert job.detail.text() == strings.TRY_PHASES["estimating"]
    assert job.button.isHidden()
    asked = ready.tool.answer("bench", ESTIMATE)
    assert asked[1:5] == ("--shape", "12B", "--bits", "8")
    assert ready.tool.trials == []  # the user said no
    assert page.jobs.isHidden()
    entry(card.more, strings.TRY_OTHER.format(name="Gemma 4 12B 4-bit")).trigger()
    answers.append(True)
    assert ready.tool.answer("bench", ESTIMATE)[3:5] == ("--bits", "4")
    ready.settle()
    (job,) = page.jobs.views.values()
    assert job.title.text().startswith("Trying the size of Gemma 4 12B 4-bit")
    job.cancel.click()
    assert ready.tool.trials[0].killed
    assert page.jobs.isHidden()
    ready.program.models.models.work.trying.ask(Size(pair="12B", bits=8, title="Gemma 4 12B 8-bit"))
    answers.append(True)
    ready.tool.answer("bench", ESTIMATE)
    ready.settle()
    speeds = (TrialSpeed(mode="off", decode_tps=9.0), TrialSpeed(mode="auto", decode_tps=12.0))
    ready.tool.trials[1].say("done", summary=speeds)
    assert card.trial.text() == strings.TRY_ONCE_MORE
    assert "9.0 tokens/s plain, 12.0 with drafts" in card.result.text()


def test_a_copy_is_made_from_a_row_and_discarded(
    ready: Rig, page: ModelsPage, answers: list[bool]
) -> None:
    big = msgspec.structs.replace(E4B, precision="bf16")
    disk = Inventory(places=(placed(STUDIO, big),), pairings=(Pairing(target=big),))
    ready.program.models.models.refresh()
    ready.tool.answer("list", disk)
    row = page.local.views[big.path]
    offered = [action.text() for action in row.more.menu().actions()]
    assert set(strings.COPY_ACTS.values()) <= set(offered)
    plan = ConversionPlan(
        name="small", folder="/models", size_bytes=GB, free_bytes=9 * GB, is_enough=True
    )
    entry(row.more, "Make an 8-bit copy…").trigger()
    assert ready.tool.answer("convert", plan)[2:4] == ("--bits", "8")
    assert ready.tool.conversions == []  # the user said no
    answers += [True, False, True]
    entry(row.more, "Make a 4-bit copy…").trigger()
    ready.tool.answer("convert", plan)
    (job,) = page.jobs.views.values()
    assert job.title.text() == "Making small"
    assert job.button.text() == strings.FETCH_PAUSE
    job.button.click()
    assert ready.tool.conversions[0].killed
    assert job.button.text() == strings.FETCH_RESUME
    for _ in range(2):  # no, then yes
        job.cancel.click()
    ready.tool.answer("remove", RemovalPlan(repository="small"))
    assert page.jobs.isHidden()


def look(rig: Rig, disk: Inventory) -> None:
    rig.program.models.models.refresh()
    rig.tool.answer("list", disk)
    rig.tool.answer("fit", fits_of())
    QApplication.processEvents()


def test_a_folder_is_offered_once_where_nothing_was_found(
    ready: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = show(ready)
    assert not page.folder_offer.isVisible()
    look(ready, EMPTY_DISK)
    assert page.folder_offer.isVisible()
    assert "HF_HOME" in page.folder_offer.accessibleName()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    page.folder_offer.load.click()
    assert ready.tool.asked[-1] == ("add", str(tmp_path))
    assert not page.folder_offer.isVisible()


def test_a_folder_that_is_declined_is_offered_no_more(ready: Rig) -> None:
    page = show(ready, EMPTY_DISK)
    page.folder_offer.keep.click()
    look(ready, EMPTY_DISK)
    assert not page.folder_offer.isVisible()
    assert ready.program.settings.current.folder_offered


def test_no_folder_is_offered_beside_one_of_the_users(ready: Rig) -> None:
    page = show(ready, msgspec.structs.replace(EMPTY_DISK, places=(HUB, DRIVE)))
    assert not page.folder_offer.isVisible()
