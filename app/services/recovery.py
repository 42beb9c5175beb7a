"""A damaged database: what can be read of it goes into a new file, and the old one is kept.

Nothing is altered before it is kept: the damage is looked for by a connection that only reads, the
new file is made of copies, and it is whole before the old one and its log, byte for byte, get
another name, both the same. On a disk without room for that everything stays as it is.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from app import strings
from app.services.database import (
    INDEX_ONLY,
    PRIVATE,
    SOUND,
    connect,
    is_unusable_now,
    look,
    stamp,
    unused,
)
from app.services.migrations import STEPS, made_by, number_anew, reattach
from app.services.search_index import SearchIndex
from app.services.write_ahead_log import Log, Pages, is_cut, log_of, read_log, write_pages
from mtp_mlx.report.words import count as grouped

_TABLES = ("chats", "messages", "pieces", "draft_files")  # those that others refer to come first
_MOST_PROBES = 200_000  # rows that are asked for one by one where a table is torn
_KEPT = " (damaged "
_DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError)  # what reading it raises

# What SQLite writes into the first 100 bytes of each of our files, by place.
_HEADER = {
    0: b"SQLite format 3\0\x10\x00\x02\x02\x00\x40\x20\x20",
    44: b"\0\0\0\x04",
    52: b"\0\0\0\0\0\0\0\x01",
    64: b"\0\0\0\0",
    72: b"\0" * 20,
}
_PAGE = 4096


def mend(path: Path, reason: str = "") -> str:
    """Make a database usable that no other program has open. Return what was wrong, or "".

    With a `reason` it is known to be unusable. Raises OSError or sqlite3.OperationalError where
    the disk refuses, and leaves everything as it was; NewerSchemaError.
    """
    log = log_of(path)
    _clean(path)
    if not path.exists() or not path.stat().st_size:
        return _set_log_aside(path, log)
    frames = read_log(log, path)
    if not reason:
        reason = _fault(path, frames)
    if not reason:
        return ""
    try:
        new = path.with_name(f"{path.stem}.new{path.suffix}")
        messages = _make(new, path, log, frames)
        kept = _put_in_place(new, path, log)
    finally:
        _clean(path)
    if messages:
        return strings.CHATS_MENDED.format(reason=reason, count=grouped(messages), name=kept.name)
    return strings.CHATS_SET_ASIDE.format(reason=reason, name=kept.name)


def kept_files(folder: Path) -> tuple[str, ...]:
    """Return the names of the damaged databases that were kept, the oldest first."""
    names = (path.name for path in folder.glob(f"*{_KEPT}*.sqlite3*"))
    return tuple(sorted({name.removesuffix("-wal") for name in names}))


def _fault(path: Path, frames: Log) -> str:
    """Return what is wrong, or "". A search index that is damaged is made anew."""
    fault = look(path)
    if fault == SOUND and not _can_be_written(path, frames):
        fault = strings.HEADER_DAMAGED
    if frames.broken:
        return strings.LOG_BROKEN if fault == SOUND else fault
    if fault == SOUND and is_cut(path, frames):
        return strings.LOG_CUT
    if fault == INDEX_ONLY:
        try:
            connect(path).close()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            return str(error)
        return ""
    return "" if fault == SOUND else fault


def _can_be_written(path: Path, frames: Log) -> bool:
    """Whether the version in the header is one that SQLite writes; others it only reads."""
    if 1 in frames.whole.at:
        return True
    with path.open("rb") as file:
        return set(file.read(20)[18:]) <= {1, 2}


def _clean(path: Path) -> None:
    """Remove what was being made when a program ended."""
    for left in path.parent.glob(f"{path.stem}.new*"):
        left.unlink()


def _set_log_aside(path: Path, log: Path) -> str:
    """A log without its file would be applied to the new one."""
    if not log.exists() or not log.stat().st_size:
        return ""
    target = log_of(unused(path.parent, f"{path.stem}{_KEPT}{stamp()})", path.suffix))
    log.rename(target)
    return strings.CHATS_SET_ASIDE.format(reason=strings.LOG_ALONE, name=target.name)


def _make(new: Path, path: Path, log: Path, frames: Log) -> int:
    """Write the new file, whole and without a log. Returns how many messages it holds.

    It begins as the first state of the old one that is sound: with all of the log, with what is
    before its break, or without it. From the others it gets the rows that it lacks.
    """
    states = [frames.whole, frames.before_break, Pages()]
    copies: list[Path] = []
    for pages in [state for n, state in enumerate(states) if state not in states[:n]]:
        copy = new.with_name(f"{new.stem}.{len(copies)}{new.suffix}")
        _copy(path, copy)
        write_pages(copy, log, pages, frames.page_size)
        copies.append(copy)
    sound = next((copy for copy in copies if _is_sound(copy)), None)
    if sound is not None:
        copies.remove(sound)
        sound.replace(new)
    with closing(connect(new)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")  # parents may come after their children
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            for copy in copies:
                _take_over(connection, copy)
            reattach(connection)
        count: int = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return count


def _is_sound(copy: Path) -> bool:
    """Whether it is, perhaps after its header was put right and its indexes were made anew."""
    for attempt in (None, _right_header, _right_number, _right_schema, _index_anew):
        try:
            if attempt is not None:
                attempt(copy)
            with closing(connect(copy)) as connection:
                SearchIndex.drop(connection)  # damage in it is not always found
        except sqlite3.OperationalError as error:
            if is_unusable_now(error) and error.sqlite_errorcode != sqlite3.SQLITE_READONLY:
                raise
        except sqlite3.DatabaseError:
            continue
        else:
            return True
    return False


def _right_header(copy: Path) -> None:
    if copy.stat().st_size % _PAGE:
        return
    with copy.open("r+b") as file:
        for place, content in _HEADER.items():
            file.seek(place)
            file.write(content)


def _right_number(copy: Path) -> None:
    with suppress(*_DAMAGE), closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        number_anew(connection)


def _right_schema(copy: Path) -> None:
    """Put back how tables and indexes were made; their rows are where they were."""
    with suppress(*_DAMAGE), closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.executemany(
            "UPDATE sqlite_master SET sql = ? WHERE name = ?",
            [(sql, name) for name, sql in made_by(len(STEPS)).items()],
        )
        connection.execute("PRAGMA writable_schema = RESET")


def _index_anew(copy: Path) -> None:
    with suppress(UnicodeDecodeError), closing(sqlite3.connect(copy)) as connection:
        connection.execute("REINDEX")


def _take_over(connection: sqlite3.Connection, copy: Path) -> None:
    """Bring in the rows of a damaged file that can be read; one that is there already stays."""
    with suppress(*_DAMAGE), closing(sqlite3.connect(copy)) as source:
        source.text_factory = bytes
        for table in _TABLES:
            for row in _rows(source, table, _shared_columns(connection, source, table)):
                with suppress(*_DAMAGE):
                    _insert(connection, table, row)


def _shared_columns(
    connection: sqlite3.Connection, source: sqlite3.Connection, table: str
) -> list[str]:
    wanted = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    there = [row[1].decode() for row in source.execute(f"PRAGMA table_info({table})")]
    return [name for name in wanted if name in there and name != "number"]


def _rows(
    source: sqlite3.Connection, table: str, columns: Sequence[str]
) -> Iterator[dict[str, object]]:
    """Yield what can be read of a table: from its begin, from its end, and between these."""
    if not columns:
        return
    query = f"SELECT rowid, {', '.join(columns)} FROM {table} NOT INDEXED"  # noqa: S608
    last = -1
    first = None
    try:
        for number, *values in source.execute(f"{query} ORDER BY rowid"):
            yield dict(zip(columns, values, strict=True))
            last = number
    except _DAMAGE:
        first = last + _MOST_PROBES
    else:
        return
    with suppress(*_DAMAGE):
        for number, *values in source.execute(
            f"{query} WHERE rowid > ? ORDER BY rowid DESC", (last,)
        ):
            yield dict(zip(columns, values, strict=True))
            first = number
    for number in range(last + 1, min(first, last + _MOST_PROBES)):
        with suppress(*_DAMAGE):
            for _, *values in source.execute(f"{query} WHERE rowid = ?", (number,)):
                yield dict(zip(columns, values, strict=True))


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    """Text that is no UTF-8 stays as it is. What has lost its chat gets one without a title."""
    if table == "messages":
        row |= {"indexed": 0}
        connection.execute(
            "INSERT OR IGNORE INTO chats (id, created, updated, settings)"
            " VALUES (CAST(? AS TEXT), 0, 0, '{}')",
            (row["chat_id"],),
        )
    places = ", ".join("CAST(? AS TEXT)" if isinstance(v, bytes) else "?" for v in row.values())
    connection.execute(
        f"INSERT OR IGNORE INTO {table} ({', '.join(row)}) VALUES ({places})",  # noqa: S608
        tuple(row.values()),
    )


def _put_in_place(new: Path, path: Path, log: Path) -> Path:
    """Return where the old file went. It has two names before it loses its own."""
    kept = unused(path.parent, f"{path.stem}{_KEPT}{stamp()})", path.suffix)
    _sync(new)
    _second_name(path, kept)
    if log.exists() and log.stat().st_size:
        _second_name(log, log_of(kept))
    log.unlink(missing_ok=True)
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    new.replace(path)
    return kept


def _second_name(path: Path, other: Path) -> None:
    """A copy, where the file system has no links."""
    try:
        os.link(path, other)
    except OSError:
        _copy(path, other)


def _copy(path: Path, target: Path) -> None:
    try:
        shutil.copyfile(path, target)
        target.chmod(PRIVATE)
    except OSError:
        target.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
