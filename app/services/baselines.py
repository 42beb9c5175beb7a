"""Measured plain speeds in one JSON file of the data folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.domain.baseline import Baseline
from mtp_mlx.files import write_atomically


class BaselineStore:
    """A missing or damaged file costs a new measurement, no more."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)

    def get(self, key: str) -> Baseline | None:
        return self._known.get(key)

    def put(self, key: str, baseline: Baseline) -> None:
        """Known from now on, also where writing it down raises OSError."""
        self._known[key] = baseline
        text = msgspec.json.format(msgspec.json.encode(self._known), indent=2)
        write_atomically(self._path, text)


def _read(path: Path) -> dict[str, Baseline]:
    try:
        known = msgspec.json.decode(path.read_bytes(), type=dict[str, Baseline])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return {key: one for key, one in known.items() if one.tokens > 0 and one.seconds > 0}
