"""Files of earlier releases are brought up to date, and nothing in them is lost."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from app.domain.tree import path as branch
from app.services import migrations
from app.services.chat_store import open_store
from app.services.migrations import STEPS, migrate
from tests.app.domain.test_conversation import REPLY

# Written by the release that had version 1: two chats, one of them with four turns, one with two
# questions in a row, its messages saved out of order.
VERSION_1 = Path(__file__).with_name("version_1.sqlite3")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "chats.sqlite3"
    shutil.copy(VERSION_1, path)
    return path


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return number


def test_nothing_of_a_version_1_file_is_lost(old: Path) -> None:
    assert version(old) == 1
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


def test_old_messages_are_found(old: Path) -> None:
    store = open_store(old)
    assert [c.id for c in store.chats("because")] == ["a"]
    assert [c.id for c in store.chats("frage")] == ["b"]
    store.close()


def test_an_interrupted_step_leaves_the_file_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = STEPS[1].replace("DROP TABLE messages", "DROP TABLE messages; nonsense")
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
    migrations._step_to(second, 2)
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
