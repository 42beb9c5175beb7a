"""The window as a whole: commands, overlay, dialogs, what is kept."""

from __future__ import annotations

import base64
import json
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.domain.settings import MtpChoice, OverlaySettings, PageName, ReplySettings
from app.engine.scripted import ScriptedWorker
from app.program import Program
from app.services.data_folder import lock_folder
from app.views.settings.reply_settings import ReplySettingsDialog
from app.views.tokens.details import Details
from mtp_mlx.api import Sampling
from mtp_mlx.wire import PromptProgress, SetMtp
from tests.app.conftest import Rig, settle
from tests.app.helpers import HELLO, LOADED, round_of


def actions(rig: Rig) -> dict[str, QAction]:
    return {action.text(): action for action in rig.program.window.findChildren(QAction)}


def answer(rig: Rig) -> str:
    rig.program.models.chat.send("Hello")
    rig.write("An answer.")
    rig.finish()
    return rig.program.models.chat.chat.tip or ""


def test_no_command_is_empty_and_shortcuts_are_unique(ready: Rig) -> None:
    shortcuts = [
        action.shortcut().toString()
        for action in ready.program.window.findChildren(QAction)
        if not action.shortcut().isEmpty()
    ]
    assert len(shortcuts) == len(set(shortcuts)) >= 9
    for menu in ready.program.window.menuBar().actions():
        assert menu.menu() is not None


def test_commands_follow_what_is_possible(ready: Rig) -> None:
    known = actions(ready)
    assert not known["Stop the reply"].isEnabled()
    assert not known["Save speed report…"].isEnabled()
    assert not known["Regenerate"].isEnabled()
    ready.program.models.chat.send("Hello")
    assert known["Stop the reply"].isEnabled()
    ready.write("Hi.")
    ready.finish()
    assert not known["Stop the reply"].isEnabled()
    assert known["Save speed report…"].isEnabled()
    assert known["Regenerate"].isEnabled()


def test_the_switch_in_mid_reply(qtbot: QtBot, ready: Rig) -> None:
    window = ready.program.window
    ready.program.models.chat.send("Hello")
    ready.say(round_of(ready.request().id, 1, ["x"], depth=3, state="drafting"))
    assert window.toolbar.effect.text() == "drafting, K 3"
    assert window.toolbar.effect.accessibleName() == "What MTP does now: drafting, K 3"
    QTest.mouseClick(window.toolbar.switch, Qt.MouseButton.LeftButton)
    assert ready.engine.sent[-1] == SetMtp(mtp="off")
    assert window.toolbar.effect.text() == "drafting, K 3 (changes with the next round)"
    ready.say(round_of(ready.request().id, 2, ["x"]))
    qtbot.waitUntil(lambda: window.toolbar.effect.text() == "off")
    assert not actions(ready)["Multi-token prediction"].isChecked()


def test_k_is_chosen_in_the_menu(ready: Rig) -> None:
    known = actions(ready)
    known["K 5: draft 5 tokens a round"].trigger()
    assert ready.program.models.mtp.wish == MtpChoice(on=True, depth=5)
    assert ready.program.window.toolbar.depths.text() == "K 5 ▾"
    ready.program.models.chat.send("Hello")
    assert ready.request().mtp == 5


def test_the_overlay_is_closed_shown_dragged_and_pinned(qtbot: QtBot, ready: Rig) -> None:
    page, overlay = ready.program.window.page, ready.program.window.overlay
    assert overlay.isVisible()
    actions(ready)["Speed overlay"].trigger()
    assert not overlay.isVisible()
    actions(ready)["Speed overlay"].trigger()
    told: list[OverlaySettings] = []
    page.overlay_changed.connect(told.append)
    overlay.dragged.emit(QPoint(-200, 120))
    assert not told[-1].pinned
    assert overlay.pos() == QPoint(told[-1].x or 0, told[-1].y or 0)
    overlay.dragged.emit(QPoint(-9000, 9000))
    assert page.rect().contains(overlay.geometry())
    ready.program.window.resize(700, 500)
    QApplication.processEvents()
    assert page.rect().contains(overlay.geometry().topLeft())
    overlay.pin_asked.emit(True)
    QApplication.processEvents()
    assert overlay.x() < page.width() // 4  # a narrow page has it in a line above the conversation
    assert overlay.height() < 60
    ready.program.window.resize(1280, 800)
    QApplication.processEvents()
    assert overlay.x() > page.width() // 2


@pytest.mark.qt_log_ignore("This plugin does not support grabbing", extend=True)
def test_details_tell_the_numbers_and_lead_to_the_report(
    qtbot: QtBot, ready: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = answer(ready)
    target = tmp_path / "report.json"
    monkeypatch.setattr("app.exports.ask_report_path", lambda *_: target)
    window = ready.program.window
    window.show_details(reply)
    details = window.findChildren(Details)[0]
    details.save.click()
    ready.settle()
    report = json.loads(target.read_text())
    assert report["version"] == 1
    assert report["runs"][0]["decode_tps"] == 61.3


def test_a_report_in_markdown(ready: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(ready)
    target = tmp_path / "report.md"
    monkeypatch.setattr("app.exports.ask_report_path", lambda *_: target)
    actions(ready)["Save speed report…"].trigger()
    ready.settle()
    assert "61.3" in target.read_text()


def test_a_report_that_cannot_be_written_is_said(
    ready: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(ready)
    (tmp_path / "file").write_text("")
    said: list[str] = []
    monkeypatch.setattr("app.exports.say_not_saved", lambda _parent, reason: said.append(reason))
    monkeypatch.setattr("app.exports.ask_report_path", lambda *_: tmp_path / "file" / "r.json")
    actions(ready)["Save speed report…"].trigger()
    ready.settle()
    assert len(said) == 1
    assert "r.json" in said[0]


def test_copying_the_reply(ready: Rig) -> None:
    answer(ready)
    actions(ready)["Copy the last reply"].trigger()
    assert QGuiApplication.clipboard().text() == "An answer."


def test_reply_settings(qtbot: QtBot, ready: Rig) -> None:
    window = ready.program.window
    window.edit_settings()
    dialog = window.findChildren(ReplySettingsDialog)[0]
    assert not dialog.temperature.isEnabled()
    assert dialog.temperature.value() == 1.0
    dialog.recommended.click()
    dialog.temperature.setValue(0.3)
    dialog.top_k.setValue(20)
    dialog.fixed_seed.click()
    dialog.seed.setValue(99)
    dialog.system.setPlainText("Be kind.")
    dialog.max_tokens.setValue(100)
    dialog.accept()
    settings = ready.program.models.chat.chat.settings
    assert settings.sampling == Sampling(temperature=0.3, top_k=20, top_p=0.95)
    assert (settings.seed, settings.system, settings.max_tokens) == (99, "Be kind.", 100)


def test_settings_without_a_field_are_kept(ready: Rig) -> None:
    chat, window = ready.program.models.chat, ready.program.window
    law = Sampling(temperature=0.5, min_p=0.1, presence_penalty=1.0, logit_bias=((7, -3.0),))
    chat.set_settings(ReplySettings(sampling=law))
    window.edit_settings()
    dialog = window.findChildren(ReplySettingsDialog)[0]
    dialog.temperature.setValue(0.3)
    dialog.accept()
    assert chat.chat.settings.sampling == replace(law, temperature=0.3)


def test_settings_left_alone_stay_the_models_own(ready: Rig) -> None:
    window = ready.program.window
    window.edit_settings()
    dialog = window.findChildren(ReplySettingsDialog)[0]
    dialog.accept()
    assert ready.program.models.chat.chat.settings.sampling is None
    assert ready.program.models.chat.chat.settings.seed is None


def test_what_is_kept_between_two_starts(qtbot: QtBot, tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = Program(ScriptedWorker(), data)
    qtbot.addWidget(first.window)
    rig = Rig(first, ScriptedWorker())
    first.start()
    first.models.mtp.choose(3)
    first.models.mtp.turn(on=False)
    first.window.page.show_overlay(shown=False)
    actions(rig)["Dark"].trigger()
    first.window.resize(720, 500)
    first.window.close()

    second = Program(ScriptedWorker(), data)
    qtbot.addWidget(second.window)
    second.start()
    assert second.models.mtp.wish == MtpChoice(on=False, depth=3)
    assert not second.window.page.overlay_settings.shown
    assert second.theme.choice == "dark"
    assert second.window.width() == 720
    second.theme.choose("light")
    second.close()


def test_the_last_chat_is_reopened_with_its_numbers(qtbot: QtBot, tmp_path: Path) -> None:
    data = tmp_path / "data"
    engine = ScriptedWorker()
    first = Program(engine, data, "light")
    qtbot.addWidget(first.window)
    first.start()
    engine.say(HELLO)
    engine.say(LOADED)
    answer(Rig(first, engine))
    kept = first.models.chat.messages.messages
    first.window.close()

    second = Program(ScriptedWorker(), data, "light")
    qtbot.addWidget(second.window)
    second.start()
    settle(second)
    assert second.models.chat.messages.messages == kept
    footer = second.window.transcript.views[-1].footer  # type: ignore[union-attr]
    assert "61.3 tok/s" in footer.text
    second.close()


def test_a_new_chat_is_reopened_after_a_crash(qtbot: QtBot, ready: Rig, tmp_path: Path) -> None:
    answer(ready)
    ready.program.window.settings_changed.emit()
    ready.program.models.chat.new_chat()
    answer(ready)
    settle(ready.program)
    as_it_lies = shutil.copytree(tmp_path / "data", tmp_path / "crashed")
    (as_it_lies / "lock").unlink()  # this process holds it; a crashed one holds none
    again = Program(ScriptedWorker(), as_it_lies, "light")
    qtbot.addWidget(again.window)
    settle(again)
    assert again.models.chat.chat.id == ready.program.models.chat.chat.id
    again.close()


def test_a_second_window_shares_the_folder(qtbot: QtBot, ready: Rig, tmp_path: Path) -> None:
    answer(ready)
    ready.program.window.settings_changed.emit()
    engine = ScriptedWorker()
    second = Program(engine, tmp_path / "data", "light")
    qtbot.addWidget(second.window)
    second.start()
    rig = Rig(second, engine)
    rig.ready()
    rig.settle()
    assert second.models.chat.blank
    answer(rig)
    rig.settle()
    ready.program.models.chats.look()
    ready.settle()
    assert len(ready.ask(lambda folder: folder.chats.chats())) == 2
    assert len(rig.ask(lambda folder: folder.chats.chats())) == 2
    assert ready.program.models.chats.rows.rowCount() == 3
    second.close()
    assert ready.stored(second.models.chat.chat.id) is not None


def test_a_second_window_leaves_a_damaged_file_to_the_first(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "chats.sqlite3").write_bytes(b"no database" * 50)
    first = lock_folder(tmp_path)
    assert first is not None
    second = Program(ScriptedWorker(), tmp_path, "light")
    qtbot.addWidget(second.window)
    second.start()
    settle(second)
    assert "Nothing is kept in this session" in second.window.banner.text.text()
    assert (tmp_path / "chats.sqlite3").read_bytes().startswith(b"no database")
    second.close()
    first.unlock()


def test_broken_chats_are_set_aside_and_said(qtbot: QtBot, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "chats.sqlite3").write_bytes(b"no database" * 50)
    program = Program(ScriptedWorker(), data, "light")
    qtbot.addWidget(program.window)
    program.start()
    settle(program)
    assert program.window.banner.isVisible()
    assert "could not be opened" in program.window.banner.text.text()
    program.close()


def test_closing_in_mid_reply_keeps_it(qtbot: QtBot, ready: Rig, tmp_path: Path) -> None:
    ready.program.models.chat.send("Hello")
    ready.say(round_of(ready.request().id, 0, ["Half"]))
    chat_id = ready.program.models.chat.chat.id
    ready.program.window.close()
    assert ready.engine.closed
    again = Program(ScriptedWorker(), tmp_path / "data", "light")
    qtbot.addWidget(again.window)
    settle(again)
    assert again.models.chat.chat.id == chat_id
    half = again.models.chat.messages.at(1)
    assert half.text == "Half"
    assert half.reply is not None
    assert half.reply.finish == "interrupted"
    again.close()


@pytest.mark.parametrize("size", [(1280, 800), (900, 600), (640, 440)])
def test_nothing_is_cut_off(qtbot: QtBot, ready: Rig, size: tuple[int, int]) -> None:
    window = ready.program.window
    answer(ready)
    window.resize(*size)
    QApplication.processEvents()
    page = window.page
    composer = window.composer
    assert page.rect().contains(composer.geometry())
    assert not composer.geometry().intersects(window.overlay.geometry())
    assert composer.text.height() >= composer.text.fontMetrics().lineSpacing()
    assert window.toolbar.switch.visibleRegion().boundingRect() == window.toolbar.switch.rect()


def test_the_prompts_progress_is_shown_whole(ready: Rig) -> None:
    ready.program.models.chat.send("Hello")
    overlay = ready.program.window.overlay
    progress = PromptProgress(id=ready.request().id, done=123_456, total=131_072, reused=0)
    ready.say(progress)
    ready.program.models.overlay.publish()
    QApplication.processEvents()
    prompt = overlay.prompt
    assert prompt.isVisible()
    assert prompt.width() >= prompt.minimumSizeHint().width()
    assert prompt.height() >= prompt.heightForWidth(prompt.width())
    assert overlay.rect().contains(prompt.geometry())


def test_every_button_has_a_name(ready: Rig) -> None:
    from PySide6.QtWidgets import QAbstractButton

    answer(ready)
    for button in ready.program.window.findChildren(QAbstractButton):
        if button.isVisible():
            assert button.accessibleName() or button.text(), button


def test_a_replys_report_has_its_texts_only_where_they_are_ticked(
    ready: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.json"
    monkeypatch.setattr("app.exports.ask_report_path", lambda *_: target)
    window = ready.program.window
    window.show_details(answer(ready))
    details = window.findChildren(Details)[0]
    assert not details.texts.isChecked()
    details.save.click()
    ready.settle()
    assert "text" not in json.loads(target.read_text())["runs"][0]
    details.texts.setChecked(True)
    details.save.click()
    ready.settle()
    run = json.loads(target.read_text())["runs"][0]
    assert (run["prompt"], run["text"]) == ("Hello", "An answer.")
    actions(ready)["Save speed report…"].trigger()
    ready.settle()
    assert "text" not in json.loads(target.read_text())["runs"][0]
    details.close()


@pytest.mark.parametrize("page", ["models", "reports", "chat"])
def test_the_page_of_the_last_end_is_shown(qtbot: QtBot, tmp_path: Path, page: PageName) -> None:
    data = tmp_path / "data"
    first = Program(ScriptedWorker(), data, "light")
    qtbot.addWidget(first.window)
    first.start()
    first.window.places.show_page(page)
    first.window.close()
    settings = json.loads((data / "settings.json").read_text())
    assert settings["page"] == page
    second = Program(ScriptedWorker(), data, "light")
    qtbot.addWidget(second.window)
    second.start()
    settle(second)
    assert second.window.places.page == page
    second.close()


def geometry(place: QRect, screen_width: int) -> str:
    """A window's place and size as Qt keeps them, on a second screen of this width."""
    frame = (place.left(), place.top(), place.right(), place.bottom())
    kept = struct.pack(
        ">IHH4i4iiBBi4i", 0x1D9D0CB, 3, 0, *frame, *frame, 1, 0, 0, screen_width, *frame
    )
    return base64.b64encode(kept).decode()


@pytest.mark.parametrize("screen_width", [800, 2560])
@pytest.mark.parametrize(
    "place",
    [
        QRect(3000, 100, 700, 500),
        QRect(-2000, -900, 700, 500),
        QRect(100, 4000, 700, 500),
        QRect(2600, 0, 2560, 1440),
    ],
    ids=["right", "above", "below", "large"],
)
def test_a_window_on_a_screen_that_is_gone_comes_back(
    qtbot: QtBot, tmp_path: Path, place: QRect, screen_width: int
) -> None:
    kept = tmp_path / "data" / "settings.json"
    kept.parent.mkdir()
    kept.write_text(json.dumps({"geometry": geometry(place, screen_width)}))
    again = Program(ScriptedWorker(), tmp_path / "data", "light")
    qtbot.addWidget(again.window)
    again.start()
    QApplication.processEvents()
    room, window = again.window.screen().availableGeometry(), again.window.geometry()
    assert room.contains(window.topLeft())
    assert room.adjusted(0, 0, 4, 4).contains(window)  # the frame, of 2 pixels, may stand over
    again.close()
