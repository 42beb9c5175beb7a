"""The folder of speed reports. What cannot be read is listed with the reason, and left alone.

Deleting moves a report aside, so that it can be taken back; after 30 days it is gone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from mtp_mlx.errors import MtpMlxError, ReportNotSaved
from mtp_mlx.report.model import Outline, Report
from mtp_mlx.report.saving import load, outline, read

KEPT_S = 30 * 24 * 3600.0
_ASIDE = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEntry:
    """A file of the folder. Without an outline it cannot be opened, and `trouble` says why."""

    name: str
    written: float  # seconds since the epoch
    outline: Outline | None = None
    trouble: str = ""

    @property
    def made(self) -> float:
        """Begun, or, where that is not told, written; seconds since the epoch."""
        created = self.outline.created if self.outline else None
        try:
            return datetime.fromisoformat(created).timestamp() if created else self.written
        except ValueError:
            return self.written


class ReportFiles:
    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._clock = clock
        self._known: dict[tuple[str, int, int], ReportEntry] = {}

    def entries(self) -> tuple[ReportEntry, ...]:
        """Newest first. Raises ReportNotSaved where the folder is there and cannot be read."""
        found = [self._entry(path) for path in self._files()]
        self._known = dict(found)
        return tuple(sorted((entry for _, entry in found), key=_age))

    def new(self) -> Path:
        """A name for a report that is to be written. Raises ReportNotSaved."""
        self._make(self.folder)
        stamp = time.strftime("%Y-%m-%d %H.%M.%S", time.localtime(self._clock()))
        return _unused(self.folder, f"benchmark {stamp}")

    def path(self, name: str) -> Path:
        return self.folder / name

    def load(self, name: str) -> Report:
        """Raises UsageError where it is gone, DamagedReport, NewerReport."""
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
        """Under its name, or, where that is taken now, beside it. Raises ReportNotSaved."""
        taken = self.path(name).exists()
        target = _unused(self.folder, Path(name).stem) if taken else self.path(name)
        try:
            aside.replace(target)
        except OSError as error:
            raise ReportNotSaved(
                f"{name} was not brought back: {error.strerror}.",
                f"It lies in the folder “{_ASIDE}” of the reports.",
            ) from error

    def purge(self) -> None:
        """What was deleted too long ago goes for good; what cannot go stays for another time."""
        for path in (self.folder / _ASIDE).glob("*.json"):
            try:
                if self._clock() - path.stat().st_mtime > KEPT_S:
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

    def _entry(self, path: Path) -> tuple[tuple[str, int, int], ReportEntry]:
        """Read once for as long as the file stays the same."""
        try:
            stat = path.stat()
        except OSError:  # gone meanwhile, or a link to nowhere: reading says so
            return (path.name, 0, 0), _read(path, 0.0)
        key = (path.name, stat.st_mtime_ns, stat.st_size)
        return key, self._known.get(key) or _read(path, stat.st_mtime)

    @staticmethod
    def _make(folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ReportNotSaved(
                f"There is no folder for speed reports: {error.strerror}.",
                "Free some space, or look at the permissions of the data folder.",
            ) from error


def _age(entry: ReportEntry) -> tuple[float, str]:
    return (-entry.made, entry.name)


def _read(path: Path, written: float) -> ReportEntry:
    try:
        return ReportEntry(name=path.name, written=written, outline=outline(read(path), path.name))
    except MtpMlxError as error:
        return ReportEntry(name=path.name, written=written, trouble=str(error))


def _unused(folder: Path, stem: str) -> Path:
    """A name that replaces nothing."""
    names = (folder / f"{stem}{f' ({n})' if n > 1 else ''}.json" for n in count(1))
    return next(path for path in names if not path.exists())
