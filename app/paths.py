"""Where things lie: what ships with the program, and the user's own data folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from platformdirs import user_data_path

from app import strings

DATA_VARIABLE = "MTP_MLX_DATA"
"""Keeps window and engine off the user's own data folder; the engine reads it too."""


def resources() -> Path:
    """The folder of shipped files; a frozen bundle unpacks it next to the code."""
    return Path(__file__).resolve().parent.parent / "resources"


def data_folder() -> Path:
    """Chats belong among the user's data, not into a cache that the system may empty."""
    chosen = os.environ.get(DATA_VARIABLE)
    return Path(chosen) if chosen else user_data_path(strings.APP_NAME, appauthor=False)


def worker_command() -> list[str]:
    """A frozen bundle has no interpreter to hand a module to: it runs itself."""
    if hasattr(sys, "frozen"):
        return [sys.executable, "--worker"]
    return [sys.executable, "-P", "-m", "mtp_mlx", "worker"]
