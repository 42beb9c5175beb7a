"""The stub, compiled for this machine: how it calls Python, and with which environment."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from bundling import stub
from bundling.layout import Layout, python_library

PYTHON = r"""
#include <stdio.h>
extern char **environ;
int Py_BytesMain(int argc, char **argv) {
    for (int i = 0; i < argc; i++) printf("%s\n", argv[i]);
    for (char **entry = environ; *entry; entry++) printf("%s\n", *entry);
    return 7;
}
"""

pytestmark = pytest.mark.skipif(
    shutil.which("cc") is None or os.name != "posix" or not Path("/proc/self/exe").exists(),
    reason="no compiler for this system's own programs",
)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    folder = tmp_path_factory.mktemp("a place with ünïcode")
    layout = Layout(folder / "MTP MLX.app")
    library = layout.home / "lib" / python_library(layout.python, macos=False)
    library.parent.mkdir(parents=True)
    source = folder / "python.c"
    source.write_text(PYTHON)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    stub.lay(layout, macos=False, tools=folder)
    layout.interpreter.parent.mkdir()
    shutil.copy2(layout.window, layout.interpreter)
    return layout


def start(command: Sequence[str | Path], **variables: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        command, env={"PATH": os.environ["PATH"], **variables}, capture_output=True, check=False
    )
    return done.returncode, (done.stdout + done.stderr).decode().splitlines()


def test_each_name_runs_its_own_module(layout: Layout) -> None:
    python = str(layout.interpreter)
    for program, head in (
        (layout.window, [python, "-P", "-m", "app"]),
        (layout.command, [python, "-P", "-m", "mtp_mlx"]),
        (layout.interpreter, [python]),
    ):
        code, said = start([program, "--option", "two words", ""])
        assert code == 7
        assert said[: len(head) + 3] == [*head, "--option", "two words", ""]


def test_a_link_elsewhere_finds_the_bundle(layout: Layout, tmp_path: Path) -> None:
    link = tmp_path / "mtp"
    link.symlink_to(layout.command)
    assert start([link])[1][:4] == [str(layout.interpreter), "-P", "-m", "mtp_mlx"]


def test_nothing_of_another_python_comes_in(layout: Layout) -> None:
    foreign = {
        "PYTHONHOME": "/nonexistent",
        "PYTHONPATH": "/nonexistent",
        "PYTHONDONTWRITEBYTECODE": "",
        "__PYVENV_LAUNCHER__": "/nonexistent",
        "QT_PLUGIN_PATH": "/nonexistent",
    }
    _, said = start([layout.window], HOME="/home/me", QT_SCALE_FACTOR="2", **foreign)
    variables = {line for line in said if "=" in line and not line.startswith(("PATH=", "_="))}
    assert variables == {
        "HOME=/home/me",
        "QT_SCALE_FACTOR=2",
        "PYTHONDONTWRITEBYTECODE=1",
        "PYTHONNOUSERSITE=1",
    }


def test_a_damaged_bundle_says_so(layout: Layout, tmp_path: Path) -> None:
    shutil.copytree(layout.programs, tmp_path / "Contents" / "MacOS")
    code, (said,) = start([tmp_path / "Contents" / "MacOS" / "mtp-mlx"])
    assert code == 1
    assert said.startswith("MTP MLX is damaged: ")
    assert said.endswith(" Install it again.")
