"""One SQLite file that several processes may have open, and that survives their being killed.

Write-ahead logging keeps what was committed. A transaction takes the file at its start: one that
read first and wrote later could be refused for what another process wrote in between.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.services.migrations import migrate
from app.services.search_index import SearchIndex

BUSY_TIMEOUT_S = 5.0
_RETRY_S = 0.02


def connect(path: Path | str) -> sqlite3.Connection:
    """A file that was found sound and brought up to date.

    Raises sqlite3.DatabaseError where it is damaged, OperationalError where it cannot be used
    now, and NewerSchemaError.
    """
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        log_ahead(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        _check(connection)
        migrate(connection)
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def log_ahead(connection: sqlite3.Connection) -> None:
    """SQLite refuses this at once while another process opens the same new file: wait for it."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            return


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        yield


def set_aside(path: Path) -> Path:
    """Rename a damaged file, so that its name is free, and its log. Return where the file went.

    The log belongs to its file: left behind, it would be applied to the new one.
    """
    for suffix in ("-wal", "-shm"):
        log = path.with_name(path.name + suffix)
        if log.exists():
            _rename(log)
    return _rename(path)


def _rename(path: Path) -> Path:
    stamp = time.strftime("%Y-%m-%d %H.%M.%S")
    return path.rename(path.with_name(f"{path.stem} (damaged {stamp}){path.suffix}"))


def _check(connection: sqlite3.Connection) -> None:
    """A fault in the search index is no reason to part with the chats: it is made anew."""
    verdict = _verdict(connection)
    if verdict != "ok" and _are_sound(connection):
        SearchIndex.drop(connection)
        verdict = _verdict(connection)
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _are_sound(connection: sqlite3.Connection) -> bool:
    """Whether the chats, the messages and their pieces are, whatever else is not."""
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    tables = {"chats", "messages"}
    if not names.issuperset(tables):
        return False
    return all(_verdict(connection, t) == "ok" for t in tables | names & {"pieces"})


def _verdict(connection: sqlite3.Connection, what: str = "1") -> str:
    """Return "ok", or the first fault of the whole file or of one table."""
    verdict: str = connection.execute(f"PRAGMA integrity_check({what})").fetchone()[0]
    return verdict
