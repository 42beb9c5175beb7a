"""The wheel is whole: laid somewhere else, it writes a reply and opens its window."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import installed

ROOT = Path(__file__).parents[1]
PARTS = ("mtp_mlx", "app", "resources", "pyproject.toml", "setup.py", "README.md", "LICENSE")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")


def run(*command: str | Path, cwd: Path, **variables: str) -> None:
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built wheel in a folder of its own; the suite's environment has its dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # building writes beside the sources
    source.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, source / part, ignore=ignored)
        else:
            shutil.copy(ROOT / part, source / part)
    stored = "--config-settings=--build-option=--compression=stored"  # packing takes seconds
    flags = ("--no-deps", "--no-build-isolation", "--no-index", stored)
    run(*PIP, "wheel", *flags, "-w", folder, "./source", cwd=folder)
    (wheel,) = folder.glob("*.whl")
    run(*PIP, "install", "--no-deps", "--no-index", "--target", folder / "laid", wheel, cwd=folder)
    return folder / "laid"


def test_a_wheel_writes_a_reply_and_opens_the_window(laid: Path, tmp_path: Path) -> None:
    script = Path(str(installed.__file__)).resolve()
    run(sys.executable, "-P", script, laid, cwd=tmp_path, PYTHONPATH=str(laid))


def test_a_wheel_has_every_file_of_the_packages_and_the_resources(laid: Path) -> None:
    for source, built in (
        (ROOT / "mtp_mlx", laid / "mtp_mlx"),
        (ROOT / "app", laid / "app"),
        (ROOT / "resources", laid / "mtp_mlx" / "resources"),
    ):
        files = {
            file.relative_to(source)
            for file in source.rglob("*")
            if file.is_file() and file.suffix != ".pyc" and file.name != ".DS_Store"
        }
        assert {file for file in files if not (built / file).is_file()} == set()
