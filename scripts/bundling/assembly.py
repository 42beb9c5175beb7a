"""Puts a bundle together, in order: Python, wheels, icon, information, licences, stub, bytecode."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.strings import APP_NAME
from bundling import icon, information, licences, macho, relocatable, stub, wheels
from bundling.inside import sitecustomize
from bundling.layout import FLOOR, NEWER_FLOOR, Layout, dotted, on_macos
from bundling.macho import Version
from bundling.trimming import needed_of_wheel
from mtp_mlx.paths import LICENCES

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "build" / "bundling"
"""This folder keeps wheels, archives of Python and a compiler from one bundle to the next."""

_SOURCES = ("mtp_mlx", "app", "resources", "pyproject.toml", "setup.py", "README.md", "LICENSE")
_NEWER = ("mlx", "mlx-metal")

LayPython = Callable[[Layout], None]
"""Lays a Python into a bundle."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """A bundle, and sentences on what could not be done here."""

    layout: Layout
    skipped: tuple[str, ...]


def for_macos(folder: Path, lay_python: LayPython) -> Assembled:
    """Assemble the bundle for Apple silicon in `folder`. Raises wheels.NoWheelError."""
    layout = _emptied(folder)
    lay_python(layout)
    pip = sys.executable
    older = _downloads("macos", wheels.macos(FLOOR, pip))
    newer = _downloads("macos-newer", wheels.macos(NEWER_FLOOR, pip))
    _lay_packages(layout, older)
    for wheel in newer.bring(_NEWER).values():
        wheels.unpack(wheel, layout.newer_mlx, needed_of_wheel)
    for file in machos(layout):
        file.write_bytes(macho.thinned(file.read_bytes()))
    for framework in sorted(layout.packages.rglob("*.framework")):
        link_framework(framework)
    return _finish(layout, macos=True)


def for_linux(folder: Path, source: Path, version: Version) -> Assembled:
    """Assemble the same layout for this Linux in `folder`, with the Python below `source`."""
    layout = _emptied(folder, version)
    relocatable.lay_folder(source, layout)
    python = str(source / "bin" / f"python{dotted(version)}")
    _lay_packages(layout, _downloads("linux", wheels.this_system(python, version)))
    assembled = _finish(layout, macos=False)
    if layout.window.exists():
        # Python's own program would load its library from where it was installed.
        for program in layout.interpreter.parent.iterdir():
            program.unlink()
        shutil.copy2(layout.window, layout.interpreter)
    return assembled


def machos(layout: Layout) -> list[Path]:
    files = (path for path in sorted(layout.root.rglob("*")) if not path.is_symlink())
    return [file for file in files if file.is_file() and macho.is_macho(file)]


def link_framework(framework: Path) -> None:
    """Give a framework the links that no wheel can hold, and that `codesign` asks for."""
    version = next(
        path.name for path in (framework / "Versions").iterdir() if path.name != "Current"
    )
    links = {framework / "Versions" / "Current": version}
    for inside in (framework / "Versions" / version).iterdir():
        links[framework / inside.name] = f"Versions/Current/{inside.name}"
    for place, target in links.items():
        if place.is_symlink() or place.is_file():
            place.unlink()
        elif place.is_dir():
            shutil.rmtree(place)
        place.symlink_to(target)


def _emptied(folder: Path, version: Version | None = None) -> Layout:
    root = folder / f"{APP_NAME}.app"
    layout = Layout(root) if version is None else Layout(root, version)
    if root.exists():
        shutil.rmtree(root)
    layout.packages.mkdir(parents=True)
    return layout


def _downloads(name: str, system: wheels.System) -> wheels.Downloads:
    versions = wheels.constraints((ROOT / "constraints.txt").read_text(), system)
    return wheels.Downloads(TOOLS / "wheels" / name, system, versions)


def _lay_packages(layout: Layout, downloads: wheels.Downloads) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    with tempfile.TemporaryDirectory() as folder:
        for wheel in [*downloads.closure(project["dependencies"]), own_wheel(Path(folder))]:
            wheels.unpack(wheel, layout.packages, needed_of_wheel)
    shutil.copyfile(str(sitecustomize.__file__), layout.packages / "sitecustomize.py")


def own_wheel(folder: Path) -> Path:
    """Build the program's own wheel in `folder`, from a copy: building writes beside sources."""
    source = folder / "source"
    source.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", ".DS_Store")
    for name in _SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    options = ["--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run([*command, *options], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _finish(layout: Layout, *, macos: bool) -> Assembled:
    """Lay what the project makes itself, and compile all modules."""
    skipped: list[str] = []
    icon.write(ROOT / "resources" / "icons" / "app.svg", layout.icon)
    information.write(layout.information)
    page = layout.packages / "mtp_mlx" / "resources" / LICENCES
    page.write_text(licences.page(layout))
    try:
        stub.lay(layout, macos=macos, tools=TOOLS)
    except stub.NoCompilerError as error:
        skipped.append(f"The stub is skipped: {error}.")
    python = _compiler_of_bytecode(layout)
    if python is None:
        skipped.append(f"Bytecode is skipped: no Python {dotted(layout.python)} is here.")
    else:
        relocatable.compile_all(python, layout)
    return Assembled(layout, tuple(skipped))


def _compiler_of_bytecode(layout: Layout) -> Path | None:
    """Return a Python of the bundle's version that runs here."""
    if on_macos() and layout.interpreter.stat().st_size:
        return layout.interpreter
    return find_python(layout.python)


def find_python(version: Version) -> Path | None:
    """Return a Python of this version on this machine."""
    name = f"python{dotted(version)}"
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{dotted(version)}*/bin/{name}"))
    found = shutil.which(name)
    for candidate in [*pyenv, *([Path(found)] if found else []), Path(sys.executable)]:
        tell = "import sys; print(*sys.version_info[:2])"
        run = subprocess.run([candidate, "-c", tell], capture_output=True, text=True, check=False)
        if run.stdout.split() == [str(number) for number in version]:
            return candidate
    return None
