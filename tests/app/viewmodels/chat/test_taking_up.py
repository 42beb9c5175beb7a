"""A chat that is open in two windows: what the other one writes appears, and nothing is moved."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
from pytestqt.qtbot import QtBot

from app.domain.conversation import Attachment, Chat, ChatMessage
from app.services.chat_store import ChatStore
from tests.app.conftest import Rig
from tests.app.helpers import round_of
from tests.app.viewmodels.sidebar.test_chat_list import banner, talk, titles


def texts(rig: Rig) -> list[str]:
    return [m.text for m in rig.program.models.chat.messages.messages]


def look(rig: Rig) -> None:
    rig.program.models.chats.look()
    rig.settle()


def loaded(store: ChatStore, chat_id: str) -> Chat:
    chat = store.load(chat_id)
    assert chat is not None
    return chat


def go_on(store: ChatStore, chat_id: str, text: str = "Also there", name: str = "m") -> None:
    """Another window asks something at the end of the chat."""
    chat = loaded(store, chat_id)
    message = ChatMessage(id=name, role="user", text=text, parent=chat.tip)
    store.save_chat(msgspec.structs.replace(chat, tip=name))
    store.save_message(chat_id, message)


def test_the_branch_goes_on(qtbot: QtBot, ready: Rig, other: ChatStore) -> None:
    chat_id = talk(ready, "Hello")
    go_on(other, chat_id)
    with qtbot.waitSignal(ready.program.models.chat.changed):
        look(ready)
    assert texts(ready) == ["Hello", "An answer.", "Also there"]
    ready.program.models.chat.send("And here?")
    assert ready.program.models.chat.messages.at(3).parent == "m"


def test_a_reply_appears_when_it_is_whole(ready: Rig, other: ChatStore) -> None:
    chat_id = talk(ready, "Hello")
    go_on(other, chat_id)
    reply = ChatMessage(id="r", role="assistant", text="Half", parent="m")
    other.save_message(chat_id, reply, ended=False)
    look(ready)
    assert texts(ready)[-1] == "Also there"
    other.save_message(chat_id, msgspec.structs.replace(reply, text="Half and whole"))
    look(ready)
    assert texts(ready)[-1] == "Half and whole"
    other.save_message(chat_id, msgspec.structs.replace(reply, text="Longer"), ended=False)
    look(ready)
    assert texts(ready)[-1] == "Half and whole"
    other.save_message(chat_id, msgspec.structs.replace(reply, text="Longer still"))
    look(ready)
    assert texts(ready)[-1] == "Longer still"
    for ended in (False, True):
        longest = msgspec.structs.replace(reply, text="The longest")
        other.save_message(chat_id, longest, ended=ended)
    look(ready)
    assert texts(ready)[-1] == "The longest"


def test_another_branch_is_there_and_not_read(ready: Rig, other: ChatStore) -> None:
    chat_id, chat = talk(ready, "Hello"), ready.program.models.chat
    question = chat.messages.at(0).id
    again = ChatMessage(id="n", role="assistant", text="Another answer.", parent=question)
    other.save_message(chat_id, again)
    look(ready)
    assert texts(ready) == ["Hello", "An answer."]
    assert chat.history.place(chat.messages.at(1).id).count == 2
    chat.branches.show_sibling(chat.messages.at(1).id, 1)
    assert texts(ready) == ["Hello", "Another answer."]


def test_what_is_deleted_and_brought_back_elsewhere(ready: Rig, other: ChatStore) -> None:
    chat_id, chat = talk(ready, "Hello"), ready.program.models.chat
    answer = chat.messages.at(1).id
    other.delete_messages(chat_id, [answer])
    look(ready)
    assert texts(ready) == ["Hello"]
    other.restore_messages(chat_id, [answer])
    look(ready)
    assert texts(ready) == ["Hello", "An answer."]
    other.delete_chat(chat_id)
    look(ready)
    assert texts(ready) == ["Hello", "An answer."]


def test_what_waits_here_is_not_lost_and_that_there_is_not_overwritten(
    ready: Rig, other: ChatStore
) -> None:
    chat_id, chat = talk(ready, "Hello"), ready.program.models.chat
    file = Attachment(name="notes.txt", text="Some notes.")
    chat.drafts.write("Half")
    chat.drafts.write("Half a thought")
    there = loaded(other, chat_id)
    other.save_chat(msgspec.structs.replace(there, draft_files=(file,)))
    go_on(other, chat_id)
    look(ready)
    assert chat.chat.draft == "Half a thought"
    chat.drafts.flush()
    ready.settle()
    kept = loaded(other, chat_id)
    assert (kept.draft, kept.draft_files) == ("Half a thought", (file,))


def test_a_chat_that_is_written_in_waits_for_the_end(ready: Rig, other: ChatStore) -> None:
    chat_id, chat = talk(ready, "Hello"), ready.program.models.chat
    chat.send("More")
    reply = ready.request().id
    ready.say(round_of(reply, 0, ["One"]))
    question = loaded(other, chat_id).messages[0].id
    other.save_message(
        chat_id, ChatMessage(id="n", role="assistant", text="Another.", parent=question)
    )
    look(ready)
    assert chat.message("n") is None
    ready.finish()
    look(ready)
    assert chat.message("n") is not None
    assert texts(ready) == ["Hello", "An answer.", "More", "One"]


def test_a_reply_that_begins_before_the_answer_comes_keeps_it_waiting(
    ready: Rig, other: ChatStore
) -> None:
    chat_id, chat = talk(ready, "Hello"), ready.program.models.chat
    go_on(other, chat_id)
    ready.program.models.chats.look()
    assert ready.program.store.wait()  # that there is news; what it is was asked for by now
    assert not ready.program.store.idle
    chat.send("More")
    ready.settle()
    assert texts(ready) == ["Hello", "An answer.", "More", ""]
    assert chat.message("m") is None
    ready.write("All of it.")
    ready.finish()
    look(ready)
    assert chat.message("m") is not None


def test_the_open_chat_does_not_wait_for_another(ready: Rig, other: ChatStore) -> None:
    first = talk(ready, "First")
    chat, chats = ready.program.models.chat, ready.program.models.chats
    chat.new_chat()
    chat.send("Second")
    second, reply = chat.chat.id, ready.request().id
    ready.say(round_of(reply, 0, ["One"]))
    chats.open(first)
    ready.settle()
    go_on(other, first)
    question = loaded(other, second).messages[0].id
    other.save_message(
        second, ChatMessage(id="n", role="assistant", text="Another.", parent=question)
    )
    look(ready)
    assert texts(ready) == ["First", "An answer.", "Also there"]
    chats.open(second)
    ready.finish()
    look(ready)
    assert chat.message("n") is not None


def trace(rig: Rig, callback: Callable[[str], None] | None) -> None:
    """Only SQLite itself tells what it was asked."""
    rig.ask(lambda folder: folder.chats.connection.set_trace_callback(callback))


def test_nothing_is_asked_while_nothing_changes(ready: Rig, other: ChatStore) -> None:
    chat_id = talk(ready, "Hello")
    go_on(other, chat_id)
    look(ready)
    asked: list[str] = []
    trace(ready, asked.append)
    look(ready)
    ready.program.models.chat.set_settings(
        msgspec.structs.replace(ready.program.models.chat.chat.settings, system="x")
    )
    ready.settle()
    asked.clear()
    look(ready)
    trace(ready, None)
    assert asked == ["PRAGMA data_version"]


def test_a_change_of_another_chat_builds_nothing_again(
    qtbot: QtBot, ready: Rig, other: ChatStore
) -> None:
    first, _second = talk(ready, "First"), talk(ready, "Second")
    messages = ready.program.models.chat.messages
    go_on(other, first)
    with (
        qtbot.assertNotEmitted(messages.rowsRemoved),
        qtbot.assertNotEmitted(messages.rowsInserted),
    ):
        look(ready)
    assert titles(ready) == ["Today", "First", "Second"]


def test_a_file_that_cannot_be_read_is_said(ready: Rig, other: ChatStore, tmp_path: Path) -> None:
    chat_id = talk(ready, "Hello")
    go_on(other, chat_id)
    with closing(sqlite3.connect(tmp_path / "data" / "chats.sqlite3")) as connection:
        connection.execute("ALTER TABLE messages RENAME COLUMN text TO lost")
    look(ready)
    assert "no such column" in banner(ready)
    assert texts(ready) == ["Hello", "An answer."]
