"""Files that must never be half written, and damaged ones that must not be lost."""

from __future__ import annotations

import os
import time
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Either the old content or the new one survives a crash. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def set_aside(path: Path) -> Path:
    """Rename a damaged file so that its name is free, and return where it went."""
    stamp = time.strftime("%Y-%m-%d %H.%M.%S")
    target = path.with_name(f"{path.stem} (damaged {stamp}){path.suffix}")
    path.replace(target)
    return target
