"""Settings in one JSON file of the data folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.domain.settings import Settings
from mtp_mlx.files import write_atomically


class SettingsStore:
    """Holds the current settings; `update` writes them where they changed.

    A missing or damaged file means the defaults: nothing in it is worth a question at start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.current = _read(path)

    def update(self, settings: Settings) -> None:
        if settings == self.current:
            return
        self.current = settings
        text = msgspec.json.format(msgspec.json.encode(settings), indent=2)
        write_atomically(self._path, text)


def _read(path: Path) -> Settings:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Settings()
