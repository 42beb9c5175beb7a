"""The file of repositories that the user wants and that are not whole yet."""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.domain.models import Wanted
from app.services.readable import UNREADABLE
from mtp_mlx.files import write_atomically

MOST_WANTED = 50


class FetchQueueFile:
    """One JSON file. A damaged one costs the list; what was fetched stays on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[Wanted, ...]:
        try:
            wanted = msgspec.json.decode(self._path.read_bytes(), type=tuple[Wanted, ...])
        except (OSError, *UNREADABLE):
            return ()
        return tuple({one.repository: one for one in wanted}.values())[:MOST_WANTED]

    def put(self, wanted: Wanted) -> None:
        """Write one entry, beside those of other windows. Raises OSError."""
        kept = {one.repository: one for one in self.read()}
        self._write({**kept, wanted.repository: wanted})

    def remove(self, repository: str) -> None:
        """Drop an entry: it is whole, or wanted no longer. Raises OSError."""
        kept = {one.repository: one for one in self.read()}
        if kept.pop(repository, None) is not None:
            self._write(kept)

    def _write(self, wanted: dict[str, Wanted]) -> None:
        content = msgspec.json.encode(tuple(wanted.values()))
        write_atomically(self._path, msgspec.json.format(content, indent=2))
