"""Tests on a Mac without Metal, as hosted runners may be: MLX cannot make an array there.

Importing it may even end the process, so a process of its own tries. Where that fails, a test is
skipped as soon as it imports MLX; so is a test that is marked `mlx`, because it starts another
process that computes. Two folders are left out whole. All other tests run.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from types import ModuleType

import pytest

VARIABLE = "MTP_MLX_TESTS_METAL"
"""Set to `no` to skip as on a Mac without Metal; to `yes` to run all tests without trying."""

REASON = "MLX does not compute here: this Mac offers no Metal"
TRIAL = "import mlx.core as mx; mx.eval(mx.ones((8, 8)) @ mx.ones((8, 8)))"
TRIAL_S = 120
FOLDERS = ("engine", "loading")
"""Folders of tests whose conftest.py imports MLX, which pytest cannot skip."""


@cache
def mlx_computes() -> bool:
    """Return whether MLX computes on this machine; on Linux it always does, on the CPU."""
    if VARIABLE in os.environ or platform.system() != "Darwin":
        return os.environ.get(VARIABLE) != "no"
    done = subprocess.run(
        [sys.executable, "-c", TRIAL], capture_output=True, timeout=TRIAL_S, check=False
    )
    os.environ[VARIABLE] = "no" if done.returncode else "yes"  # for the processes of pytest-xdist
    return done.returncode == 0


class NoMlx(MetaPathFinder):
    """Skips the test, or the file of tests, that imports MLX."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        del path, target
        if fullname.partition(".")[0] == "mlx":
            pytest.skip(REASON, allow_module_level=True)


def skip_what_needs_mlx(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("mlx"):
            item.add_marker(pytest.mark.skip(reason=REASON))
