"""The file of what random weights of true shapes reached, here and on earlier machines."""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.domain.models import Trial
from app.services.readable import UNREADABLE
from mtp_mlx.files import write_atomically


class TrialsFile:
    """One JSON file. A damaged one costs new trials, no more."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[Trial, ...]:
        """Return the last trial of each pair and precision."""
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=tuple[Trial, ...])
        except (OSError, *UNREADABLE):
            return ()
        return tuple({one.key: one for one in kept}.values())

    def put(self, trial: Trial) -> None:
        """Write one trial beside those of other windows. Raises OSError."""
        kept = {one.key: one for one in self.read()} | {trial.key: trial}
        content = msgspec.json.encode(tuple(kept.values()))
        write_atomically(self._path, msgspec.json.format(content, indent=2))
