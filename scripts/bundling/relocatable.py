"""The bundle's Python: an archive that python.toml names, laid out without what nobody reads."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
import tomllib
import urllib.request
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bundling.layout import Layout, python_library
from bundling.trimming import needed_of_python

PIN = Path(__file__).parent / "python.toml"


class NoPythonError(Exception):
    """No relocatable Python is named, or it is not the one that is named."""


@dataclass(frozen=True, slots=True)
class Pin:
    url: str
    sha256: str


def pinned(file: Path = PIN) -> Pin:
    """Return the archive that `file` names. Raises NoPythonError."""
    values = tomllib.loads(file.read_text())
    pin = Pin(url=str(values.get("url", "")), sha256=str(values.get("sha256", "")).lower())
    if not pin.url or not pin.sha256:
        raise NoPythonError(
            f"{file.name} names no relocatable Python: fill in its address and its SHA-256. For"
            " checks without one there is --stand-in."
        )
    if not pin.url.startswith("https://"):
        raise NoPythonError(f"{file.name} must name an address that begins with https://.")
    return pin


def archive(pin: Pin, folder: Path) -> Path:
    """Return the archive in `folder`, brought there where it is missing. Raises NoPythonError."""
    file = folder / PurePosixPath(pin.url).name
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        part = file.with_name(file.name + ".part")
        with urllib.request.urlopen(pin.url) as answer, part.open("wb") as target:  # noqa: S310 - `pinned` lets https alone through
            shutil.copyfileobj(answer, target)
        part.replace(file)
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != pin.sha256:
        file.unlink()
        raise NoPythonError(f"{pin.url} has the SHA-256 {digest}, not {pin.sha256}.")
    return file


def lay_archive(file: Path, layout: Layout) -> None:
    """Lay the Python of an archive, whose one folder is `python`, into the bundle."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(file) as packed:
        packed.extractall(folder, filter="tar")
        lay_folder(Path(folder) / "python", layout)


def lay_folder(source: Path, layout: Layout) -> None:
    """Lay what a bundle needs of the Python in `source` into the bundle. Raises NoPythonError."""
    library = f"lib/{layout.standard_library.name}/os.py"
    if not (source / library).is_file():
        raise NoPythonError(f"{source} has no {library}: it is another version or no Python.")
    for path in sorted(source.rglob("*")):
        inside = PurePosixPath(path.relative_to(source).as_posix())
        if (path.is_dir() and not path.is_symlink()) or not needed_of_python(inside):
            continue
        target = layout.home / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target, follow_symlinks=False)
    if not layout.interpreter.exists():
        raise NoPythonError(f"{source} has no bin/python3.")


def lay_stand_in(layout: Layout) -> None:
    """Lay empty files where a Python would be: for checks of everything else."""
    for file in (
        layout.interpreter,
        layout.home / "lib" / python_library(layout.python, macos=True),
        layout.standard_library / "os.py",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def compile_all(interpreter: Path, layout: Layout) -> None:
    """Compile all modules to bytecode that Python never compares with its source, nor renews.

    Paths in it begin in the bundle, so that it tells nothing of the machine that made it.
    """
    folders = [layout.standard_library, layout.newer_mlx]
    command = [str(interpreter), "-I", "-m", "compileall", "-q", "-j", "0", "-s", str(layout.root)]
    options = ["--invalidation-mode", "unchecked-hash"]
    there = [str(folder) for folder in folders if folder.is_dir()]
    subprocess.run([*command, *options, *there], check=True)
