"""The folder of speed reports. A file that cannot be read is listed with the reason and kept.

A deleted report is moved aside, can be restored for 30 days, and is then removed for good.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from app import strings
from app.services.text_files import printable
from mtp_mlx.errors import MtpMlxError, ReportNotSaved
from mtp_mlx.report.model import Outline, Report
from mtp_mlx.report.saving import load, outline, read

KEPT_S = 30 * 24 * 3600.0  # how long a deleted report is kept
OUTGOING_S = 24 * 3600.0  # how long a file stays that was dragged out
_ASIDE, _OUTGOING = "deleted", "outgoing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEntry:
    """A file of the folder. `outline` is None where it cannot be read; `trouble` then says why."""

    name: str
    written: float  # seconds since the epoch
    outline: Outline | None = None
    trouble: str = ""

    @property
    def made(self) -> float:
        """Return when the report was begun, or else when its file was written, in epoch seconds."""
        created = self.outline.created if self.outline else None
        try:
            return datetime.fromisoformat(created).timestamp() if created else self.written
        except ValueError:
            return self.written


@dataclass(frozen=True, slots=True)
class _Version:
    """What identifies a file's content: another one means that the file has changed."""

    name: str
    mtime_ns: int = 0
    size: int = 0


class ReportFiles:
    """The reports of one folder. Lives on the files thread."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._clock = clock
        self._listed: dict[_Version, ReportEntry] = {}  # as read for the last list

    def entries(self) -> tuple[ReportEntry, ...]:
        """Return the folder's files, newest first; () without a folder. Raises ReportNotSaved."""
        self._listed = dict(self._entry(path) for path in self._files())
        return tuple(sorted(self._listed.values(), key=_age))

    def new(self) -> Path:
        """Return an unused path for a report that is to be written. Raises ReportNotSaved."""
        self._make(self.folder)
        stamp = time.strftime("%Y-%m-%d %H.%M.%S", time.localtime(self._clock()))
        return _unused(self.folder, f"benchmark {stamp}")

    def path(self, name: str) -> Path:
        return self.folder / name

    def load(self, name: str) -> Report:
        """Return the report. Raises UsageError where it is gone, DamagedReport, NewerReport."""
        return load(self.path(name))

    def delete(self, name: str) -> Path:
        """Move it aside and return where to. Raises ReportNotSaved."""
        aside = self.folder / _ASIDE
        self._make(aside)
        target = _unused(aside, Path(name).stem)
        now = self._clock()
        try:
            self.path(name).replace(target)
            os.utime(target, (now, now))  # the 30 days begin now
        except OSError as error:
            raise ReportNotSaved(
                f"{name} was not deleted: {error.strerror}.", "Try again."
            ) from error
        return target

    def restore(self, aside: Path, name: str) -> None:
        """Move a deleted report back, under another name where its own is taken.

        Raises ReportNotSaved.
        """
        taken = self.path(name).exists()
        target = _unused(self.folder, Path(name).stem) if taken else self.path(name)
        try:
            aside.replace(target)
        except OSError as error:
            raise ReportNotSaved(
                f"{name} was not brought back: {error.strerror}.",
                f"It lies in the folder “{_ASIDE}” of the reports.",
            ) from error

    def outgoing(self, name: str) -> Path:
        """Return where to write a file that is dragged to another program. Raises ReportNotSaved.

        It stays for a day: the other program may read it long after the mouse was released.
        """
        self._make(self.folder / _OUTGOING)
        return self.folder / _OUTGOING / name

    def purge(self) -> None:
        """Remove what was deleted 30 days ago, and what was dragged out a day ago.

        A file that cannot be removed stays.
        """
        self._remove((self.folder / _ASIDE).glob("*.json"), KEPT_S)
        self._remove((self.folder / _OUTGOING).glob("*.*"), OUTGOING_S)

    def _remove(self, paths: Iterable[Path], after_s: float) -> None:
        for path in paths:
            try:
                if self._clock() - path.stat().st_mtime > after_s:
                    path.unlink()
            except OSError:
                continue

    def _files(self) -> Iterator[Path]:
        try:
            yield from (path for path in self.folder.iterdir() if path.suffix.lower() == ".json")
        except FileNotFoundError:
            return
        except OSError as error:
            raise ReportNotSaved(
                f"The folder of speed reports cannot be read: {error.strerror}.",
                "Look at its permissions.",
            ) from error

    def _entry(self, path: Path) -> tuple[_Version, ReportEntry]:
        """Return a file's version and entry; it is read again only where it has changed."""
        try:
            stat = path.stat()
        except OSError:  # gone meanwhile, or a link to nowhere: reading says so
            return _Version(path.name), _read(path, 0.0)
        version = _Version(path.name, stat.st_mtime_ns, stat.st_size)
        return version, self._listed.get(version) or _read(path, stat.st_mtime)

    @staticmethod
    def _make(folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ReportNotSaved(
                f"There is no folder for speed reports: {error.strerror}.",
                "Free some space, or look at the permissions of the data folder.",
            ) from error


def _age(entry: ReportEntry) -> tuple[float, str]:
    return (-entry.made, entry.name)


def _read(path: Path, written: float) -> ReportEntry:
    name = printable(path.name)
    if name != path.name:
        return ReportEntry(
            name=name, written=written, trouble=strings.FILE_NAME_UNREADABLE.format(name=name)
        )
    try:
        return ReportEntry(name=path.name, written=written, outline=outline(read(path), path.name))
    except MtpMlxError as error:
        return ReportEntry(name=path.name, written=written, trouble=str(error))


def _unused(folder: Path, stem: str) -> Path:
    """Return a path that no file has."""
    names = (folder / f"{stem}{f' ({n})' if n > 1 else ''}.json" for n in count(1))
    return next(path for path in names if not path.exists())
