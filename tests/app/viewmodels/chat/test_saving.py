"""An unsent text stays with its chat."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from app.domain.conversation import ChatMessage
from app.services import chat_store, database
from app.services.chat_store import open_store
from app.services.data_folder import DataFolder
from app.services.store_thread import StoreThread
from app.viewmodels.chat.saving import Saver
from tests.app.conftest import Rig
from tests.app.helpers import finished, round_of
from tests.app.services.test_chat_store import fill
from tests.app.viewmodels.sidebar.test_chat_list import banner, talk, titles


def intervals(owner: QObject) -> list[int]:
    """In milliseconds, of the timers that run."""
    return [timer.interval() for timer in owner.findChildren(QTimer) if timer.isActive()]


def noted(calls: list[str], text: str) -> Callable[[], None]:
    return lambda: calls.append(text)


def test_streaming_saves_rarely_and_the_end_at_once(
    qtbot: QtBot, store: StoreThread[DataFolder]
) -> None:
    saver = Saver(store, interval_ms=60)
    calls: list[str] = []
    for number in range(50):
        saver.request(noted(calls, f"part {number}"))
    assert calls == ["part 0"]
    qtbot.waitUntil(lambda: calls == ["part 0", "part 49"])
    saver.request(noted(calls, "part 50"))
    saver.finish(noted(calls, "end"))
    assert calls == ["part 0", "part 49", "end"]
    assert intervals(saver) == []  # and nothing is to come


def test_messages_are_deleted_and_restored(store: StoreThread[DataFolder]) -> None:
    saver, seen = Saver(store), list[list[str]]()

    def look() -> None:
        def ids(folder: DataFolder) -> list[str]:
            chat = folder.chats.load("c")
            return [] if chat is None else [message.id for message in chat.messages]

        store.run(ids, saver).then(seen.append)

    store.run(lambda folder: fill(folder.chats), saver)
    saver.delete_messages("c", ["a"])
    look()
    saver.restore_messages("c", ["a"])
    look()
    assert store.wait()
    assert seen == [["q"], ["q", "a"]]


class FullDisk:
    """Refuses every write to the chats until there is room."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
        self.has_room = False
        begin = database.transaction

        def transaction(connection: database.Connection) -> AbstractContextManager[None]:
            if not self.has_room:
                raise sqlite3.OperationalError(reason)
            return begin(connection)

        monkeypatch.setattr(chat_store, "transaction", transaction)


@pytest.mark.parametrize("reason", ["database or disk is full", "disk I/O error"])
def test_what_the_disk_refused_is_written_later_and_in_order(
    ready: Rig, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    """A whole conversation, with its settings, goes on in memory; the banner goes with the need."""
    chat = ready.program.models.chat
    disk = FullDisk(monkeypatch, reason)
    chat.send("Hello")
    ready.settle()
    assert reason in banner(ready)
    ready.write("Hi there.")
    ready.finish()
    chat.send("And now?")
    ready.write("Nothing new.")
    ready.finish()
    chat.branches.delete(chat.messages.at(3).id)
    assert ready.stored() is None
    assert ready.program.store.unwritten > 0
    disk.has_room = True
    kept = ready.stored()
    assert kept is not None
    assert kept.title == "Hello"
    assert kept.messages == chat.chat.messages
    assert [m.text for m in kept.messages] == ["Hello", "Hi there.", "And now?"]
    assert banner(ready) == ""
    assert ready.program.store.unwritten == 0


def test_it_is_tried_again_by_itself(
    qtbot: QtBot, ready: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch, "database or disk is full")
    ready.program.models.chat.send("Hello")
    qtbot.waitUntil(lambda: ready.program.models.engine.banner is not None)
    disk.has_room = True
    qtbot.waitUntil(lambda: ready.program.models.engine.banner is None)
    assert ready.stored() is not None


def test_a_chat_that_could_not_be_saved_is_opened_from_memory(
    ready: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, chats = ready.program.models.chat, ready.program.models.chats
    chat.send("Hello")
    ready.write("Hi there.")
    ready.finish()
    ready.settle()
    disk = FullDisk(monkeypatch, "database or disk is full")
    chat.send("And now?")
    ready.write("Nothing new.")
    ready.finish()
    before = chat.chat
    chats.new()
    ready.settle()
    chats.open(before.id)
    ready.settle()
    assert chat.chat.messages == before.messages
    disk.has_room = True
    assert ready.stored() == chat.chat


def test_closing_writes_what_waited(
    ready: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    disk = FullDisk(monkeypatch, "database or disk is full")
    chat = ready.program.models.chat
    chat.send("Hello")
    ready.settle()
    disk.has_room = True
    ready.program.close()
    store = open_store(tmp_path / "data" / "chats.sqlite3")
    kept = store.load(chat.chat.id)
    store.close()
    assert kept is not None
    assert [m.text for m in kept.messages] == ["Hello", ""]


def test_a_reply_is_stored_before_its_first_word(ready: Rig) -> None:
    chat = ready.program.models.chat
    chat.send("Hello")
    kept = ready.stored(chat.chat.id)
    assert kept is not None
    assert kept.messages[1].reply is not None
    assert kept.messages[1].reply.finish == "interrupted"


def test_what_streams_is_in_the_store_within_the_second(
    qtbot: QtBot, ready: Rig, tmp_path: Path
) -> None:
    chat, saver = ready.program.models.chat, ready.program.findChild(Saver)
    chat.send("Hello")
    reply = ready.request().id
    ready.say(
        round_of(reply, 0, ["Hm"], thought=True),
        round_of(reply, 1, ["m\n"], thought=True),
        round_of(reply, 2, ["\n\nOne"]),
        round_of(reply, 3, [" two"]),
    )
    assert isinstance(saver, Saver)
    assert 0 < max(intervals(saver)) <= 1000

    def stored() -> ChatMessage:
        kept = ready.stored(chat.chat.id)
        assert kept is not None
        return kept.messages[1]

    qtbot.waitUntil(lambda: stored().text == "One two", timeout=2000)
    kept = stored()
    assert kept == chat.streaming.part()
    assert (kept.thought, kept.reply is not None and kept.reply.finish) == ("Hmm", "interrupted")
    assert pieces(tmp_path) == [(0, 1), (1, 3)]
    ready.program.models.mtp.turn(on=False)
    ready.say(round_of(reply, 4, [" three"]))
    qtbot.waitUntil(lambda: stored().text == "One two three", timeout=2000)
    assert stored() == chat.streaming.part()
    ready.finish()
    assert stored() == chat.messages.at(1)
    assert pieces(tmp_path) == [(0, 1), (1, 3), (4, 1)]


def test_a_continued_reply_is_stored_as_it_streams(
    qtbot: QtBot, ready: Rig, tmp_path: Path
) -> None:
    chat = ready.program.models.chat
    chat.send("Hello")
    ready.say(round_of(ready.request().id, 0, ["One", "\ufffd"]))
    chat.stop()
    ready.say(finished(ready.request().id, "cancelled"))
    assert chat.continue_reply()
    again = ready.request().id
    ready.say(round_of(again, 0, [" two"]), round_of(again, 1, [" three"]))

    def stored() -> ChatMessage:
        kept = ready.stored(chat.chat.id)
        assert kept is not None
        return kept.messages[1]

    qtbot.waitUntil(lambda: stored().text == "One two three", timeout=2000)
    part = chat.streaming.part()
    assert part is not None
    assert part.reply is not None
    kept = stored().reply
    assert kept is not None
    assert (kept.rounds, kept.stats) == (part.reply.rounds, part.reply.stats)
    assert pieces(tmp_path) == [(0, 1), (1, 1), (2, 1)]


def pieces(folder: Path) -> list[tuple[int, int]]:
    """The first round and the number of rounds of each piece that is stored."""
    with closing(sqlite3.connect(folder / "data" / "chats.sqlite3")) as connection:
        return connection.execute("SELECT first, count FROM pieces ORDER BY first").fetchall()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("Some notes.\n")
    return path


def stored_draft(rig: Rig, chat_id: str) -> str | None:
    chat = rig.stored(chat_id)
    return None if chat is None else chat.draft


def stored_files(rig: Rig, chat_id: str) -> list[str]:
    chat = rig.stored(chat_id)
    return [] if chat is None else [file.name for file in chat.draft_files]


def test_a_draft_is_stored_within_a_second(qtbot: QtBot, ready: Rig) -> None:
    chat_id = talk(ready, "Hello")
    chat = ready.program.models.chat
    chat.drafts.write("Half")
    chat.drafts.write("Half a thought")
    assert 0 < max(intervals(chat.drafts)) <= 1000
    qtbot.waitUntil(lambda: stored_draft(ready, chat_id) == "Half a thought", timeout=2000)


def test_each_chat_has_its_own(ready: Rig) -> None:
    first, second = talk(ready, "First"), talk(ready, "Second")
    chat, chats = ready.program.models.chat, ready.program.models.chats
    chat.drafts.write("To")
    chat.drafts.write("To the second")
    chats.open(first)
    ready.settle()
    assert chat.chat.draft == ""
    chat.drafts.write("To the first")
    chats.open(second)
    ready.settle()
    assert chat.chat.draft == "To the second"
    chats.open(first)
    ready.settle()
    assert chat.chat.draft == "To the first"


def test_a_draft_alone_is_a_chat_worth_keeping(qtbot: QtBot, ready: Rig) -> None:
    chat = ready.program.models.chat
    with qtbot.waitSignal(chat.changed):
        chat.drafts.write("Half a thought")
    chat_id = chat.chat.id
    chat.new_chat()
    assert titles(ready) == ["Today", "New chat"]
    ready.program.models.chats.open(chat_id)
    ready.settle()
    assert chat.chat.draft == "Half a thought"
    chat.send("Half a thought and its end")
    chat.drafts.write("")
    chat.new_chat()
    assert titles(ready) == ["Today", "Half a thought and its end"]
    assert stored_draft(ready, chat_id) == ""


def test_closing_keeps_the_last_letter(ready: Rig) -> None:
    chat_id = talk(ready, "Hello")
    chat = ready.program.models.chat
    chat.drafts.write("Half")
    chat.drafts.write("Half a thought")
    chat.leave()
    assert stored_draft(ready, chat_id) == "Half a thought"


def test_files_that_wait_are_stored_within_a_second(qtbot: QtBot, ready: Rig, notes: Path) -> None:
    chat_id = talk(ready, "Hello")
    composing = ready.program.models.composing
    composing.attach([notes])
    ready.settle()
    composing.attach([notes])
    ready.settle()
    two = ["notes.txt", "notes.txt"]
    qtbot.waitUntil(lambda: stored_files(ready, chat_id) == two, timeout=2000)
    composing.remove(next(iter(composing.attachments)))
    qtbot.waitUntil(lambda: stored_files(ready, chat_id) == ["notes.txt"], timeout=2000)
    assert composing.send()
    qtbot.waitUntil(lambda: stored_files(ready, chat_id) == [], timeout=2000)


def test_leaving_a_chat_keeps_the_last_file(ready: Rig, notes: Path) -> None:
    chat_id = talk(ready, "Hello")
    chat = ready.program.models.chat
    chat.drafts.write("Half")
    ready.program.models.composing.attach([notes])
    ready.settle()
    assert stored_files(ready, chat_id) == []
    chat.new_chat()
    assert stored_files(ready, chat_id) == ["notes.txt"]


def test_a_file_alone_is_a_chat_worth_keeping(qtbot: QtBot, ready: Rig, notes: Path) -> None:
    chat, composing = ready.program.models.chat, ready.program.models.composing
    with qtbot.waitSignal(chat.changed):
        composing.attach([notes])
        ready.settle()
    chat_id = chat.chat.id
    chat.new_chat()
    assert titles(ready) == ["Today", "New chat"]
    ready.program.models.chats.open(chat_id)
    ready.settle()
    (key,) = composing.attachments
    composing.remove(key)
    assert chat.blank
    chat.new_chat()
    assert titles(ready) == []


def test_a_title_given_before_the_first_question_stays(ready: Rig) -> None:
    chat, chats = ready.program.models.chat, ready.program.models.chats
    chat.drafts.write("Half a thought")
    chats.rename(chat.chat.id, "My plan")
    chat.send("Half a thought and its end")
    assert chat.chat.title == "My plan"
    ready.settle()
    assert chats.rows.index(1).data() == "My plan"
