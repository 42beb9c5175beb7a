"""Damaged files, which must not be lost."""

from __future__ import annotations

import time
from pathlib import Path


def set_aside(path: Path) -> Path:
    """Rename a damaged file so that its name is free, and return where it went."""
    stamp = time.strftime("%Y-%m-%d %H.%M.%S")
    target = path.with_name(f"{path.stem} (damaged {stamp}){path.suffix}")
    path.replace(target)
    return target
