"""Files of earlier releases are brought up to date, and nothing in them is lost."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from app import strings
from app.domain.continued import recounted
from app.domain.conversation import Chat, ChatMessage, Died, Failed, Finish
from app.domain.tree import path as branch
from app.services import migrations
from app.services.chat_store import open_store
from app.services.migrations import STEPS, migrate
from tests.app.domain.test_conversation import REPLY
from tests.app.services.conftest import Sql

# Written by the release that had version 1: two chats, one of them with four turns, one with two
# questions in a row, its messages saved out of order.
VERSION_1 = Path(__file__).with_name("version_1.sqlite3")


@pytest.fixture
def old(path: Path) -> Path:
    path.parent.mkdir()
    shutil.copy(VERSION_1, path)
    return path


def bring_to(path: Path, number: int) -> None:
    """Take the first steps only, as the release of that version did."""
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(migrations, "STEPS", STEPS[:number])
        connection = sqlite3.connect(path, isolation_level=None)
        migrate(connection)
        connection.close()
    assert version(path) == number


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return number


@pytest.mark.parametrize("number", range(1, len(STEPS)))
def test_nothing_of_an_earlier_file_is_lost(old: Path, number: int) -> None:
    bring_to(old, number)
    store = open_store(old)
    assert store.notice == ""
    assert [(c.id, c.title) for c in store.chats()] == [("b", "Zweiter"), ("a", "First")]
    chat = store.load("a")
    assert chat is not None
    assert chat.settings.system == "Be brief."
    assert [(m.id, m.parent) for m in chat.messages] == [
        ("a0", None),
        ("a1", "a0"),
        ("a2", "a1"),
        ("a3", "a2"),
    ]
    assert [m.text for m in chat.messages] == ["Why?", "Because.", "And then?", "Ü ¶ 😀"]
    assert chat.messages[1].reply == REPLY
    assert (chat.messages[3].thought, chat.messages[3].thought_seconds) == ("hm", 1.5)
    assert chat.messages[0].created == 10.0
    assert (chat.tip, chat.pinned, chat.draft) == ("a3", False, "")
    assert chat.draft_files == ()
    assert branch(chat.messages, chat.tip) == chat.messages
    other = store.load("b")
    assert other is not None
    assert [m.id for m in other.messages] == ["b0", "b1", "b2"]
    assert [m.parent for m in other.messages] == [None, "b0", "b1"]
    store.close()
    assert version(old) == len(STEPS)


@pytest.mark.parametrize("number", range(2, len(STEPS)))
def test_what_came_with_later_versions_is_kept(old: Path, sql: Sql, number: int) -> None:
    """Pins, drafts and deletions since version 2, files that wait to be sent since version 3."""
    bring_to(old, number)
    sql("UPDATE chats SET pinned = 1, tip = 'a1', draft = 'half a' WHERE id = 'a'")
    sql("UPDATE messages SET deleted = 1e12 WHERE id = 'b2'")
    if number >= 3:
        sql("""INSERT INTO draft_files VALUES ('a', '[{"name": "notes.txt", "text": "one"}]')""")
    store = open_store(old)
    chat, other = store.load("a"), store.load("b")
    assert chat is not None
    assert other is not None
    assert (chat.pinned, chat.tip, chat.draft) == (True, "a1", "half a")
    assert [file.text for file in chat.draft_files] == (["one"] if number >= 3 else [])
    assert [m.id for m in other.messages] == ["b0", "b1"]
    store.restore_messages("b", ["b2"])
    other = store.load("b")
    assert other is not None
    assert [m.id for m in other.messages] == ["b0", "b1", "b2"]
    store.close()


def test_the_rounds_of_old_replies_become_a_piece(old: Path, sql: Sql) -> None:
    bring_to(old, 5)
    (before,) = sql("SELECT json_extract(reply, '$.rounds') FROM messages WHERE id = 'a1'")
    open_store(old).close()
    (piece,) = sql("SELECT first, count, text, thought, json(rounds) FROM pieces")
    assert piece == (0, len(REPLY.rounds), "", "", *before)
    (row,) = sql("SELECT json_extract(reply, '$.rounds'), merged FROM messages WHERE id = 'a1'")
    assert row == (None, len(REPLY.rounds))


@pytest.mark.parametrize(
    ("sentence", "finish"),
    [
        ("stop", "finished"),
        ("length", "length"),
        ("cancelled", "cancelled"),
        ("interrupted: the program was closed while this was being written", "interrupted"),
        ("engine died: it crashed (signal 11)", Died(text="crashed (signal 11)")),
        ("ended by an error: The “prompt” is too long.", Failed(text="The “prompt” is too long.")),
        ("ended somehow", Failed(text="ended somehow")),
        ("", Failed()),
    ],
)
def test_how_a_reply_ended_becomes_a_value(
    old: Path, path: Path, sentence: str, finish: Finish
) -> None:
    bring_to(old, 5)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(
            "UPDATE messages SET reply = json_set(reply, '$.finish', ?)", (sentence,)
        )
    store = open_store(old)
    chat = store.load("a")
    assert chat is not None
    assert chat.messages[1].reply == recounted(msgspec.structs.replace(REPLY, finish=finish))
    store.close()


@pytest.mark.parametrize("number", range(1, 5))
def test_a_chat_without_a_title_has_none(old: Path, sql: Sql, number: int) -> None:
    bring_to(old, number)
    sql("UPDATE chats SET title = 'New chat' WHERE id = 'b'")
    store = open_store(old)
    assert [(c.id, c.title) for c in store.chats()] == [("b", None), ("a", "First")]
    store.save_chat(Chat(id="b", title="What was asked", created=1.0))
    assert [c.title for c in store.chats()] == ["What was asked", "First"]
    store.close()


def test_a_damaged_record_stops_no_migration(old: Path, sql: Sql) -> None:
    bring_to(old, 5)
    sql("UPDATE messages SET reply = 'oops' WHERE id = 'a1'")
    store = open_store(old)
    assert store.notice == ""
    chat = store.load("a")
    assert chat is not None
    assert (chat.messages[1].text, chat.messages[1].reply) == ("Because.", None)
    store.close()


def test_old_messages_are_found(old: Path) -> None:
    store = open_store(old)
    assert [c.id for c in store.chats("because")] == ["a"]
    assert [c.id for c in store.chats("frage")] == ["b"]
    store.close()


def test_a_turned_bit_in_the_number_of_the_schema_is_damage_and_told(old: Path, sql: Sql) -> None:
    """The chats are read and the file is kept, for every number and every turned bit."""
    for number in (1, 5, 6, len(STEPS)):
        bring_to(old, number)
        if number > 5:
            sql("UPDATE pieces SET text = 'Because.'")  # of which the message has all
        before = old.read_bytes()
        for bit in (0, 1, 2, 3, 4, 7, 31):
            (turned := old.with_name("turned") / old.name).parent.mkdir()
            data = bytearray(before)
            data[63 - bit // 8] ^= 1 << bit % 8  # where the header holds it
            turned.write_bytes(data)
            store = open_store(turned)
            assert strings.SCHEMA_DAMAGED in store.notice, (number, bit)
            chat = store.load("a")
            assert chat is not None
            assert [(m.id, m.reply) for m in chat.messages[:2]] == [("a0", None), ("a1", REPLY)]
            assert chat.messages[1].text == "Because."
            store.close()
            assert version(turned) == len(STEPS)
            (kept,) = turned.parent.glob("chats (damaged *).sqlite3")
            assert kept.read_bytes() == data
            shutil.rmtree(turned.parent)


def test_a_newer_release_is_known_by_its_tables() -> None:
    """A step that changes none would be taken for a turned bit; only step 6 is such a one."""
    made = [migrations.made_by(number) for number in range(len(STEPS) + 1)]
    same = [n for n, tables in enumerate(made) if tables in made[:n]]
    assert same == [6]


def test_an_interrupted_step_leaves_the_file_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = str(STEPS[1]).replace("DROP TABLE messages", "DROP TABLE messages; nonsense")
    with monkeypatch.context() as broken:
        broken.setattr(migrations, "STEPS", (STEPS[0], step))
        connection = sqlite3.connect(old, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="nonsense"):
            migrate(connection)
        connection.close()
    assert version(old) == 1
    store = open_store(old)
    chat = store.load("a")
    assert chat is not None
    assert len(chat.messages) == 4
    store.close()


def test_a_step_taken_by_another_window_is_not_taken_twice(old: Path) -> None:
    first = sqlite3.connect(old, isolation_level=None)
    second = sqlite3.connect(old, isolation_level=None)
    migrate(first)
    migrations._step_to(second, 2)  # noqa: SLF001  (only between two statements can one be overtaken)
    assert second.execute("SELECT count(*) FROM messages").fetchone() == (7,)
    first.close()
    second.close()


def test_an_old_and_a_new_file_end_in_one_schema(old: Path, tmp_path: Path) -> None:
    def schema(path: Path) -> list[tuple[str, str]]:
        open_store(path).close()
        connection = sqlite3.connect(path)
        rows = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        connection.close()
        return rows

    assert schema(old) == schema(tmp_path / "new.sqlite3")


def test_messages_that_lost_their_parent_are_kept_reattached_and_told(old: Path, sql: Sql) -> None:
    """A release that forgot a save that failed left them; a chat began in its middle then."""
    bring_to(old, 6)
    sql("DELETE FROM messages WHERE id = 'a1'")
    sql("DELETE FROM pieces")
    sql("UPDATE messages SET parent = 'never saved' WHERE id = 'b1'")
    store = open_store(old)
    assert "2 messages had lost the message they followed" in store.notice
    chat, other = store.load("a"), store.load("b")
    assert chat is not None
    assert other is not None
    assert [(m.id, m.parent) for m in chat.messages] == [("a0", None), ("a2", "a0"), ("a3", "a2")]
    assert branch(chat.messages, chat.tip) == chat.messages
    assert [m.parent for m in other.messages] == [None, "b0", "b1"]
    assert sql("PRAGMA foreign_key_check") == []
    store.close()
    assert open_store(old).notice == ""


def test_what_a_message_follows_is_in_the_file(old: Path) -> None:
    store = open_store(old)
    with pytest.raises(sqlite3.IntegrityError):
        store.save_message("a", ChatMessage(id="x", role="user", text="", parent="nowhere"))
    store.connection.execute("BEGIN")
    store.connection.execute("DELETE FROM messages WHERE id = 'a0'")
    with pytest.raises(sqlite3.IntegrityError):
        store.connection.execute("COMMIT")
    store.connection.execute("ROLLBACK")
    store.close()


def test_without_room_for_a_copy_nothing_is_migrated(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    before = old.read_bytes()
    with monkeypatch.context() as full:
        full.setattr("app.services.database.copy_to", refuse)
        with pytest.raises(sqlite3.OperationalError, match="full"):
            open_store(old)
    assert version(old) == 1
    assert old.read_bytes()[100:] == before[100:]
    open_store(old).close()
    assert version(old) == len(STEPS)
