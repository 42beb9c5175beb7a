"""One page with the licence of everything in a bundle; the window's About shows it.

The licences of packages are those in their wheels. Texts that no wheel has lie in the folder
`licences` beside this file: those of Qt and of what a relocatable Python has built in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path

from bundling.layout import Layout

_TEXTS = Path(__file__).parent / "licences"
_ROOT = Path(__file__).parents[2]
_RULE = "=" * 78

_QT = """\
Qt and its bindings are used under the GNU Lesser General Public License, version 3. They lie in
this program as the separate, unchanged libraries of the packages PySide6_Essentials and shiboken6,
which you may replace. Their sources are at https://download.qt.io and https://code.qt.io.
"""
_STATED = {"pyside6-essentials": ("lgpl-3", "gpl-3"), "shiboken6": ()}
"""Packages whose wheels have no licence's text, and the texts that hold for them."""

_IN_PYTHON = (
    *("bzip2", "expat", "libedit", "libffi", "liblzma", "mpdecimal", "ncurses", "openssl-3"),
    *("sqlite", "zlib"),
)


@dataclass(frozen=True, slots=True)
class Licence:
    """The texts that hold for one part of the bundle. `name` has its version."""

    name: str
    terms: str
    texts: tuple[str, ...]


def page(layout: Layout) -> str:
    """Return the page for the bundle. Raises OSError where a part has no licence."""
    licences = list(_licences(layout))
    silent = [licence.name for licence in licences if not licence.texts]
    if silent:
        raise OSError(f"These packages have no licence's text: {', '.join(silent)}.")
    index = "\n".join(f"  {licence.name}: {licence.terms}" for licence in licences)
    parts = "".join(_part(licence) for licence in licences)
    return (
        f"This program is made of the parts below; the licence of each follows.\n\n{index}\n{parts}"
    )


def _part(licence: Licence) -> str:
    texts = "\n\n".join(text.strip("\n") for text in licence.texts)
    return f"\n{_RULE}\n{licence.name}\n{_RULE}\n\n{texts}\n"


def _licences(layout: Layout) -> Iterator[Licence]:
    """Yield our own, each package's, then those of Python and what it has built in."""
    resources = layout.packages / "mtp_mlx" / "resources"
    own = (_ROOT / "LICENSE").read_text()
    yield Licence("MTP MLX", "Apache-2.0", (own,))
    font = (resources / "maths" / "OFL.txt").read_text()
    yield Licence("STIX Two Math, an extract for formulas", "OFL-1.1", (font,))
    for folder in sorted(layout.packages.glob("*.dist-info"), key=lambda path: path.name.lower()):
        licence = _of_package(folder)
        if not licence.name.startswith("mtp-mlx "):
            yield licence
    text = layout.standard_library / "LICENSE.txt"
    python = (text.read_text(),) if text.is_file() else ("This bundle has no Python.",)
    yield Licence("CPython", "PSF-2.0", python)
    for name in _IN_PYTHON:
        yield Licence(f"{name}, in Python", "see below", (_text(name),))


def _of_package(folder: Path) -> Licence:
    metadata = Parser().parsestr((folder / "METADATA").read_text(), headersonly=True)
    name = str(metadata["Name"]).lower().replace("_", "-")
    texts = tuple(
        file.read_text(errors="replace")
        for file in sorted(folder.rglob("*"))
        if file.is_file() and _is_licence(file)
    )
    stated = tuple(map(_text, _STATED.get(name, ())))
    if name in _STATED:
        texts = (_QT, *texts, *stated)
    if not texts:
        texts = _known(name, metadata)
    return Licence(f"{name} {metadata['Version']}", _terms(metadata), texts)


def _is_licence(file: Path) -> bool:
    words = ("licen", "copying", "notice", "authors")
    return file.parent.name == "licenses" or any(word in file.name.lower() for word in words)


def _terms(metadata: Message) -> str:
    """Return the licence's short name, as the package states it."""
    stated = metadata["License-Expression"] or metadata["License"]
    if stated and len(stated) < 80 and "\n" not in stated:
        return str(stated)
    classes = metadata.get_all("Classifier", [])
    named = [one.rsplit(" :: ", 1)[1] for one in classes if one.startswith("License :: ")]
    return named[0] if named else "see below"


def _known(name: str, metadata: Message) -> tuple[str, ...]:
    """Return what a package without a licence's file states, where that names one whole licence."""
    terms = _terms(metadata)
    homes = [one.split(",", 1)[-1].strip() for one in metadata.get_all("Project-URL", [])]
    home = metadata["Home-page"] or next(iter(homes), "no address")
    if "Apache" in terms:
        return (f"{name} ({home}) comes under the Apache License, Version 2.0: see MTP MLX above.",)
    if terms != "see below":
        return (f"{name} ({home}) states its licence as: {terms}. Its package has no text of it.",)
    return ()


def _text(name: str) -> str:
    return (_TEXTS / f"{name}.txt").read_text()
