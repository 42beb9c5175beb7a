"""The log, frame by frame, as SQLite itself reads it."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from app.services.write_ahead_log import Log, log_of, read_log, write_pages


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.sqlite3"


def logged(path: Path, rows: int, *, rolled_back: int = 0) -> sqlite3.Connection:
    """A connection whose transactions are in the log, the last of them one that was given up."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA cache_size = 5; CREATE TABLE t (x)")
    for number in range(rows):
        connection.execute("INSERT INTO t VALUES (?)", (f"{number} " * 200,))
    if rolled_back:
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO t VALUES (?)", [(f"{n} lost" * 200,) for n in range(rolled_back)]
        )
        connection.execute("ROLLBACK")
    return connection


def copied(path: Path) -> Path:
    """The file and its log as a killed program leaves them."""
    copy = path.with_name("copy.sqlite3")
    copy.write_bytes(path.read_bytes())
    log_of(copy).write_bytes(log_of(path).read_bytes())
    return copy


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        number: int = connection.execute("SELECT count(*) FROM t").fetchone()[0]
        return number


def test_all_of_a_sound_log_is_taken(path: Path) -> None:
    with closing(logged(path, 20)):
        log = read_log(log_of(path), path)
        assert log.taken == len(log.frames) > 20
        assert not log.broken
        copy = copied(path)
    frames = log_of(copy)
    write_pages(copy, frames, log.whole, log.page_size)
    frames.unlink()
    assert count(copy) == 20


def test_what_a_transaction_that_was_given_up_left_is_no_break(path: Path) -> None:
    """Frames of it lie behind the last commit, and behind those that were written over it."""
    with closing(logged(path, 10, rolled_back=200)) as connection:
        assert len(read_log(log_of(path), path).frames) > 30
        connection.execute("INSERT INTO t VALUES ('one more')")
        log = read_log(log_of(path), path)
        assert log.taken < len(log.frames)
        assert not log.broken
        copy = copied(path)
    log = read_log(log_of(copy), copy)
    write_pages(copy, log_of(copy), log.whole, log.page_size)
    log_of(copy).unlink()
    assert count(copy) == 11


def test_frames_of_an_older_generation_do_not_count(path: Path) -> None:
    with closing(logged(path, 40)) as connection:
        long = len(read_log(log_of(path), path).frames)
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
        connection.execute("INSERT INTO t VALUES ('one more')")
        log = read_log(log_of(path), path)
        assert len(log.frames) == log.taken < long
        assert not log.broken


def test_a_break_before_a_commit_is_one(path: Path) -> None:
    with closing(logged(path, 20)):
        copy = copied(path)
    log = log_of(copy)
    frames = read_log(log, copy).frames
    data = bytearray(log.read_bytes())
    data[frames[10].at + 100] ^= 1
    log.write_bytes(data)
    broken = read_log(log, copy)
    assert broken.broken
    assert broken.taken == 10
    assert [n for n, frame in enumerate(broken.frames) if not frame.readable] == [10]
    assert count(copy) < 20  # SQLite drops the rest without a word


@pytest.mark.parametrize("data", [b"", b"\0" * 40])
def test_an_empty_log_holds_nothing(path: Path, data: bytes) -> None:
    log_of(path).write_bytes(data)
    assert read_log(log_of(path), path) == Log(page_size=0)
    assert not read_log(log_of(path), path).broken


@pytest.mark.parametrize("data", [b"rubbish", struct.pack("<I", 7) * 500])
def test_rubbish_is_no_log(path: Path, data: bytes) -> None:
    log_of(path).write_bytes(data)
    assert read_log(log_of(path), path).broken
