"""SQLite's write-ahead log, frame by frame: what SQLite will take of it, and what lies behind.

SQLite reads a log up to the first frame whose checksum is wrong, and drops the rest without a
word. Each checksum continues the one before it, so a frame behind a broken one can still be told
from rubbish: by the checksum that its predecessor holds. https://www.sqlite.org/fileformat2.html
"""

from __future__ import annotations

import os
import struct
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from operator import mul
from pathlib import Path

_HEADER = struct.Struct(">8I")  # magic, version, page size, checkpoint, 2 salts, 2 checksums
_FRAME = struct.Struct(">6I")  # page, size of the file after a commit, 2 salts, 2 checksums
_MAGIC = 0x377F0682  # its last bit says that checksums are over big-endian words
_WORD = 2**32
_PAGE_SIZES = frozenset(2**bits for bits in range(9, 17))


@dataclass(frozen=True, slots=True)
class _Sum:
    """Two running sums of 32 bits."""

    first: int = 0
    second: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One page as a transaction wrote it."""

    page: int  # counted from 1
    commits: int  # the pages of the whole file after a commit; 0: the transaction goes on
    at: int  # where its bytes begin in the log
    readable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The frames of the log's present generation; those of older ones are rubbish."""

    page_size: int
    frames: tuple[Frame, ...] = ()
    taken: int = 0  # of the frames, how many SQLite reads
    rubbish: bool = False  # it is no log at all

    @property
    def broken(self) -> bool:
        """Whether SQLite would drop a transaction that was committed, or the whole log."""
        return self.rubbish or any(frame.commits for frame in self.frames[self.taken :])

    @property
    def whole(self) -> Pages:
        """Everything readable that was committed, also behind a break."""
        return self._pages(len(self.frames))

    @property
    def before_break(self) -> Pages:
        return self._pages(self.taken)

    def _pages(self, count: int) -> Pages:
        ends = [n + 1 for n, frame in enumerate(self.frames[:count]) if frame.commits]
        if not ends:
            return Pages()
        committed = self.frames[: ends[-1]]
        return Pages(
            {frame.page: frame.at for frame in committed if frame.readable}, committed[-1].commits
        )


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the newest bytes of each page begin in a log; and how many pages the file then has."""

    at: Mapping[int, int] = field(default_factory=dict)
    count: int = 0


def log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


def read_log(log: Path, database: Path) -> Log:
    """Return what the log holds; a missing or empty one holds nothing. Raises OSError."""
    data = log.read_bytes() if log.exists() else b""
    if len(data) < _HEADER.size:
        return Log(page_size=0, rubbish=any(data))
    magic, _version, size, _checkpoint, *salts, first, second = _HEADER.unpack_from(data)
    order = ">" if magic & 1 else "<"
    start = _Sum(first, second)
    sound = (magic & ~1) == _MAGIC and size in _PAGE_SIZES
    sound = sound and _continued(_Sum(), data[: _HEADER.size - 8], order) == start
    if not sound:
        size, order = _page_size(database), "<"
    if size not in _PAGE_SIZES:
        return Log(page_size=0, rubbish=any(data))
    raw = [
        _FRAME.unpack_from(data, at)
        for at in range(_HEADER.size, len(data) - _FRAME.size - size + 1, _FRAME.size + size)
    ]
    if not sound and raw:
        salts = list(Counter((one[2], one[3]) for one in raw).most_common(1)[0][0])
    found = _judged(data, size, order, salts, raw, start if sound else None)
    readable = any(frame.readable for frame in found.frames)
    return found if sound or readable else Log(page_size=size, rubbish=any(data))


def _judged(
    data: bytes,
    size: int,
    order: str,
    salts: list[int],
    raw: list[tuple[int, ...]],
    start: _Sum | None,
) -> Log:
    """`start` is the checksum of a sound header."""
    frames: list[Frame] = []
    before = start
    chain = start is not None
    taken = 0
    for n, (page, commits, *held, first, second) in enumerate(raw):
        at = _HEADER.size + n * (_FRAME.size + size)
        body = at + _FRAME.size
        stored = _Sum(first, second)
        right = before is not None and stored == _continued(
            _continued(before, data[at : at + 8], order), data[body : body + size], order
        )
        ours = held == salts
        chain = chain and right and ours
        taken += chain
        # A salt that was damaged is no part of the checksum.
        if ours or (right and n and frames and frames[-1].at + size == at):
            frames.append(Frame(page=page, commits=commits, at=body, readable=right and page > 0))
        before = stored
    return Log(page_size=size, frames=tuple(frames), taken=taken)


_END = struct.Struct(">8sII")  # salts of the log's generation, frames, checksum of both
_SALTS = slice(16, 24)  # in the log's header
_COMMITS = slice(4, 8)  # in a frame's header
_OF_FRAME = slice(8, 16)


class LogEnd:
    """Writes down beside a database how many frames its log has.

    A log that was cut between two frames looks like one that ended there. A file that is too old
    or half written claims less or nothing: what it claims was there.
    """

    def __init__(self, database: Path) -> None:
        self._log = log_of(database)
        self._file = _end_of(database)
        self._salts = b""
        self._frames = 0

    def note(self) -> None:
        """Write down the last frame that ends a transaction. Raises OSError."""
        with self._log.open("rb") as log:
            header = log.read(_HEADER.size)
            if len(header) < _HEADER.size:
                return
            if header[_SALTS] != self._salts:
                self._salts, self._frames = header[_SALTS], 0
            length = _FRAME.size + int.from_bytes(header[8:12], "big")
            number, ended = self._frames, self._frames
            log.seek(_HEADER.size + number * length)
            while len(frame := log.read(_FRAME.size)) == _FRAME.size:
                if frame[_OF_FRAME] != self._salts:  # of an earlier generation
                    break
                number += 1
                ended = number if any(frame[_COMMITS]) else ended
                log.seek(length - _FRAME.size, os.SEEK_CUR)
        if ended > self._frames:
            self._frames = ended
            self._file.write_bytes(_END.pack(self._salts, ended, _check(self._salts, ended)))


def is_cut(database: Path, log: Log) -> bool:
    """Return whether the log has fewer frames than were written down of its generation.

    A log that is gone or empty is not judged: another program may have brought it into the file.
    """
    try:
        salts, frames, check = _END.unpack(_end_of(database).read_bytes())
        with log_of(database).open("rb") as file:
            present = file.read(_HEADER.size)[_SALTS]
    except (OSError, struct.error):
        return False
    return bool(check == _check(salts, frames) and present == salts and log.taken < frames)


def _end_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-end")


def _check(salts: bytes, frames: int) -> int:
    return zlib.crc32(salts + frames.to_bytes(4, "big"))


def write_pages(database: Path, log: Path, pages: Pages, page_size: int) -> None:
    """Bring pages of a log into a database that no program has open. Raises OSError."""
    if not pages.count:
        return
    with database.open("r+b") as file, log.open("rb") as source:
        for page, at in pages.at.items():
            source.seek(at)
            file.seek((page - 1) * page_size)
            file.write(source.read(page_size))
        file.truncate(pages.count * page_size)


def _page_size(database: Path) -> int:
    """Return what the database's first page says, or 0."""
    try:
        with database.open("rb") as file:
            header = file.read(18)
    except OSError:
        return 0
    size = int.from_bytes(header[16:18], "big") if len(header) == 18 else 0
    return 65536 if size == 1 else size


def _continued(before: _Sum, data: bytes, order: str) -> _Sum:
    """Return SQLite's checksum of `data` after `before`.

    For each pair of words: first += word + second; second += next word + first. That is linear,
    so the sums are products with factors that depend on the length alone.
    """
    count = len(data) // 4
    words = struct.unpack(f"{order}{count}I", data)
    factors = _factors(count)
    first = sum(map(mul, words, factors.first))
    second = sum(map(mul, words, factors.second))
    by = factors.before
    return _Sum(
        (first + by[0] * before.first + by[1] * before.second) % _WORD,
        (second + by[2] * before.first + by[3] * before.second) % _WORD,
    )


@dataclass(frozen=True, slots=True)
class _Factors:
    """What each word adds to the two sums, and, row by row, what the sums before it do."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    before: tuple[int, int, int, int]


@lru_cache(maxsize=8)
def _factors(count: int) -> _Factors:
    a, b, c, d = 1, 0, 0, 1  # the matrix of the steps that follow
    first: list[int] = []
    second: list[int] = []
    for _ in range(count // 2):
        # The later word of a pair enters the second sum only, the earlier one both.
        first += [b, (a + b) % _WORD]
        second += [d, (c + d) % _WORD]
        a, b, c, d = (a + b) % _WORD, (a + 2 * b) % _WORD, (c + d) % _WORD, (c + 2 * d) % _WORD
    return _Factors(tuple(reversed(first)), tuple(reversed(second)), (a, b, c, d))
