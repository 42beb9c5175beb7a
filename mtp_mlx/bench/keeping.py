"""A report on disk while it grows: saved whole after every run, and nowhere lost at the end."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

from mtp_mlx.errors import ReportNotSaved
from mtp_mlx.learned import folder
from mtp_mlx.report.model import Report
from mtp_mlx.report.saving import encode, write


class Keeper:
    """Keeps one report on disk. A disk that refuses is warned of once, and tried again each run."""

    def __init__(self, out: Path, warn: Callable[[str], None]) -> None:
        self.out = out
        self._warn = warn
        self._warned = False
        self.spare: Path | None = None  # where the report is, if not there

    def keep(self, report: Report) -> None:
        """Save the report so far, so that a crash loses the run at hand at most."""
        try:
            write(encode(report), self.out)
        except ReportNotSaved as error:
            if not self._warned:
                self._warn(f"{error} The benchmark goes on and tries again.")
            self._warned = True

    def finish(self, report: Report) -> None:
        """Raises ReportNotSaved, which names the place where the report is instead."""
        data = encode(report)
        try:
            write(data, self.out)
        except ReportNotSaved as error:
            self.spare = elsewhere(data, self.out.stem)
            if self.spare is None:
                raise
            raise ReportNotSaved(error.message, f"It is kept in {self.spare} instead.") from error


def elsewhere(data: bytes, stem: str) -> Path | None:
    """Save a report in another folder and return its path; None where no folder takes it."""
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
    """Return a name that replaces no report kept before."""
    names = (place / f"{stem}{f'-{n}' if n else ''}.json" for n in count())
    return next(name for name in names if not name.exists())
