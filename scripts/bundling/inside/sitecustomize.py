"""Python imports this module at each start of the bundle: it chooses the MLX of this macOS.

It also keeps the bundle sealed and apart: no bytecode is written, for a file more breaks the
signature, and no package comes from the user's own folder.
"""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path

NEWER = "mlx26"
LEAST = (26, 2)  # what the newer build is stamped with; it has the kernels of the M5


def macos_version(darwin: str) -> str:
    """Return the version of macOS from its kernel's: 25.2.0 is 26.2.

    `platform.mac_ver` answers 16.0 on macOS 26 to a Python that was built with an older SDK. Below
    macOS 26 the minor numbers of kernel and system differ, and nothing depends on them here.
    """
    major, minor = (int(part) for part in darwin.split(".")[:2])
    return f"{major + 1 if major >= 25 else major - 9}.{minor}"


def newer_mlx(version: str) -> bool:
    """Return whether macOS of this version, as "26.1", runs the newer of the two MLX builds."""
    return tuple(int(part) for part in version.split(".")[:2]) >= LEAST


def choose() -> None:
    sys.dont_write_bytecode = True
    if site.ENABLE_USER_SITE:
        own = site.getusersitepackages()
        sys.path[:] = [path for path in sys.path if path != own]
        site.ENABLE_USER_SITE = False  # nor is `usercustomize` imported, which comes next
    folder = Path(sys.prefix).parent / NEWER
    if (
        sys.platform == "darwin"
        and newer_mlx(macos_version(os.uname().release))
        and folder.is_dir()
    ):
        sys.path.insert(0, str(folder))


if __name__ == "sitecustomize":
    choose()
