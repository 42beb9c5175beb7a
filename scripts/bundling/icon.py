"""The program's icon as an .icns file, drawn by Qt from the SVG, and read again in checks.

An .icns file is "icns", its length, and entries: four letters, a length with this head, a PNG.
"""

from __future__ import annotations

import struct
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgRenderer

SIZES = {
    "icp4": 16,
    "icp5": 32,
    "ic07": 128,
    "ic08": 256,
    "ic09": 512,
    "ic10": 1024,  # 512 points at two pixels a point; the next four likewise
    "ic11": 32,
    "ic12": 64,
    "ic13": 256,
    "ic14": 512,
}
"""Kinds of entries, and the pixels of a side."""

_HEAD = struct.Struct(">4sI")
_PNG = b"\x89PNG\r\n\x1a\n"


def write(drawing: Path, file: Path) -> None:
    """Draw the SVG `drawing` in all sizes into `file`."""
    renderer = QSvgRenderer(str(drawing))
    if not renderer.isValid():
        raise OSError(f"{drawing} is no SVG that Qt can draw.")
    pictures = {side: _picture(renderer, side) for side in set(SIZES.values())}
    file.write_bytes(packed({kind: pictures[side] for kind, side in SIZES.items()}))


def packed(entries: dict[str, bytes]) -> bytes:
    body = b"".join(
        _HEAD.pack(kind.encode(), _HEAD.size + len(data)) + data for kind, data in entries.items()
    )
    return _HEAD.pack(b"icns", _HEAD.size + len(body)) + body


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return the entries of an .icns file. Raises ValueError."""
    if len(data) < _HEAD.size or _HEAD.unpack_from(data) != (b"icns", len(data)):
        raise ValueError("It has no head of an .icns file, or another length.")
    entries: dict[str, bytes] = {}
    at = _HEAD.size
    while at < len(data):
        if at + _HEAD.size > len(data):
            raise ValueError("An entry is cut short.")
        kind, size = _HEAD.unpack_from(data, at)
        if size <= _HEAD.size or at + size > len(data):
            raise ValueError(f"The entry {kind!r} has a wrong length.")
        entries[kind.decode("latin-1")] = data[at + _HEAD.size : at + size]
        at += size
    return entries


def faults(file: Path) -> list[str]:
    """Return what is wrong with an icon, a sentence each."""
    try:
        entries = unpacked(file.read_bytes())
    except (OSError, ValueError) as error:
        return [f"{file.name} cannot be read: {error}"]
    if entries.keys() != SIZES.keys():
        return [f"{file.name} has the sizes {sorted(entries)}, not {sorted(SIZES)}."]
    return [
        f"{file.name}: the picture {kind} is no PNG of {SIZES[kind]} pixels a side."
        for kind, data in entries.items()
        if not data.startswith(_PNG) or _side(data) != SIZES[kind]
    ]


def _side(png: bytes) -> int | None:
    """Return the pixels of a side of a square picture; None for another, or a damaged one."""
    picture = QImage.fromData(png)
    return picture.width() if picture.width() == picture.height() > 0 else None


def _picture(renderer: QSvgRenderer, side: int) -> bytes:
    """Return a PNG of `side` pixels a side."""
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not QImageWriter(buffer, QByteArray(b"png")).write(image):
        raise OSError("Qt wrote no PNG.")
    return bytes(buffer.data().data())
