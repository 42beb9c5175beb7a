"""Keyboard first: Enter sends, Shift+Enter does not, Esc stops."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from mtp_mlx.wire import Cancel
from tests.app.conftest import Rig
from tests.app.helpers import finished


def test_enter_sends_and_empties(qtbot: QtBot, ready: Rig) -> None:
    composer = ready.program.window.composer
    QTest.keyClicks(composer.text, "Hello")
    QTest.keyClick(composer.text, Qt.Key.Key_Return)
    messages = ready.request().messages
    assert messages is not None
    assert messages[0].content == "Hello"
    assert composer.text.toPlainText() == ""


def test_shift_enter_begins_a_line(qtbot: QtBot, ready: Rig) -> None:
    composer = ready.program.window.composer
    height = composer.text.height()
    QTest.keyClicks(composer.text, "one")
    QTest.keyClick(composer.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(composer.text, "two")
    assert composer.text.toPlainText() == "one\ntwo"
    assert composer.text.height() > height
    assert not [c for c in ready.engine.sent if c.__class__.__name__ == "Generate"]


def test_it_grows_only_so_far(ready: Rig) -> None:
    text = ready.program.window.composer.text
    text.setPlainText("line\n" * 9)
    tall = text.height()
    text.setPlainText("line\n" * 100)
    assert text.height() <= tall


def test_enter_sends_nothing_while_the_engine_starts(qtbot: QtBot, rig: Rig) -> None:
    composer = rig.program.window.composer
    QTest.keyClicks(composer.text, "Hello")
    assert not composer.send.isEnabled()
    assert composer.note.text() == "The engine is starting…"
    QTest.keyClick(composer.text, Qt.Key.Key_Return)
    assert composer.text.toPlainText() == "Hello"
    rig.ready()
    assert composer.send.isEnabled()
    assert composer.note.text() == ""


def test_escape_stops_and_send_comes_back(qtbot: QtBot, ready: Rig) -> None:
    window, composer = ready.program.window, ready.program.window.composer
    QTest.keyClicks(composer.text, "Hello")
    QTest.mouseClick(composer.send, Qt.MouseButton.LeftButton)
    assert composer.stop.isVisible()
    assert not composer.send.isVisible()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(composer.text, Qt.Key.Key_Escape)
    reply = ready.request().id
    assert ready.engine.sent[-1] == Cancel(id=reply)
    ready.say(finished(reply, "cancelled"))
    assert composer.send.isVisible()
    assert not composer.stop.isVisible()


def test_suggestions_are_really_asked(qtbot: QtBot, ready: Rig) -> None:
    window = ready.program.window
    suggestion = window.welcome.suggestions[1]
    QTest.mouseClick(suggestion, Qt.MouseButton.LeftButton)
    messages = ready.request().messages
    assert messages is not None
    assert messages[0].content == "Tell me a story about a fox."
    assert window.transcript.isVisibleTo(window.page)


def test_what_was_not_sent_stays_with_its_chat(qtbot: QtBot, ready: Rig) -> None:
    composer, chat = ready.program.window.composer, ready.program.models.chat
    QTest.keyClicks(composer.text, "Half a thought")
    left = chat.chat.id
    chat.new_chat()
    assert composer.text.toPlainText() == ""
    ready.program.models.chats.open(left)
    ready.settle()
    assert composer.text.toPlainText() == "Half a thought"
    QTest.keyClicks(composer.text, " more")
    assert composer.text.toPlainText() == "Half a thought more"
