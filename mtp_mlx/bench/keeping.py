"""What a benchmark leaves on the disk: its report, anew after every run, and a line for each run.

Where the disk refuses, a warning says so once and saving is tried again; no measurement is lost.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path

import msgspec

from mtp_mlx.errors import ReportNotSaved, UsageError
from mtp_mlx.files import read_ordinary
from mtp_mlx.learned import folder
from mtp_mlx.report.model import Mode, Report, Run, now
from mtp_mlx.report.saving import encode, not_saved, write
from mtp_mlx.report.spreadsheet import json_line

_START = b'{"mode":'  # of every line
_GOES_ON = "The benchmark goes on and tries again."


class Keeper:
    """Saves one report after every run."""

    def __init__(self, out: Path, warn: Callable[[str], None]) -> None:
        self.out = out
        self._warn = warn
        self._warned = False
        self.spare: Path | None = None  # where the report is, if `out` could not be written

    def keep(self, report: Report) -> None:
        """Save the report so far, so that a crash loses the current run at most."""
        try:
            write(encode(report), self.out)
        except ReportNotSaved as error:
            if not self._warned:
                self._warn(f"{error} {_GOES_ON}")
            self._warned = True

    def finish(self, report: Report) -> None:
        """Save the whole report. Raises ReportNotSaved, which names where it was saved instead."""
        data = encode(report)
        try:
            write(data, self.out)
        except ReportNotSaved as error:
            self.spare = elsewhere(data, self.out.stem)
            if self.spare is None:
                raise
            raise ReportNotSaved(error.message, f"It is kept in {self.spare} instead.") from error


def elsewhere(data: bytes, stem: str) -> Path | None:
    """Save a report in the data folder or a temporary one; return its path, None if both refuse."""
    for place in (folder().parent / "reports", Path(tempfile.gettempdir())):
        try:
            place.mkdir(parents=True, exist_ok=True)
            spare = _unused(place, stem[:80] or "report")
            write(data, spare)
        except (OSError, ReportNotSaved):
            continue
        return spare
    return None


def _unused(place: Path, stem: str) -> Path:
    """Return a path at which there is no file yet."""
    names = (place / f"{stem}{f'-{n}' if n else ''}.json" for n in count())
    return next(name for name in names if not name.exists())


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What tells the line of one run from that of every other: its place in its plan, its times."""

    plan_sha256: str | None
    prompt_id: str | None
    context_tokens: int | None
    repeat: int
    mode: Mode
    decode_tps: float | None
    ttft_s: float | None
    tokens_sha256: str | None


_MARK = msgspec.json.Decoder(Mark)


class RunLines:
    """Appends a line of JSON for each run to a file, and none that the file holds already.

    A last line that was cut, by a full disk or a crash, is taken away before the next is written.
    """

    def __init__(self, file: Path, warn: Callable[[str], None]) -> None:
        """Raises UsageError for a file that holds anything else."""
        self._file = file
        self._warn = warn
        self._warned = False
        self._waiting: list[bytes] = []  # lines that are not written yet
        written = _read(file)
        self._marks = set(_marks(file, written))
        last = written.rpartition(b"\n")[2]
        self._torn = len(last) if _mark(last) is None else 0  # bytes
        self._unended = bool(last) and not self._torn

    def add(self, report: Report, runs: Iterable[Run]) -> None:
        """Append the lines of whole `runs` of `report`, with those that were refused before."""
        for run in runs:
            line = json_line(report, run, now())
            mark = _MARK.decode(line)
            if mark not in self._marks and not run.cut:
                self._marks.add(mark)
                self._waiting.append(line)
        try:
            self._append()
        except OSError as error:
            if not self._warned:
                self._warn(f"{not_saved(self._file, error)} {_GOES_ON}")
            self._warned = True

    def finish(self) -> None:
        """Append what was refused before. Raises ReportNotSaved where it is refused again."""
        try:
            self._append()
        except OSError as error:
            raise not_saved(self._file, error) from error

    def _append(self) -> None:
        if not self._waiting:
            return
        with self._file.open("ab") as file:
            if self._torn:
                file.truncate(file.tell() - self._torn)
                self._torn = 0
            start = file.seek(0, os.SEEK_END)
            try:
                file.write(b"\n" * self._unended + b"".join(self._waiting))
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):
                    os.truncate(self._file, start)
                raise
        self._unended = False
        self._waiting.clear()


def _read(file: Path) -> bytes:
    try:
        return read_ordinary(file)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UsageError(
            f"Lines cannot be appended to {file.name}: {error.strerror}.",
            "Give another file to --jsonl.",
        ) from error


def _marks(file: Path, written: bytes) -> Iterable[Mark]:
    """Yield the marks of the lines, but for a last one that was cut.

    Raises UsageError for a line of something else.
    """
    lines = written.split(b"\n")
    if _is_cut(lines[-1]):
        lines.pop()
    for number, line in enumerate(lines, 1):
        mark = _mark(line)
        if mark is None:
            raise UsageError(
                f"Line {number} of {file.name} is no run of a benchmark.",
                "Give another file to --jsonl.",
            )
        yield mark


def _is_cut(last: bytes) -> bool:
    """Return whether the text behind the last end of a line is the beginning of one of ours."""
    if not (last.startswith(_START) or _START.startswith(last)):
        return False
    try:
        msgspec.json.decode(last)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True
    return False


def _mark(line: bytes) -> Mark | None:
    try:
        return _MARK.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
