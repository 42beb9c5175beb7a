"""Where things lie: the files shipped with the program, and the user's own data folder."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from platformdirs import user_data_path

DATA_VARIABLE = "MTP_MLX_DATA"
"""Set this variable to keep data elsewhere than in the user's own data folder."""

LICENCES = "licences.txt"
"""The page that a bundle has among its resources: the licence of everything in it."""

_PACKAGE = Path(str(files("mtp_mlx")))


def resources() -> Path:
    """Return the folder of shipped files: built-in pair, prompts, icons, themes, font.

    `setup.py` puts it into the package, so that a wheel and a frozen bundle have it there; a
    checkout has it beside the package.
    """
    packed = _PACKAGE / "resources"
    return packed if packed.is_dir() else _PACKAGE.parent / "resources"


def licences() -> Path | None:
    """Return the page with the licences of everything in a bundle; None outside of one."""
    page = resources() / LICENCES
    return page if page.is_file() else None


def checkout() -> Path | None:
    """Return the root of the checkout that the program runs from; None for an installed copy.

    A built package carries its resources within itself, wherever it is laid: also inside another
    project's checkout.
    """
    root = _PACKAGE.parent
    return root if resources() == root / "resources" and (root / ".git").exists() else None


def program_command() -> str:
    """Return how a user of this copy starts `mtp-mlx`: by the checkout's script, or by its name."""
    return "scripts/run" if checkout() else "mtp-mlx"


def data_folder() -> Path:
    """Return the folder of chats, reports and measurements, which may not exist yet.

    They belong among the user's data, not into a cache that the system may empty.
    """
    chosen = os.environ.get(DATA_VARIABLE)
    return Path(chosen) if chosen else user_data_path("MTP MLX", appauthor=False)


def models_folder() -> Path:
    """Return the folder of the models that were made on this machine, which may not exist yet."""
    return data_folder() / "models"
