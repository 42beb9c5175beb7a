"""The places in a bundle. They are the same on Linux, where the bundle is started in checks."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from app.strings import APP_NAME
from bundling.macho import Version

COMMAND = "mtp-mlx"
"""The program of the command line, beside that of the window."""

FLOOR: Version = (15, 0)
"""The least macOS: Qt's bindings are stamped with it."""

PYTHON_VERSION = (3, 12)
"""The bundle's Python: PySide6 6.12 loses references below it."""

NEWER_MLX = "mlx26"
"""The folder of the MLX that needs `NEWER_FLOOR`; `inside/sitecustomize.py` chooses it."""

NEWER_FLOOR: Version = (26, 2)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of the bundle `root` lie. `python` names the version of its Python."""

    root: Path
    python: Version = PYTHON_VERSION

    @property
    def contents(self) -> Path:
        return self.root / "Contents"

    @property
    def resources(self) -> Path:
        return self.contents / "Resources"

    @property
    def information(self) -> Path:
        return self.contents / "Info.plist"

    @property
    def icon(self) -> Path:
        return self.resources / "app.icns"

    @property
    def programs(self) -> Path:
        return self.contents / "MacOS"

    @property
    def window(self) -> Path:
        return self.programs / APP_NAME

    @property
    def command(self) -> Path:
        return self.programs / COMMAND

    @property
    def home(self) -> Path:
        """The bundle's Python: `bin`, `lib` and the standard library."""
        return self.resources / "python"

    @property
    def interpreter(self) -> Path:
        return self.home / "bin" / "python3"

    @property
    def standard_library(self) -> Path:
        return self.home / "lib" / f"python{dotted(self.python)}"

    @property
    def packages(self) -> Path:
        return self.standard_library / "site-packages"

    @property
    def newer_mlx(self) -> Path:
        return self.resources / NEWER_MLX


def dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def python_library(version: Version, *, macos: bool) -> str:
    """Return the file name of Python as a library, which the stub loads."""
    name = f"libpython{dotted(version)}"
    return f"{name}.dylib" if macos else f"{name}.so.1.0"


def on_macos() -> bool:
    return sys.platform == "darwin"
