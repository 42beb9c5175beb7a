"""Compiles stub.c, the program that Python is embedded in: here for macOS too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bundling.layout import FLOOR, Layout, dotted, on_macos, python_library

SOURCE = Path(__file__).parent / "stub.c"
ZIG = "ziglang==0.17.1"
"""A package with a C compiler for all systems."""


class NoCompilerError(Exception):
    """There is no compiler for macOS here."""


def lay(layout: Layout, *, macos: bool, tools: Path) -> None:
    """Compile the stub for macOS, or for this system, and lay it under its names.

    `tools` is a folder to keep a compiler in. Raises NoCompilerError.
    """
    compiler = _for_macos(tools) if macos else [os.environ.get("CC", "cc")]
    if shutil.which(compiler[0]) is None:
        raise NoCompilerError(f"{compiler[0]} is not here")
    definition = f'-DPYTHON_LIBRARY="{python_library(layout.python, macos=macos)}"'
    options = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", definition]
    libraries = [] if macos else ["-ldl"]
    layout.programs.mkdir(parents=True, exist_ok=True)
    command = [*compiler, *options, "-o", str(layout.window), str(SOURCE), *libraries]
    subprocess.run(
        command, check=True, env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(tools / "zig")}
    )
    shutil.copy2(layout.window, layout.command)


def _for_macos(tools: Path) -> list[str]:
    """Return a compiler for arm64: Apple's on a Mac, else zig's."""
    least = dotted(FLOOR)
    if on_macos():
        return ["cc", "-arch", "arm64", f"-mmacosx-version-min={least}"]
    folder = tools / "ziglang"
    if not folder.is_dir():
        install = ["install", "--quiet", "--no-deps", "--target", str(folder), ZIG]
        if subprocess.run([sys.executable, "-m", "pip", *install], check=False).returncode != 0:
            raise NoCompilerError(f"pip cannot bring {ZIG}, and no other compiler is for macOS")
    zig = next(folder.glob("ziglang/zig*"), None)
    if zig is None:
        raise NoCompilerError(f"{ZIG} has no compiler in it")
    return [str(zig), "cc", "-target", f"aarch64-macos.{least}", "-Wl,-headerpad_max_install_names"]
