"""One SQLite file that several processes may have open, and that survives their being killed.

Write-ahead logging keeps what was committed. A transaction takes the file at its start: one that
read first and wrote later could be refused for what another process wrote in between.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path

from app import strings
from app.services.migrations import (
    STEPS,
    NewerSchemaError,
    is_as_made,
    migrate,
    refuse_newer,
    schema,
)
from app.services.search_index import SearchIndex
from app.services.write_ahead_log import LogEnd

BUSY_TIMEOUT_S = 2.0  # the store thread tries again, and a program that ends must not wait longer
_RETRY_S = 0.02
_OLD_COPIES = 2  # copies of before a migration that are kept
PRIVATE = 0o600

SOUND = "ok"  # as SQLite says it
INDEX_ONLY = "the search index is damaged"  # which is made anew

_UNUSABLE_NOW = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_AUTH,
    }
)


class Connection(sqlite3.Connection):
    """Text that is no UTF-8 is read as far as it can be; what it became is in `replaced`."""

    log_end: LogEnd | None = None  # of a file
    reattached = 0  # messages that the migration gave another parent
    unreadable = 0  # values that could not be read since the connection was made

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]  # sqlite3's own
        self.text_factory = self._text
        self.replaced: set[str] = set()
        self.flagged: dict[tuple[str, str], set[str]] = {}  # columns, by table and id

    def _text(self, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError:
            text = data.decode(errors="replace")
            self.replaced.add(text)
            return text


def connect(path: Path | str, *, check: bool = True) -> Connection:
    """A file that was found sound and brought up to date; before that, a copy of it is made.

    Raises sqlite3.DatabaseError where it is damaged, OperationalError where it cannot be used
    now, and NewerSchemaError. Without `check` it is taken to be sound.
    """
    if isinstance(path, Path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE))  # its log gets the same mode
    with _decoded():
        return _connected(path, check=check)


def _connected(path: Path | str, *, check: bool) -> Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, factory=Connection
    )
    try:
        log_ahead(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        if check:
            _check(connection)
        if isinstance(path, Path) and 0 < schema(connection) < len(STEPS):
            _copy_before_migration(connection, path)
        connection.reattached = migrate(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.log_end = LogEnd(path) if isinstance(path, Path) else None
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
def transaction(connection: Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        yield
    if connection.log_end is not None:
        with suppress(OSError):
            connection.log_end.note()


def look(path: Path) -> str:
    """Return what is wrong with a file, altering neither it nor its log; SOUND or INDEX_ONLY.

    Raises OperationalError where it cannot be used now, and NewerSchemaError.
    """
    try:
        with _decoded(), closing(_only_read(path)) as connection:
            fault = verdict(connection)
            refuse_newer(connection)
            if fault == SOUND and not is_as_made(connection):
                return strings.SCHEMA_DAMAGED
            return INDEX_ONLY if fault != SOUND and _are_sound(connection) else fault
    except sqlite3.DatabaseError as error:
        if is_unusable_now(error):
            raise
        return str(error)


def is_unusable_now(error: sqlite3.Error) -> bool:
    """Whether it is about the disk, a lock or permissions, and not about what is in the file."""
    if isinstance(error, NewerSchemaError):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _UNUSABLE_NOW


def copy_to(connection: sqlite3.Connection, target: Path) -> None:
    """Copy a database, with what is in its log, to one new file. Raises OSError, sqlite3.Error."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE))
    try:
        with closing(sqlite3.connect(part)) as copy:
            connection.backup(copy)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def unused(folder: Path, stem: str, suffix: str) -> Path:
    """Return a path that neither a file nor a log has."""
    names = (f"{stem}{f' {n}' if n > 1 else ''}{suffix}" for n in count(1))
    taken = {path.name for path in folder.iterdir()}
    return folder / next(name for name in names if not {name, f"{name}-wal"} & taken)


def stamp() -> str:
    return time.strftime("%Y-%m-%d %H.%M.%S")


@contextmanager
def _decoded() -> Iterator[None]:
    """SQLite may name what is damaged in a file, in bytes that are no text."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise sqlite3.DatabaseError(strings.NAMES_UNREADABLE) from error


def _only_read(path: Path) -> Connection:
    """The last connection to leave a file brings its log into it, unless it may only read."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(
        address, timeout=BUSY_TIMEOUT_S, isolation_level=None, uri=True, factory=Connection
    )


def _copy_before_migration(connection: sqlite3.Connection, path: Path) -> None:
    """An older release can go back to it. Of such copies the newest stay."""
    stem = f"{path.stem} (schema {schema(connection)}, "
    copy_to(connection, unused(path.parent, f"{stem}{stamp()})", path.suffix))
    copies = sorted(
        path.parent.glob(f"{path.stem} (schema *{path.suffix}"), key=lambda one: one.stat().st_mtime
    )
    for old in copies[:-_OLD_COPIES]:
        old.unlink(missing_ok=True)


def _check(connection: sqlite3.Connection) -> None:
    """A fault in the search index is no reason to part with the chats: it is made anew."""
    fault = verdict(connection)
    if fault != SOUND and _are_sound(connection):
        SearchIndex.drop(connection)
        fault = verdict(connection)
    if fault == SOUND and not is_as_made(connection):
        fault = strings.SCHEMA_DAMAGED
    if fault != SOUND:
        raise sqlite3.DatabaseError(fault)


def _are_sound(connection: sqlite3.Connection) -> bool:
    """Whether the chats, the messages and their pieces are, whatever else is not."""
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    tables = {"chats", "messages"}
    if not names.issuperset(tables):
        return False
    return all(verdict(connection, t) == SOUND for t in tables | names & {"pieces"})


def verdict(connection: sqlite3.Connection, what: str = "1") -> str:
    """Return "ok", or the first fault of the whole file or of one table."""
    fault: str = connection.execute(f"PRAGMA integrity_check({what})").fetchone()[0]
    return fault
