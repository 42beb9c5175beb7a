"""Chats outlive crashes, damage and releases."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from app.domain.conversation import Attachment, Chat, ChatMessage
from app.domain.settings import ReplySettings
from app.services.chat_store import ChatStore, open_store
from app.services.migrations import STEPS, NewerSchemaError
from app.services.search_index import SearchIndex
from tests.app.conftest import Clock
from tests.app.domain.test_conversation import REPLY
from tests.app.services.conftest import Sql

CHAT = Chat(id="c", title="Title", created=1.0, settings=ReplySettings(system="Be brief."))
QUESTION = ChatMessage(id="q", role="user", text="Why?", created=2.0)
ANSWER = ChatMessage(
    id="a", role="assistant", text="Because.", thought="hm", thought_seconds=1.5, reply=REPLY
)


def fill(store: ChatStore) -> None:
    store.save_chat(CHAT)
    store.save_message("c", QUESTION)
    store.save_message("c", ANSWER)


def test_what_is_saved_is_loaded(path: Path) -> None:
    store = open_store(path)
    fill(store)
    store.close()
    store = open_store(path)
    chat = store.load("c")
    assert chat is not None
    assert chat.messages == (QUESTION, ANSWER)
    assert (chat.title, chat.settings) == (CHAT.title, CHAT.settings)
    assert store.notice == ""
    assert store.load("nobody") is None
    store.close()


def test_saving_again_replaces(path: Path) -> None:
    store = open_store(path)
    fill(store)
    store.save_message("c", ChatMessage(id="a", role="assistant", text="Longer."))
    chat = store.load("c")
    assert chat is not None
    assert [m.text for m in chat.messages] == ["Why?", "Longer."]
    store.delete_messages("c", ["a"])
    chat = store.load("c")
    assert chat is not None
    assert chat.messages == (QUESTION,)
    store.close()


def test_the_last_chat_is_the_one_written_to_last(path: Path) -> None:
    store = open_store(path)
    assert store.last_chat() is None
    fill(store)
    store.save_chat(Chat(id="d", title="Later", created=0.5))
    assert store.last_chat() == "c"
    store.save_message("d", ChatMessage(id="d1", role="user", text="Hm?"))
    assert store.last_chat() == "d"
    store.save_message("c", ChatMessage(id="c1", role="user", text="So?"))
    assert store.last_chat() == "c"
    store.close()


def test_a_chat_is_kept_with_its_branches(path: Path, sql: Sql) -> None:
    """Messages keep their place when they are saved again, whatever order that happens in."""
    store = open_store(path)
    file = Attachment(name="notes.txt", text="one\ntwo")
    chat = msgspec.structs.replace(
        CHAT, tip="b", pinned=True, draft="half a", draft_files=(file, file)
    )
    turns = (
        ChatMessage(id="q", role="user", text="Why?", attachments=(file,)),
        ChatMessage(id="a", role="assistant", text="Because.", parent="q"),
        ChatMessage(id="b", role="assistant", text="Who knows.", parent="q"),
    )
    store.save_chat(chat)
    for turn in turns:
        store.save_message("c", turn, ended=False)
    for turn in reversed(turns):
        store.save_message("c", turn)
    sql("VACUUM")
    assert store.load("c") == msgspec.structs.replace(chat, messages=turns)
    store.close()


def test_a_tip_that_is_gone_gives_way_to_the_newest(path: Path) -> None:
    store = open_store(path)
    fill(store)
    store.save_chat(msgspec.structs.replace(CHAT, tip="a"))
    store.delete_messages("c", ["a"])
    chat = store.load("c")
    assert chat is not None
    assert chat.tip == "q"
    store.restore_messages("c", ["a"])
    chat = store.load("c")
    assert chat is not None
    assert chat.tip == "a"
    assert chat.messages == (QUESTION, ANSWER)
    store.close()


def test_chats_come_pinned_first_then_newest(path: Path, clock: Clock) -> None:
    store = open_store(path, clock)
    for name in "abc":
        clock.tick(1)
        store.save_chat(Chat(id=name, title=name, created=clock()))
        store.save_message(name, ChatMessage(id=f"m{name}", role="user", text="x"))
    assert [c.id for c in store.chats()] == ["c", "b", "a"]
    store.pin("a", pinned=True)
    store.rename("b", "Bee")
    assert [(c.id, c.title, c.pinned) for c in store.chats()] == [
        ("a", "a", True),
        ("c", "c", False),
        ("b", "Bee", False),
    ]
    clock.tick(1)
    store.save_message("b", ChatMessage(id="mb", role="user", text="longer"), ended=False)
    assert [c.id for c in store.chats()] == ["a", "c", "b"]
    store.save_message("b", ChatMessage(id="mb", role="user", text="longer still"))
    assert [c.id for c in store.chats()] == ["a", "b", "c"]
    assert store.chats()[1].updated == clock()
    store.close()


def test_a_chat_without_a_word_is_not_listed(path: Path) -> None:
    store = open_store(path)
    blank = Chat(id="c", title=None, created=1.0)
    store.save_chat(blank)
    assert (store.chats(), store.last_chat()) == ((), None)
    store.save_chat(msgspec.structs.replace(blank, draft="Half a"))
    assert [c.id for c in store.chats()] == ["c"]
    store.save_chat(blank)
    assert store.chats() == ()
    file = Attachment(name="notes.txt", text="one\ntwo")
    store.save_chat(msgspec.structs.replace(blank, draft_files=(file,)))
    assert [c.id for c in store.chats()] == ["c"]
    store.save_chat(blank)
    assert store.chats() == ()
    store.save_chat(msgspec.structs.replace(blank, title="Why?"))
    assert [c.title for c in store.chats()] == ["Why?"]
    store.close()


def test_one_may_call_a_chat_what_one_likes(path: Path) -> None:
    store = open_store(path)
    store.save_chat(Chat(id="c", title="New chat", created=1.0))
    store.save_message("c", QUESTION)
    assert [c.title for c in store.chats()] == ["New chat"]
    store.close()


def test_what_was_deleted_can_be_restored_for_30_days(path: Path, clock: Clock) -> None:
    store = open_store(path, clock)
    fill(store)
    store.save_chat(Chat(id="d", title="Other", created=1.0))
    store.save_message("d", ChatMessage(id="d1", role="user", text="one"))
    store.save_message("d", ChatMessage(id="d2", role="user", text="two"))
    store.delete_chat("c")
    store.delete_messages("d", ["d1"])
    assert (store.load("c"), store.last_chat()) == (None, "d")
    store.close()
    clock.tick(29 * 24 * 3600)
    store = open_store(path, clock)
    store.restore_chat("c")
    store.restore_messages("d", ["d1"])
    chat, other = store.load("c"), store.load("d")
    assert chat is not None
    assert other is not None
    assert chat.messages == (QUESTION, ANSWER)
    assert [m.id for m in other.messages] == ["d1", "d2"]
    store.close()


def test_after_30_days_it_is_gone_for_good(path: Path, clock: Clock, sql: Sql) -> None:
    store = open_store(path, clock)
    fill(store)
    store.save_chat(Chat(id="d", title="Other", created=1.0))
    store.save_message("d", ChatMessage(id="d1", role="user", text="one"))
    store.save_message("d", ChatMessage(id="d2", role="user", text="two"))
    file = Attachment(name="notes.txt", text="one\ntwo")
    store.save_chat(msgspec.structs.replace(CHAT, draft_files=(file,)))
    store.delete_chat("c")
    store.delete_messages("d", ["d1"])
    store.close()
    clock.tick(30 * 24 * 3600 + 1)
    store = open_store(path, clock)
    store.restore_chat("c")
    store.restore_messages("d", ["d1"])
    assert [c.id for c in store.chats()] == ["d"]
    count = "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM found)"
    assert sql(count) == [(1, 1)]
    assert sql("SELECT * FROM draft_files") == []
    assert sql("SELECT * FROM pieces") == []
    store.close()


def test_a_save_is_whole_or_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_index: SearchIndex, _message_id: str) -> None:
        raise sqlite3.OperationalError("disk full")

    store = open_store(path)
    store.save_chat(CHAT)
    with monkeypatch.context() as full:
        full.setattr(SearchIndex, "add", refuse)
        with pytest.raises(sqlite3.OperationalError):
            store.save_message("c", QUESTION)
    chat = store.load("c")
    assert chat is not None
    assert chat.messages == ()
    store.save_message("c", QUESTION)
    store.close()


def test_deleting_names_the_chat(path: Path) -> None:
    store = open_store(path)
    fill(store)
    store.delete_messages("another", ["q"])
    chat = store.load("c")
    assert chat is not None
    assert len(chat.messages) == 2
    store.close()


def test_a_message_needs_its_chat(path: Path) -> None:
    store = open_store(path)
    with pytest.raises(sqlite3.IntegrityError):
        store.save_message("nobody", QUESTION)
    store.close()


def test_a_file_that_is_no_database_is_set_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"these were my chats" * 100)
    store = open_store(path)
    assert "could not be opened" in store.notice
    kept = next(path.parent.glob("chats (damaged *.sqlite3"))
    assert kept.name in store.notice
    assert kept.read_bytes().startswith(b"these were my chats")
    fill(store)
    assert store.load("c") is not None
    store.close()


def test_of_a_damaged_database_what_can_be_read_stays(path: Path) -> None:
    store = open_store(path)
    for number in range(200):
        store.save_chat(Chat(id=str(number), title="x" * 200, created=0.0))
    store.close()
    data = bytearray(path.read_bytes())
    data[4096 * 2 : 4096 * 6] = os.urandom(4096 * 4)
    path.write_bytes(data)
    store = open_store(path)
    (kept,) = path.parent.glob("chats (damaged *")
    assert kept.name in store.notice
    assert kept.read_bytes() == data
    assert store.last_chat() is not None
    store.close()


def test_a_file_of_a_later_release_is_left_where_it_is(path: Path, sql: Sql) -> None:
    open_store(path).close()
    sql("ALTER TABLE chats ADD COLUMN novelty TEXT")
    sql(f"PRAGMA user_version = {len(STEPS) + 1}")
    before = path.read_bytes()
    with pytest.raises(NewerSchemaError):
        open_store(path)
    assert path.read_bytes() == before
    assert list(path.parent.glob("*damaged*")) == []


def test_a_locked_file_is_not_called_damaged(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.database.BUSY_TIMEOUT_S", 0.05)
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("CREATE TABLE t (x)")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError):
        open_store(path)
    other.close()
    assert [p.name for p in path.parent.glob("*damaged*")] == []


@pytest.mark.parametrize(
    "damage", ["UPDATE messages SET reply = '{\"seed\": 7}'", "UPDATE pieces SET rounds = '[7]'"]
)
def test_a_record_that_cannot_be_read_costs_its_numbers_only(
    path: Path, sql: Sql, damage: str
) -> None:
    store = open_store(path)
    fill(store)
    sql(damage)
    chat = store.load("c")
    assert chat is not None
    assert chat.messages[1].text == "Because."
    assert chat.messages[1].reply is None
    store.close()


def test_what_cannot_be_read_costs_itself_only(path: Path, sql: Sql) -> None:
    store = open_store(path)
    fill(store)
    sql("UPDATE messages SET attachments = 'oops'")
    sql("UPDATE chats SET settings = '7'")
    chat = store.load("c")
    assert chat is not None
    assert chat.messages == (QUESTION, ANSWER)
    assert chat.settings == ReplySettings()
    store.close()


def test_a_record_of_an_earlier_release_is_read(path: Path, sql: Sql) -> None:
    """It knows nothing of settings that came later; they are off in it."""
    store = open_store(path)
    fill(store)
    store.save_chat(msgspec.structs.replace(CHAT, settings=ReplySettings(sampling=REPLY.sampling)))
    later = "'$.sampling.presence_penalty', '$.sampling.logit_bias'"
    sql(f"UPDATE messages SET reply = json_remove(reply, {later})")  # noqa: S608
    sql(f"UPDATE chats SET settings = json_remove(settings, {later})")  # noqa: S608
    chat = store.load("c")
    assert chat is not None
    assert chat.messages == (QUESTION, ANSWER)
    assert chat.settings.sampling == REPLY.sampling
    store.close()


def test_being_killed_in_mid_stream_loses_nothing_saved(path: Path) -> None:
    """The child saves the growing reply and is killed with no chance to close the file."""
    source = """
        import sys, time
        from pathlib import Path
        from app.services.chat_store import open_store
        from app.domain.conversation import Attachment, Chat, ChatMessage
        store = open_store(Path(sys.argv[1]))
        store.save_chat(Chat(id="c", title="t", created=0.0))
        for n in range(1, 10_000):
            text = "word " * n
            message = ChatMessage(id="a", role="assistant", text=text)
            store.save_message("c", message, ended=False)
            print(n, flush=True)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source), str(path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    saved = 0
    while saved < 25:
        saved = int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    saved = max([saved, *(int(line) for line in child.stdout.read().split())])
    child.wait()
    child.stdout.close()
    store = open_store(path)
    assert store.notice == ""
    chat = store.load("c")
    assert chat is not None
    assert len(chat.messages[0].text.split()) >= saved
    store.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("messages.text", "CAST(x'68ff69' AS TEXT)"),
        ("messages.text", "x'6869'"),
        ("messages.thought_seconds", "'soon'"),
        ("messages.created", "1e300"),
        ("messages.parent", "CAST(x'ff' AS TEXT)"),
        ("messages.attachments", "'[7]'"),
        ("messages.reply", "'" + "[" * 9000 + "'"),
        ("messages.merged", "-1"),
        ("messages.revision", "'many'"),
        ("messages.deleted", "'long ago'"),
        ("chats.title", "CAST(x'ff' AS TEXT)"),
        ("chats.updated", "9e99"),
        ("chats.created", "'then'"),
        ("chats.settings", "'" + "[" * 9000 + "'"),
        ("chats.settings", """'{"system": "Be brief.", "seed": -1}'"""),
        ("chats.draft", "x'00ff'"),
        ("chats.deleted", "'no'"),
        ("pieces.rounds", "'" + "[" * 9000 + "'"),
        ("pieces.text", "x'ff'"),
        ("draft_files.files", "'oops'"),
    ],
)
def test_a_value_that_cannot_be_read_costs_itself_only_and_is_kept(
    path: Path, sql: Sql, column: str, value: str
) -> None:
    table, name = column.split(".")
    store = open_store(path)
    file = Attachment(name="notes.txt", text="one")
    chat = msgspec.structs.replace(CHAT, draft_files=(file,), draft="so far")
    store.save_chat(chat)
    store.save(chat, QUESTION)
    store.save(chat, msgspec.structs.replace(ANSWER, parent="q"))
    store.close()
    sql(f"UPDATE {table} SET {name} = {value}")  # noqa: S608  (our own words)
    (raw, *_) = sql(f"SELECT hex({name}) FROM {table}")  # noqa: S608
    store = open_store(path)
    assert store.notice == ""
    assert [one.id for one in store.chats()] == ["c"]
    loaded = store.read("c")
    assert loaded.chat is not None
    assert [m.id for m in loaded.chat.messages] == ["q", "a"]
    assert loaded.chat.messages[1].parent == "q"
    assert store.unreadable() > 0
    if table != "messages":
        assert [m.text for m in loaded.chat.messages] == ["Why?", "Because."]
    # Everything is written over; what could not be read is still in the file.
    store.save_chat(msgspec.structs.replace(CHAT, draft="other", settings=ReplySettings(seed=5)))
    for message in (QUESTION, msgspec.structs.replace(ANSWER, parent="q", reply=None)):
        store.save(CHAT, message)
    values = sql("SELECT hex(value) FROM unreadable")
    if name != "revision":
        assert raw in values + sql(f"SELECT hex({name}) FROM {table}")  # noqa: S608
    store.close()


def chain(count: int) -> tuple[ChatMessage, ...]:
    return tuple(
        ChatMessage(id=f"m{n}", role="user", text=f"text {n}", parent=f"m{n - 1}" if n else None)
        for n in range(count)
    )


def test_a_message_brings_along_what_it_follows(path: Path) -> None:
    """Saves that were lost before it: all are written, or none."""
    store = open_store(path)
    chat = msgspec.structs.replace(CHAT, messages=chain(5), tip="m4")
    store.save(chat, chat.messages[1])
    store.save(chat, chat.messages[4])
    assert store.load("c") == chat
    assert [c.id for c in store.chats("text 3")] == ["c"]
    store.close()


def test_of_a_save_that_fails_nothing_is_in_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(path)
    chat = msgspec.structs.replace(CHAT, messages=chain(3), tip="m2")
    add = SearchIndex.add

    def refuse_the_last(index: SearchIndex, message_id: str) -> None:
        if message_id == "m2":
            raise sqlite3.OperationalError("database or disk is full")
        add(index, message_id)

    with monkeypatch.context() as full:
        full.setattr(SearchIndex, "add", refuse_the_last)
        with pytest.raises(sqlite3.OperationalError):
            store.save(chat, chat.messages[2])
    assert store.load("c") is None
    store.save(chat, chat.messages[2])
    assert store.load("c") == chat
    store.close()


def test_what_something_living_follows_is_not_removed(path: Path, clock: Clock) -> None:
    """Another window wrote below what this one deleted."""
    store = open_store(path, clock)
    chat = msgspec.structs.replace(CHAT, messages=chain(4), tip="m3")
    for message in chat.messages:
        store.save(chat, message)
    store.delete_messages("c", ["m1", "m2"])
    store.save_message("c", ChatMessage(id="late", role="user", text="Late", parent="m1"))
    store.delete_messages("c", ["m3"])
    store.close()
    clock.tick(31 * 24 * 3600)
    store = open_store(path, clock)
    left = {id_ for (id_,) in store.connection.execute("SELECT id FROM messages")}
    assert left == {"m0", "m1", "late"}
    loaded = store.load("c")
    assert loaded is not None
    assert [(m.id, m.parent) for m in loaded.messages] == [("m0", None), ("late", "m0")]
    store.close()
