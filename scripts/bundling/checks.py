"""What must hold for a bundle before anybody starts it: read from its files, on any system."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from bundling import icon, information, macho
from bundling.assembly import machos
from bundling.layout import FLOOR, NEWER_FLOOR, NEWER_MLX, Layout, dotted
from mtp_mlx.paths import LICENCES

MOST_MB = 500
"""The bundle without the newer MLX may have so many; MLX (165) and Typst (66) are the largest."""

MOST_NEWER_MB = 250
"""The newer MLX may have so many. Most of them are kernels."""

MOST_MACHOS = 90

CONTENTS = Path(__file__).parent / "contents.txt"
"""The packages and programs of a bundle. A new one is looked at, then written down here."""

LEAST_SYSTEMS = {f"Contents/Resources/{NEWER_MLX}": NEWER_FLOOR}
"""Folders whose programs may need a later macOS than the bundle: they are chosen by it."""

_SYSTEM = ("/usr/lib/", "/System/Library/")
_UNWANTED_SUFFIXES = (".pyi", ".h", ".hpp", ".a", ".cmake", ".whl", ".orig")
_UNWANTED_NAMES = frozenset(
    {".DS_Store", "RECORD", "Assistant.app", "Designer.app", "Linguist.app"}
)
_UNCHECKED = 0b01  # PEP 552: a hash of the source is in the file, and is not compared


def faults(layout: Layout, *, python: bool = True) -> list[str]:
    """Return what is wrong with a bundle for macOS, a sentence each.

    `python` is False for a bundle with a stand-in, whose programs and bytecode are not looked at.
    """
    found = [
        *information.faults(layout.information),
        *icon.faults(layout.icon),
        *_missing(layout, python=python),
        *unwanted(layout),
        *stray_links(layout),
        *_sizes(layout),
        *_contents(layout),
        *_programs(layout),
        *_metallibs(layout),
    ]
    return found + (unsealed_modules(layout) if python else [])


def _missing(layout: Layout, *, python: bool) -> Iterator[str]:
    packages = layout.packages
    needed = [
        *(layout.information, layout.icon, layout.window, layout.command, layout.interpreter),
        packages / "sitecustomize.py",
        packages / "app" / "__main__.py",
        packages / "mtp_mlx" / "resources" / LICENCES,
        packages / "mtp_mlx" / "resources" / "demo_pair" / "target" / "model.safetensors",
        packages / "PySide6" / "Qt" / "plugins" / "platforms" / "libqcocoa.dylib",
    ]
    for file in needed:
        if not file.exists():
            yield f"{_inside(layout, file)} is missing."
    for program in (layout.window, layout.command, *([layout.interpreter] if python else [])):
        if program.exists() and not os.access(program, os.X_OK):
            yield f"{_inside(layout, program)} cannot be executed."


def unwanted(layout: Layout) -> list[str]:
    """Return the files that no program reads, a sentence each."""
    return [
        f"{_inside(layout, path)} is not needed."
        for path in layout.root.rglob("*")
        if path.name in _UNWANTED_NAMES
        or path.name.endswith(_UNWANTED_SUFFIXES)
        or (path.suffix == ".pyc" and path.parent.name != "__pycache__")
    ]


def stray_links(layout: Layout) -> list[str]:
    """Return the symbolic links that do not lead to something in the bundle, a sentence each."""
    root = layout.root.resolve()
    return [
        f"{_inside(layout, path)} leads out of the bundle or nowhere."
        for path in layout.root.rglob("*")
        if path.is_symlink()
        and (
            path.readlink().is_absolute()
            or not path.exists()
            or not path.resolve().is_relative_to(root)
        )
    ]


def size(folder: Path) -> int:
    """Return the bytes of all files below `folder`."""
    files = (path for path in folder.rglob("*") if not path.is_symlink() and path.is_file())
    return sum(file.stat().st_size for file in files)


def _sizes(layout: Layout) -> Iterator[str]:
    newer = size(layout.newer_mlx)
    others = size(layout.root) - newer
    for name, is_now, most in (
        ("The bundle without the newer MLX", others, MOST_MB),
        ("The newer MLX", newer, MOST_NEWER_MB),
    ):
        if is_now > most * 10**6:
            yield f"{name} has {is_now / 1e6:.0f} MB, more than {most}."


def contents(layout: Layout) -> list[str]:
    """Return the packages of a bundle, and its programs and libraries outside of Python's own."""
    packages = {
        path.name.split("-")[0] if path.suffix == ".dist-info" else path.name
        for path in layout.packages.iterdir()
        if path.name != "__pycache__"
    }
    programs = [
        _inside(layout, file)
        for file in machos(layout)
        if not file.is_relative_to(layout.home) or file.is_relative_to(layout.packages)
    ]
    return [*sorted(packages), *programs]


def _contents(layout: Layout) -> Iterator[str]:
    listed = set(CONTENTS.read_text().splitlines())
    there = set(contents(layout))
    for name in sorted(there - listed):
        yield f"{name} is in the bundle, and not in {CONTENTS.name}."
    for name in sorted(listed - there):
        yield f"{name} is in {CONTENTS.name}, and not in the bundle."


def _programs(layout: Layout) -> Iterator[str]:
    files = machos(layout)
    if len(files) > MOST_MACHOS:
        yield f"There are {len(files)} programs and libraries, more than {MOST_MACHOS}."
    images: dict[Path, macho.Image] = {}
    for file in files:
        name, data = _inside(layout, file), file.read_bytes()
        try:
            images[file] = macho.read(macho.thinned(data))
            if len(macho.slices(data)) > 1:
                yield f"{name} is for several processors, and only arm64 is needed."
        except macho.NotMachOError as error:
            yield f"{name} cannot be read: {error}"
    yield from image_faults(layout, images)


def image_faults(layout: Layout, images: Mapping[Path, macho.Image]) -> Iterator[str]:
    """Yield what keeps a program or library from being loaded on a user's Mac."""
    loader = Loader(layout, images)
    for file, image in images.items():
        name = _inside(layout, file)
        if not image.sealed:
            yield f"{name} is not signed, or was changed after it was."
        least = _least_system(name)
        if image.minimum is None or image.minimum > least:
            stamp = "no version" if image.minimum is None else f"macOS {dotted(image.minimum)}"
            yield f"{name} needs {stamp}, where {dotted(least)} is promised."
        for rpath in image.rpaths:
            if not rpath.startswith(("@loader_path", "@executable_path", *_SYSTEM)):
                yield f"{name} looks for libraries in {rpath}."
        for library in image.libraries:
            if not library.path.startswith(("@", *_SYSTEM)):
                yield f"{name} links {library.path}, which is outside of the bundle."
            elif not (library.weak or loader.find(file, library.path)):
                yield f"{name} links {library.path}, which is not in the bundle."


class Loader:
    """Finds libraries as dyld does: along the rpaths of an image, then of what links it."""

    def __init__(self, layout: Layout, images: Mapping[Path, macho.Image]) -> None:
        self._layout = layout
        self._images = images
        self._linked_by: dict[Path, list[Path]] = {}
        for file, image in images.items():
            for library in image.libraries:
                place = self._along(file, library.path, file)
                if place is not None:
                    self._linked_by.setdefault(place, []).append(file)

    def find(self, file: Path, path: str) -> Path | None:
        """Return the library `path` of `file`, also one of the system; None where it is nowhere."""
        if path.startswith(_SYSTEM):
            return Path(path)
        for owner in (file, *self._linked_by.get(file, ())):
            place = self._along(file, path, owner)
            if place is not None:
                return place
        return None

    def _along(self, file: Path, path: str, owner: Path) -> Path | None:
        """Look for the library along the rpaths of `owner`."""
        if path.startswith("@rpath/"):
            rest = path.removeprefix("@rpath/")
            places = [
                self._placed(f"{rpath.rstrip('/')}/{rest}", owner)
                for rpath in self._images[owner].rpaths
            ]
        else:
            places = [self._placed(path, file)]
        there = (place for place in places if place.is_relative_to(self._layout.root))
        return next((place for place in there if place.is_file()), None)

    def _placed(self, text: str, owner: Path) -> Path:
        of_python = owner.is_relative_to(self._layout.home)
        programs = self._layout.interpreter.parent if of_python else self._layout.programs
        root, _, rest = text.partition("/")
        roots = {"@loader_path": owner.parent, "@executable_path": programs}
        return Path(os.path.normpath(roots[root] / rest)) if root in roots else Path(text)


def _least_system(name: str) -> macho.Version:
    for folder, least in LEAST_SYSTEMS.items():
        if PurePosixPath(name).is_relative_to(folder):
            return least
    return FLOOR


def _metallibs(layout: Layout) -> Iterator[str]:
    """MLX looks for its kernels in the folder of its library, and nowhere else in a bundle."""
    for packages in (layout.packages, layout.newer_mlx):
        folder = packages / "mlx" / "lib"
        for name in ("libmlx.dylib", "mlx.metallib"):
            if not (folder / name).is_file():
                yield f"{_inside(layout, folder / name)} is missing."


def unsealed_modules(layout: Layout) -> list[str]:
    """Return the modules that Python would compile again, and so write a file: a sentence each."""
    found: list[str] = []
    for source in layout.root.rglob("*.py"):
        tag = f"cpython-{layout.python[0]}{layout.python[1]}"
        compiled = source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"
        head = compiled.read_bytes()[:8] if compiled.is_file() else b""
        if len(head) < 8 or int.from_bytes(head[4:], "little") != _UNCHECKED:
            found.append(f"{_inside(layout, source)} has no bytecode that stands for good.")
    return found


def _inside(layout: Layout, path: Path) -> str:
    return path.relative_to(layout.root).as_posix()
