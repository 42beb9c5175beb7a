"""A damaged file is set aside; a damaged index is made anew."""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path

import pytest

from app.domain.conversation import Chat, ChatMessage
from app.services import chat_store
from app.services.chat_store import open_store
from app.services.database import Connection, connect
from app.services.search_index import SearchIndex
from tests.app.services.conftest import Sql

_LEAF_OF_A_TABLE = 13


@pytest.fixture
def path(path: Path) -> Path:
    store = open_store(path)
    store.save_chat(Chat(id="c", title="Title", created=0.0))
    for number in range(3):
        message = ChatMessage(id=str(number), role="user", text=f"some words {number}")
        store.save_message("c", message)
    store.close()
    return path


def disorder(path: Path, table: str) -> None:
    """Swap the first two rows of the page a table begins with."""
    connection = sqlite3.connect(path)
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
    ).fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    data = bytearray(path.read_bytes())
    start = (page - 1) * size
    assert data[start] == _LEAF_OF_A_TABLE
    first, second = struct.unpack_from(">HH", data, start + 8)
    struct.pack_into(">HH", data, start + 8, second, first)
    path.write_bytes(data)


def test_a_damaged_index_costs_no_chat(path: Path, sql: Sql) -> None:
    disorder(path, "found_content")
    store = open_store(path)
    assert store.notice == ""
    assert [c.id for c in store.chats("words 2")] == ["c"]
    assert sql("PRAGMA integrity_check") == [("ok",)]
    store.close()


def test_damaged_messages_are_kept_and_taken_over(path: Path) -> None:
    disorder(path, "messages")
    before = path.read_bytes()
    store = open_store(path)
    assert "was damaged" in store.notice
    assert [c.id for c in store.chats()] == ["c"]
    store.close()
    (kept,) = path.parent.glob("chats (damaged *.sqlite3")
    assert kept.read_bytes() == before


def test_damage_before_there_was_an_index_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "chats.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE chats (x)")
    connection.execute("CREATE TABLE other (x)")
    connection.execute("INSERT INTO other VALUES (1), (2)")
    connection.commit()
    connection.close()
    disorder(path, "other")
    store = open_store(path)
    assert store.notice
    assert len(list(path.parent.glob("chats (damaged *"))) == 1
    store.close()


def test_the_log_goes_with_its_file(path: Path) -> None:
    """Left behind it would be applied to the new one."""
    other = open_store(path)
    other.rename("c", "In the log")
    path.write_bytes(b"no database" * 50)
    store = open_store(path)
    assert store.notice
    assert store.chats() == ()
    assert len(list(path.parent.glob("* (damaged *-wal"))) == 1
    store.close()
    other.close()


def test_a_store_that_cannot_be_made_leaves_no_file_open(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Connection] = []

    def connected(path: Path, *, check: bool) -> Connection:
        opened.append(connect(path, check=check))
        return opened[-1]

    def refuse(_index: SearchIndex, _connection: Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(chat_store, "connect", connected)
    monkeypatch.setattr(SearchIndex, "__init__", refuse)
    with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
        open_store(path, alone=False)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


def test_a_damaged_index_that_nobody_noticed_costs_no_message(path: Path, sql: Sql) -> None:
    """SQLite finds no fault in the tables that the index is made of."""
    sql("UPDATE found_data SET block = x'00000000' WHERE id > 1")
    store = open_store(path)
    chat = Chat(id="c", title="Title", created=0.0)
    store.save(chat, ChatMessage(id="new", role="user", text="some words more", parent="2"))
    assert [c.id for c in store.chats("words more")] == ["c"]
    store.close()
    store = open_store(path)
    assert [c.id for c in store.chats("words more")] == ["c"]
    assert sql("SELECT count(*) FROM found") == [(4,)]
    store.close()
