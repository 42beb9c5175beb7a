"""What is written and not sent stays with its chat."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.services.chat_store import ChatStore, open_store
from app.viewmodels.chat import saving
from app.viewmodels.chat.saving import Saver
from tests.app.conftest import Rig
from tests.app.helpers import round_of
from tests.app.services.test_chat_store import CHAT, fill
from tests.app.viewmodels.sidebar.test_chat_list import talk, titles


def noted(calls: list[str], text: str) -> Callable[[], None]:
    return lambda: calls.append(text)


def test_streaming_saves_rarely_and_the_end_at_once(qtbot: QtBot, tmp_path: Path) -> None:
    store = open_store(None)
    saver = Saver(store, interval_ms=60)
    calls: list[str] = []
    for number in range(50):
        saver.request(noted(calls, f"part {number}"))
    assert calls == ["part 0"]
    qtbot.waitUntil(lambda: calls == ["part 0", "part 49"])
    saver.request(noted(calls, "part 50"))
    saver.finish(noted(calls, "end"))
    qtbot.wait(120)
    assert calls == ["part 0", "part 49", "end"]
    store.close()


def test_a_disk_that_refuses_is_said(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_store: ChatStore, _chat: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(ChatStore, "save_chat", refuse)
    store = open_store(None)
    saver = Saver(store)
    with qtbot.waitSignal(saver.trouble) as trouble:
        saver.save_chat(CHAT)
    assert trouble.args == ["This chat could not be saved: database or disk is full."]
    store.close()


def test_messages_are_deleted_and_restored(qtbot: QtBot) -> None:
    store = open_store(None)
    fill(store)
    saver = Saver(store)
    assert saver.delete_messages("c", ["a"])
    chat = store.load("c")
    assert chat is not None
    assert [m.id for m in chat.messages] == ["q"]
    saver.restore_messages("c", ["a"])
    chat = store.load("c")
    assert chat is not None
    assert [m.id for m in chat.messages] == ["q", "a"]
    store.close()


def test_one_failed_save_costs_no_later_one(ready: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_store: ChatStore, _chat: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    chat = ready.program.models.chat
    with monkeypatch.context() as full:
        full.setattr(ChatStore, "save_chat", refuse)
        chat.send("Hello")
    ready.write("Hi there.")
    ready.finish()
    kept = ready.program.store.load(chat.chat.id)
    assert kept is not None
    assert [message.text for message in kept.messages] == ["Hi there."]


def test_a_reply_is_stored_before_its_first_word(ready: Rig) -> None:
    chat = ready.program.models.chat
    chat.send("Hello")
    kept = ready.program.store.load(chat.chat.id)
    assert kept is not None
    assert kept.messages[1].reply is not None
    assert kept.messages[1].reply.finish == "interrupted"


def test_what_streams_is_in_the_store_within_the_second(qtbot: QtBot, ready: Rig) -> None:
    assert saving.INTERVAL_MS <= 1000
    chat = ready.program.models.chat
    chat.send("Hello")
    reply = ready.request().id
    ready.say(round_of(reply, 0, ["One"]), round_of(reply, 1, [" two"]))

    def stored() -> str:
        kept = ready.program.store.load(chat.chat.id)
        assert kept is not None
        return kept.messages[1].text

    qtbot.waitUntil(lambda: stored() == "One two", timeout=2000)
    kept = ready.program.store.load(chat.chat.id)
    assert kept is not None
    assert kept.messages[1].reply is not None
    assert kept.messages[1].reply.finish == "interrupted"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("Some notes.\n")
    return path


def stored_draft(rig: Rig, chat_id: str) -> str | None:
    chat = rig.program.store.load(chat_id)
    return None if chat is None else chat.draft


def stored_files(rig: Rig, chat_id: str) -> list[str]:
    chat = rig.program.store.load(chat_id)
    return [] if chat is None else [file.name for file in chat.draft_files]


def test_a_draft_is_stored_within_a_second(qtbot: QtBot, ready: Rig) -> None:
    assert saving.DRAFT_MS <= 1000
    chat_id = talk(ready, "Hello")
    chat = ready.program.models.chat
    chat.drafts.write("Half")
    chat.drafts.write("Half a thought")
    qtbot.waitUntil(lambda: stored_draft(ready, chat_id) == "Half a thought", timeout=2000)


def test_each_chat_has_its_own(ready: Rig) -> None:
    first, second = talk(ready, "First"), talk(ready, "Second")
    chat, chats = ready.program.models.chat, ready.program.models.chats
    chat.drafts.write("To")
    chat.drafts.write("To the second")
    chats.open(first)
    assert chat.chat.draft == ""
    chat.drafts.write("To the first")
    chats.open(second)
    assert chat.chat.draft == "To the second"
    chats.open(first)
    assert chat.chat.draft == "To the first"


def test_a_draft_alone_is_a_chat_worth_keeping(qtbot: QtBot, ready: Rig) -> None:
    chat = ready.program.models.chat
    with qtbot.waitSignal(chat.changed):
        chat.drafts.write("Half a thought")
    chat_id = chat.chat.id
    chat.new_chat()
    rows = ready.program.models.chats.rows
    assert [rows.index(row).data() for row in range(rows.rowCount())] == ["Today", "New chat"]
    ready.program.models.chats.open(chat_id)
    assert chat.chat.draft == "Half a thought"
    chat.send("Half a thought and its end")
    chat.drafts.write("")
    chat.new_chat()
    assert [rows.index(row).data() for row in range(rows.rowCount())] == [
        "Today",
        "Half a thought and its end",
    ]
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
    composing.attach([notes])
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
    assert stored_files(ready, chat_id) == []
    chat.new_chat()
    assert stored_files(ready, chat_id) == ["notes.txt"]


def test_a_file_alone_is_a_chat_worth_keeping(qtbot: QtBot, ready: Rig, notes: Path) -> None:
    chat, composing = ready.program.models.chat, ready.program.models.composing
    with qtbot.waitSignal(chat.changed):
        composing.attach([notes])
    chat_id = chat.chat.id
    chat.new_chat()
    assert titles(ready) == ["Today", "New chat"]
    ready.program.models.chats.open(chat_id)
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
    assert chats.rows.index(1).data() == "My plan"
