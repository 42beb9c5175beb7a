"""One file, two processes: neither undoes what the other does, and the file stays sound."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from app.domain.conversation import Attachment, Chat, ChatMessage
from app.domain.settings import ReplySettings
from app.services.chat_store import ChatStore, open_store
from app.services.database import connect, log_ahead
from tests.app.services.conftest import Sql

CHAT = Chat(id="c", title="Title", created=1.0)


@pytest.fixture
def both(path: Path) -> Iterator[tuple[ChatStore, ChatStore]]:
    one, other = open_store(path), open_store(path)
    yield one, other
    one.close()
    other.close()


def message(name: str) -> ChatMessage:
    return ChatMessage(id=name, role="user", text=f"text {name}")


def loaded(store: ChatStore) -> Chat:
    chat = store.load("c")
    assert chat is not None
    return chat


def test_an_old_value_is_not_written_back(both: tuple[ChatStore, ChatStore]) -> None:
    one, other = both
    one.save_chat(CHAT)
    other.load("c")
    other.rename("c", "Renamed")
    other.pin("c", pinned=True)
    other.save_chat(msgspec.structs.replace(CHAT, settings=ReplySettings(system="x"), draft="d"))
    one.save_chat(msgspec.structs.replace(CHAT, tip="m"))
    one.save_message("c", message("m"))
    chat = loaded(one)
    assert (chat.title, chat.pinned, chat.draft, chat.tip) == ("Renamed", True, "d", "m")
    assert chat.settings.system == "x"


def test_files_attached_in_another_window_are_not_written_over(
    both: tuple[ChatStore, ChatStore],
) -> None:
    one, other = both
    file = Attachment(name="notes.txt", text="Some notes.")
    one.save_chat(CHAT)
    other.load("c")
    other.save_chat(msgspec.structs.replace(CHAT, draft_files=(file,)))
    one.save_chat(msgspec.structs.replace(CHAT, draft="d"))
    assert loaded(one).draft_files == (file,)


def test_what_was_not_written_is_written_the_next_time() -> None:
    connection = connect(":memory:")
    store = ChatStore(connection)
    store.save_chat(CHAT)
    changed = msgspec.structs.replace(CHAT, draft="half a thought")
    connection.execute("PRAGMA query_only = ON")
    with pytest.raises(sqlite3.OperationalError):
        store.save_chat(changed)
    connection.execute("PRAGMA query_only = OFF")
    store.save_chat(changed)
    assert loaded(store).draft == "half a thought"
    store.close()


def test_a_window_notices_the_other_and_not_itself(both: tuple[ChatStore, ChatStore]) -> None:
    one, other = both
    one.save_chat(CHAT)
    assert not one.changed_elsewhere()
    assert other.changed_elsewhere()
    assert not other.changed_elsewhere()
    other.rename("c", "Renamed")
    assert one.changed_elsewhere()


def test_what_the_other_wrote_is_told_once(both: tuple[ChatStore, ChatStore]) -> None:
    one, other = both
    one.save_chat(CHAT)
    one.save_message("c", message("a"))
    one.delete_messages("c", [])
    assert one.changes("c") is None
    assert [m.id for m in loaded(other).messages] == ["a"]
    other.save_message("c", message("b"))
    one.save_message("c", message("d"))
    changes = one.changes("c")
    assert changes is not None
    assert [m.id for m in changes.written] == ["b", "d"]
    assert (changes.deleted, changes.order) == (frozenset(), ("a", "b", "d"))
    assert one.changes("c") is None
    other.load("c")
    other.delete_messages("c", ["b"])
    assert other.changes("c") is None
    changes = one.changes("c")
    assert changes is not None
    assert changes.written == ()
    assert (changes.deleted, changes.order) == (frozenset({"b"}), ("a", "d"))
    other.restore_messages("c", ["b"])
    changes = one.changes("c")
    assert changes is not None
    assert ([m.id for m in changes.written], changes.order) == (["b"], ("a", "b", "d"))


def test_who_writes_in_a_deleted_chat_brings_it_back(both: tuple[ChatStore, ChatStore]) -> None:
    one, other = both
    one.save_chat(CHAT)
    other.delete_chat("c")
    assert one.load("c") is None
    one.save_message("c", message("late"), ended=False)
    assert other.load("c") is None
    one.save_message("c", message("late"))
    assert [m.id for m in loaded(other).messages] == ["late"]


def test_beside_another_window_no_file_is_set_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 50)
    with pytest.raises(sqlite3.OperationalError):
        open_store(path, alone=False)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


HAMMER = """
    import sys
    from pathlib import Path
    from app.domain.conversation import Chat, ChatMessage
    from app.services.chat_store import open_store

    path, me = Path(sys.argv[1]), sys.argv[2]
    store = open_store(path)
    print("open", flush=True)
    sys.stdin.readline()
    parent = None
    for n in range(60):
        id_ = f"{me}{n}"
        store.save_chat(Chat(id="both", title="Both", created=0.0, tip=id_))
        message = ChatMessage(id=id_, role="user", text=f"word {me} {n}", parent=parent)
        store.save_message("both", message, ended=False)
        store.save_message("both", message)
        parent = id_
        own = Chat(id=id_, title=f"own {id_}", created=0.0)
        store.save_chat(own)
        store.save_message(id_, ChatMessage(id=f"m{id_}", role="user", text="x"))
        store.rename(id_, f"renamed {id_}")
        if n % 3 == 0:
            store.delete_chat(id_)
        if n % 6 == 0:
            store.restore_chat(id_)
        if n % 5 == 0:
            store.delete_messages("both", [id_])
        store.chats(f"word {me}")
    store.close()
"""


@contextmanager
def hammering(path: Path, me: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HAMMER), str(path), me],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


class Refusing:
    """A connection that is refused so many times: SQLite does it only now and then."""

    def __init__(self, times: int, code: int = sqlite3.SQLITE_BUSY) -> None:
        self.left, self._code = times, code

    def execute(self, _statement: str) -> None:
        if self.left:
            self.left -= 1
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = self._code
            raise error


def test_a_file_that_another_process_is_opening_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SQLite's own wait does not cover the change to a log."""
    opened = Refusing(3)
    log_ahead(opened)  # type: ignore[arg-type]
    assert opened.left == 0
    with pytest.raises(sqlite3.OperationalError):
        log_ahead(Refusing(1, sqlite3.SQLITE_READONLY))  # type: ignore[arg-type]
    monkeypatch.setattr("app.services.database.BUSY_TIMEOUT_S", 0.1)
    with pytest.raises(sqlite3.OperationalError):
        log_ahead(Refusing(10**9))  # type: ignore[arg-type]


def test_two_processes_at_once_lose_nothing(path: Path, sql: Sql) -> None:
    with hammering(path, "p") as one, hammering(path, "q") as other:
        for child in (one, other):
            assert child.stdout is not None
            assert child.stdout.readline() == "open\n"
        for child in (one, other):
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        assert [child.wait(timeout=120) for child in (one, other)] == [0, 0]

    store = open_store(path)
    assert store.notice == ""
    assert sql("PRAGMA integrity_check") == [("ok",)]
    chat = store.load("both")
    assert chat is not None
    for me in "pq":
        living = [n for n in range(60) if n % 5]
        assert [m.id for m in chat.messages if m.id.startswith(me)] == [f"{me}{n}" for n in living]
        kept = {f"{me}{n}" for n in range(60) if n % 3 or n % 6 == 0}
        titles = {c.id: c.title for c in store.chats() if c.id.startswith(me)}
        assert titles == {id_: f"renamed {id_}" for id_ in kept}
    assert {c.id for c in store.chats("word q")} == {"both"}
    store.close()
