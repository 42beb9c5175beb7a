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
    assert kept.messages[1].reply.finish.startswith("interrupted")


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
    assert kept.messages[1].reply.finish.startswith("interrupted")
