"""The wheel is whole: laid somewhere else, it writes a reply and opens its window.

`scripts/try_wheel` also installs it with its dependencies, by pip, uv and pipx.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import mtp_mlx
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


@pytest.mark.slow
@pytest.mark.mlx
def test_a_wheel_writes_a_reply_and_opens_the_window(laid: Path, tmp_path: Path) -> None:
    script = Path(str(installed.__file__)).resolve()
    run(sys.executable, "-P", script, laid, cwd=tmp_path, PYTHONPATH=str(laid))


def files_of(folder: Path) -> set[Path]:
    return {
        file.relative_to(ROOT)
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and file.suffix != ".pyc" and file.name != ".DS_Store"
    }


SHIPPED = ("mtp_mlx", "app", "resources")


def test_a_wheel_has_every_file_of_the_packages_and_the_resources_and_no_other(laid: Path) -> None:
    expected = {
        Path("mtp_mlx" if name == "resources" else "", file)
        for name in SHIPPED
        for file in files_of(Path(name))
    }
    laid_files = {file.relative_to(laid) for file in laid.rglob("*") if file.is_file()}
    packages = {file for file in laid_files if file.parts[0] in SHIPPED and file.suffix != ".pyc"}
    assert packages == expected
    others = {file.parts[0] for file in laid_files} - {"mtp_mlx", "app", "bin"}
    assert [Path(name).suffix for name in others] == [".dist-info"]


def test_an_sdist_has_every_file_that_the_wheel_is_built_from(laid: Path) -> None:
    """By the list that setuptools writes for it, which costs no second build."""
    sources = laid.parent / "source" / "mtp_mlx.egg-info" / "SOURCES.txt"
    listed = {Path(line) for line in sources.read_text("utf-8").splitlines()}
    needed = set().union(*(files_of(Path(name)) for name in SHIPPED))
    needed |= {Path(name) for name in PARTS if (ROOT / name).is_file()}
    assert needed - listed == set()


def test_a_wheel_says_what_it_is_and_what_it_needs(laid: Path) -> None:
    (information,) = laid.glob("*.dist-info")
    wheel = Distribution.at(information)
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    fields = wheel.metadata
    assert (fields["Name"], fields["Version"]) == ("mtp-mlx", mtp_mlx.__version__)
    assert (fields["Requires-Python"], fields["License-Expression"]) == (">=3.11", "Apache-2.0")
    assert fields["Description-Content-Type"] == "text/markdown"
    assert "## Where models come from" in (wheel.read_text("METADATA") or "")
    assert (information / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert "Tag: py3-none-any" in (wheel.read_text("WHEEL") or "")
    (command,) = wheel.entry_points
    assert (command.group, command.name) == ("console_scripts", "mtp-mlx")
    assert command.value == "mtp_mlx.__main__:main"
    plain = {str(Requirement(line)) for line in wheel.requires or [] if "extra ==" not in line}
    assert plain == {str(Requirement(line)) for line in project["dependencies"]}
