"""Settings in one JSON file of the data folder, which several windows may share."""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.domain.settings import Settings
from mtp_mlx.files import write_atomically


class SettingsStore:
    """Holds this window's settings; `update` writes those that it changed.

    What another window wrote meanwhile stays, unless both changed the same: then the last one
    counts. A missing or damaged file means the defaults: nothing in it is worth a question at
    start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.current = _read(path) or Settings()

    def update(self, settings: Settings) -> None:
        if settings == self.current:
            return
        changed = {
            name: value
            for name in settings.__struct_fields__
            if (value := getattr(settings, name)) != getattr(self.current, name)
        }
        written = msgspec.structs.replace(_read(self._path) or self.current, **changed)
        text = msgspec.json.format(msgspec.json.encode(written), indent=2)
        write_atomically(self._path, text)
        self.current = settings


def _read(path: Path) -> Settings | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
