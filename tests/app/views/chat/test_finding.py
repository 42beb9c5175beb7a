"""Words are found in a chat of any length, marked, and brought to where one sees them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.domain.conversation import Chat, ChatMessage
from app.services.data_folder import DataFolder
from app.views.chat.text_block import TextBlock
from app.views.chat.transcript import Transcript
from tests.app.conftest import Rig
from tests.app.helpers import round_of
from tests.app.viewmodels.sidebar.test_chat_list import talk
from tests.app.views.chat.test_transcript import long_chat
from tests.app.views.test_window import actions

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def texts(transcript: Transcript) -> list[TextBlock]:
    return [text for view in transcript.views for text in view.texts()]


def marked(transcript: Transcript) -> list[str]:
    """The marked words, from the top."""
    return [
        mark.cursor.selectedText() for text in texts(transcript) for mark in text.extraSelections()
    ]


def current(rig: Rig) -> str:
    """The text of the block in which the current hit is marked and in sight."""
    window = rig.program.window
    accent = window.theme.current.color("accent")
    for text in texts(window.transcript):
        for mark in text.extraSelections():
            if mark.format.background().color() == accent:
                spot = text.viewport().mapTo(
                    window.transcript.viewport(), text.cursorRect(mark.cursor).center()
                )
                return (
                    text.toPlainText() if window.transcript.viewport().rect().contains(spot) else ""
                )
    return ""


def find(rig: Rig, words: str) -> None:
    window = rig.program.window
    QTest.keyClick(window.composer.text, Qt.Key.Key_F, CTRL)
    window.find_bar.words.setText(words)
    window.find_bar.search_now()


def test_find_steps_through_two_thousand_messages(qtbot: QtBot, ready: Rig) -> None:
    window = ready.program.window
    ready.program.models.chat.open(long_chat(2000))
    qtbot.waitUntil(lambda: not window.transcript.filling)
    with qtbot.waitActive(window):
        window.activateWindow()
    find(ready, "message 7.")
    assert window.find_bar.isVisible()
    qtbot.waitUntil(lambda: "Message 7." in current(ready))
    assert window.find_bar.place.text() == "1 of 1"
    assert len(texts(window.transcript)) < 400  # no more than around the place
    window.find_bar.words.setText("message 199")
    window.find_bar.search_now()
    qtbot.waitUntil(lambda: "Message 199." in current(ready))
    qtbot.waitUntil(lambda: window.find_bar.place.text() == "1 of 11")
    QTest.keyClick(window.find_bar.words, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Message 1990." in current(ready))
    QTest.keyClick(window.find_bar.words, Qt.Key.Key_Return, SHIFT)
    QTest.keyClick(window.find_bar.words, Qt.Key.Key_G, CTRL | SHIFT)
    qtbot.waitUntil(lambda: "Message 1999." in current(ready))
    assert window.find_bar.place.text() == "11 of 11"
    QTest.keyClick(window.find_bar.words, Qt.Key.Key_Escape)
    assert not window.find_bar.isVisible()
    assert window.composer.text.hasFocus()
    qtbot.waitUntil(lambda: marked(window.transcript) == [])


def test_words_are_found_as_they_are_read_and_not_as_they_are_written(
    qtbot: QtBot, ready: Rig
) -> None:
    chat, window = ready.program.models.chat, ready.program.window
    chat.send("Which **fast fox** is it?")
    ready.write("A *fast fox*, and `fast fox`.\n\n```\nfast fox\n```\n\nNo fox.")
    ready.finish()
    chat.streaming.flush()
    find(ready, "Fast  FOX")
    qtbot.waitUntil(lambda: window.find_bar.place.text() == "1 of 4")
    qtbot.waitUntil(lambda: marked(window.transcript) == ["fast fox"] * 4)
    find(ready, "**")
    qtbot.waitUntil(lambda: window.find_bar.place.text() == "Not found")


def test_a_reply_goes_on_while_one_reads_what_was_found(qtbot: QtBot, ready: Rig) -> None:
    chat, window = ready.program.models.chat, ready.program.window
    chat.open(long_chat(400))
    chat.send("Go")
    ready.say(round_of(ready.request().id, 0, ["Begun. "]))
    find(ready, "message 3.")
    qtbot.waitUntil(lambda: "Message 3." in current(ready))
    ready.say(round_of(ready.request().id, 1, ["And ended."]))
    ready.finish()
    chat.streaming.flush()
    assert "Message 3." in current(ready)
    window.transcript.scroll_to_end()
    qtbot.waitUntil(lambda: "Begun. And ended." in texts(window.transcript)[-1].toPlainText())


def test_a_jump_builds_what_is_around_it_later(qtbot: QtBot, ready: Rig) -> None:
    """Each message costs milliseconds: the window answers between two of them."""
    transcript = ready.program.window.transcript
    ready.program.models.chat.open(long_chat(400))
    qtbot.waitUntil(lambda: not transcript.filling)
    for row in (100, 80):
        view = transcript.bring(row, str(row))
        assert transcript.views == [view]
        qtbot.waitUntil(lambda: len(transcript.views) > 4)
        assert view in transcript.views
        qtbot.waitUntil(lambda: not transcript.filling)


def test_what_changes_is_searched_again_in_slices(
    qtbot: QtBot, ready: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search of all chats has opened this one at its hit; then its messages change."""
    read, turns, now = [], [0], [0.0]

    def slow(text: str) -> str:
        read.append(turns[-1])
        now[0] += 0.003
        return text

    monkeypatch.setattr("app.viewmodels.chat.finding.plain_text", slow)
    monkeypatch.setattr("app.viewmodels.chat.finding.time.perf_counter", lambda: now[0])
    finding, chat = ready.program.models.finding, ready.program.models.chat
    chat.open(long_chat(100))
    finding.show("7", ("message",))
    turn = QTimer(finding, interval=0)
    turn.timeout.connect(lambda: turns.append(len(turns)))
    turn.start()
    chat.branches.delete("99")
    assert len(finding.hits) == 1
    qtbot.waitUntil(lambda: len(finding.hits) > 1)
    turn.stop()
    assert len(read) >= 99
    assert max(read.count(one) for one in turns) <= 4
    assert finding.current is not None
    assert finding.current.message == "7"
    finding.search("message 9")
    qtbot.waitUntil(lambda: not finding.searching)
    finding.step(-1)
    assert [hit.message for hit in finding.hits] == ["9", *map(str, range(90, 99))]
    chat.branches.delete("95")  # with what follows it, where the current hit is
    qtbot.waitUntil(lambda: len(finding.hits) == 6)
    assert finding.current == finding.hits[-1]


def test_a_long_text_is_rendered_beside_the_window(
    qtbot: QtBot, ready: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[int, str] = {}

    def rendered(text: str) -> str:
        threads[len(text)] = threading.current_thread().name
        return text

    monkeypatch.setattr("app.viewmodels.chat.finding.plain_text", rendered)
    texts = ("a fox", "fox " * 5000, "no", "one fox")
    messages = tuple(
        ChatMessage(id=str(n), role="user", text=text, parent=str(n - 1) if n else None)
        for n, text in enumerate(texts)
    )
    finding = ready.program.models.finding
    ready.program.models.chat.open(Chat(id="c", title="", created=0, messages=messages, tip="3"))
    finding.search("fox")
    qtbot.waitUntil(lambda: not finding.searching)
    assert len(finding.hits) == 5002
    assert threads == {5: "MainThread", 20_000: "files", 7: "MainThread"}
    finding.search("fo")  # what was rendered is kept
    qtbot.waitUntil(lambda: not finding.searching)
    assert len(finding.hits) == 5002
    finding.clear()
    finding.search("ox")
    finding.search("no")  # while a text is rendered for the words before
    qtbot.waitUntil(lambda: not finding.searching)
    assert [hit.message for hit in finding.hits] == ["2"]


def save(message: ChatMessage, folder: DataFolder) -> None:
    folder.chats.save_message("far", message)


def two_chats(rig: Rig) -> str:
    """Open one of two chats; the other has its words far above, on a branch that is not read."""
    chat = rig.program.models.chat
    first = long_chat(80)
    kept = rig.program.models.chats
    asked = ChatMessage(id="q", role="user", text="Where is the heron?", parent="2")
    answered = ChatMessage(id="a", role="assistant", text="The **heron** is here.", parent="q")
    messages = (*first.messages, asked, answered)
    rig.ask(
        lambda folder: folder.chats.save_chat(Chat(id="far", title="Birds", created=1.0, tip="79"))
    )
    for message in messages:
        rig.ask(partial(save, message))
    talk(rig, "Something else")
    kept.refresh()
    rig.settle()
    return chat.chat.id


def test_opening_a_hit_shows_it_with_its_words(qtbot: QtBot, ready: Rig) -> None:
    window, chats = ready.program.window, ready.program.models.chats
    two_chats(ready)
    QTest.keyClick(window.composer.text, Qt.Key.Key_F, CTRL | SHIFT)
    assert window.sidebar.search.hasFocus()
    window.sidebar.search.setText("heron here")
    QTest.keyClick(window.sidebar.search, Qt.Key.Key_Return)
    ready.settle()
    assert ready.program.models.chat.chat.id == "far"
    assert chats.words == ("heron", "here")
    qtbot.waitUntil(lambda: "The heron is here." in current(ready))
    assert set(marked(window.transcript)) >= {"heron", "here"}
    QTest.keyClick(window.composer.text, Qt.Key.Key_Escape)
    assert window.sidebar.search.text() == ""
    qtbot.waitUntil(lambda: marked(window.transcript) == [])


def test_rows_show_what_the_search_found(ready: Rig) -> None:
    from app.views.sidebar.chat_row import places

    assert places("Haïku über 🦊 Fuchs", ("fuchs", "HAÏKU")) == [(14, 19), (0, 5)]
    assert places("a.b", (".",)) == [(1, 2)]
    talk(ready, "A question of herons")
    window = ready.program.window
    before = drawn(window.sidebar.list.grab)
    window.sidebar.search.setText("heron")
    ready.program.models.chats.search_now()
    ready.settle()
    assert drawn(window.sidebar.list.grab) != before
    found = window.theme.current.color("selection").name()
    image = window.sidebar.list.grab().toImage()
    colours = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(0, 90, 2)}
    assert found in colours


def drawn(grab: Callable[[], object]) -> bytes:
    QApplication.processEvents()
    return bytes(grab().toImage().constBits())  # type: ignore[attr-defined]


def test_esc_in_the_list_of_what_was_found_clears_the_search(ready: Rig) -> None:
    window = ready.program.window
    talk(ready, "A question of herons")
    window.sidebar.search.setText("heron")
    ready.program.models.chats.search_now()
    ready.settle()
    window.sidebar.list.setFocus()
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Escape)
    assert window.sidebar.search.text() == ""
    assert window.sidebar.search.hasFocus()


def test_the_text_is_made_larger_and_stays_so(qtbot: QtBot, ready: Rig) -> None:
    window = ready.program.window
    ready.program.models.chat.open(long_chat(2000))
    qtbot.waitUntil(lambda: not window.transcript.filling)
    size, usual = texts(window.transcript)[-1].font().pointSizeF(), window.composer.text.font()
    QTest.keyClick(window.composer.text, Qt.Key.Key_Plus, CTRL)
    QTest.keyClick(window.composer.text, Qt.Key.Key_Equal, CTRL)
    assert texts(window.transcript)[-1].font().pointSizeF() > 1.2 * size
    assert window.composer.text.font().pointSizeF() > 1.2 * usual.pointSizeF()
    assert len(texts(window.transcript)) < 400
    ready.settle()
    assert ready.ask(lambda folder: folder.settings.read().value).text_size == 1.25
    ready.program.models.chat.send("Hello")
    assert window.transcript.views[-2].texts()[0].font() == window.composer.text.font()
    QTest.keyClick(window.composer.text, Qt.Key.Key_Minus, CTRL)
    assert 1.05 * size < texts(window.transcript)[-2].font().pointSizeF() < 1.15 * size
    actions(ready)["Actual size"].trigger()
    assert abs(texts(window.transcript)[0].font().pointSizeF() - size) < 0.01
