"""Asking the system. What it does not answer in time, or at all, is None."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PATIENCE_S = 10.0  # system_profiler takes one or two seconds where it is slow
_MOST = 2**20  # characters; what is longer is no answer


def output(*command: str) -> str | None:
    """What a tool prints, also where it then fails: sysctl does so for one unknown key."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
            env=os.environ | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return _short(done.stdout)


def text(path: str) -> str | None:
    """The text of a small file of the system."""
    try:
        with Path(path).open("rb") as file:
            return _short(file.read(_MOST + 1))
    except OSError:
        return None


def listed(folder: str) -> list[str]:
    """The paths in a folder; none where there is no such folder."""
    try:
        return sorted(str(entry) for entry in Path(folder).iterdir())
    except OSError:
        return []


def load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except (OSError, AttributeError):
        return None


def _short(data: bytes) -> str | None:
    told = data.decode(errors="replace").strip()
    return told if 0 < len(told) <= _MOST else None
