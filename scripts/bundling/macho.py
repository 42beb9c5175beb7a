"""Mach-O files, read and thinned: what a program of macOS links, needs and is signed with.

The constants and structures are those of <mach-o/loader.h>, <mach-o/fat.h> and, for signatures,
of xnu's <kern/cs_blobs.h>.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ARM64 = 0x0100000C
X86_64 = 0x01000007

Version = tuple[int, int]
"""A system's version: its major and its minor number."""

_FAT, _FAT_64, _THIN = b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf", b"\xcf\xfa\xed\xfe"
_MOST_SLICES = 16  # a class of Java begins as a fat file does, with a larger number behind it
_HEADER = struct.Struct("<8I")
_COMMAND = struct.Struct("<2I")
_FAT_ARCH = struct.Struct(">5I")
_FAT_ARCH_64 = struct.Struct(">2I2Q2I")

_WEAK_DYLIB = 0x80000018
_LINKS = (0xC, _WEAK_DYLIB, 0x8000001F)  # a library; a weak one; one that is exported again
_ID, _RPATH, _SIGNATURE = 0xD, 0x8000001C, 0x1D
_MINIMUM_AT = {0x24: 8, 0x32: 12}  # the commands that name the least system, and where they do

_SUPERBLOB, _DIRECTORY = 0xFADE0CC0, 0xFADE0C02
_DIRECTORY_HEAD = struct.Struct(">9I4B")
_HASHES = {1: ("sha1", 20), 2: ("sha256", 32), 3: ("sha256", 20), 4: ("sha384", 48)}


class NotMachOError(ValueError):
    """The bytes are no Mach-O file, or a damaged one."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The program for one processor within a file, which is fat where it has several."""

    cpu: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Library:
    """A library that an image links. A weak one may be absent."""

    path: str
    weak: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What the load commands of one slice say. `sealed`: its signature matches its bytes."""

    name: str | None
    libraries: tuple[Library, ...]
    rpaths: tuple[str, ...]
    minimum: Version | None
    sealed: bool


def is_macho(file: Path) -> bool:
    """Return whether `file` begins as a Mach-O file does."""
    with file.open("rb") as stream:
        head = stream.read(8)
    if head[:4] in (_FAT, _FAT_64):
        return len(head) == 8 and 0 < int.from_bytes(head[4:], "big") <= _MOST_SLICES
    return head[:4] == _THIN


def slices(data: bytes) -> tuple[Slice, ...]:
    """Return the slices of a file. Raises NotMachOError."""
    magic = data[:4]
    if magic == _THIN:
        return (Slice(cpu=_unpack(_HEADER, data, 0)[1], start=0, size=len(data)),)
    if magic not in (_FAT, _FAT_64):
        raise NotMachOError("It begins as no Mach-O file does.")
    entry = _FAT_ARCH if magic == _FAT else _FAT_ARCH_64
    count = int.from_bytes(data[4:8], "big")
    if not 0 < count <= _MOST_SLICES:
        raise NotMachOError(f"It has {count} slices.")
    listed = (_unpack(entry, data, 8 + i * entry.size) for i in range(count))
    result = tuple(Slice(cpu=cpu, start=start, size=size) for cpu, _, start, size, *_ in listed)
    if any(part.start + part.size > len(data) for part in result):
        raise NotMachOError("A slice ends behind the file.")
    return result


def thinned(data: bytes, cpu: int = ARM64) -> bytes:
    """Return the slice of `cpu` alone; its signature covers no other byte. Raises NotMachOError."""
    for part in slices(data):
        if part.cpu == cpu:
            return data[part.start : part.start + part.size]
    raise NotMachOError("It has no slice for this processor.")


def read(data: bytes) -> Image:
    """Return what the load commands of a thin file say. Raises NotMachOError."""
    if data[:4] != _THIN:
        raise NotMachOError("It is no thin 64-bit Mach-O file.")
    name, minimum, sealed = None, None, False
    libraries: list[Library] = []
    rpaths: list[str] = []
    for command, body in _commands(data):
        if command in _LINKS:
            libraries.append(Library(_text(body), weak=command == _WEAK_DYLIB))
        elif command == _ID:
            name = _text(body)
        elif command == _RPATH:
            rpaths.append(_text(body))
        elif command in _MINIMUM_AT:
            minimum = _version(_word(body, _MINIMUM_AT[command]))
        elif command == _SIGNATURE:
            sealed = _is_sealed(data, _word(body, 8), _word(body, 12))
    return Image(
        name=name,
        libraries=tuple(libraries),
        rpaths=tuple(rpaths),
        minimum=minimum,
        sealed=sealed,
    )


def _commands(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each load command's number and its bytes, head included."""
    count, at = _unpack(_HEADER, data, 0)[4], _HEADER.size
    for _ in range(count):
        command, size = _unpack(_COMMAND, data, at)
        if size < _COMMAND.size or at + size > len(data):
            raise NotMachOError("A load command ends behind the file.")
        yield command, data[at : at + size]
        at += size


def _unpack(layout: struct.Struct, data: bytes, at: int) -> tuple[int, ...]:
    try:
        return layout.unpack_from(data, at)
    except struct.error as error:
        raise NotMachOError("It is cut short.") from error


def _word(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 4], "little")


def _text(body: bytes) -> str:
    """Return the string of a command, whose offset stands behind the command's head."""
    return body[_word(body, 8) :].split(b"\0", 1)[0].decode()


def _version(packed: int) -> Version:
    return packed >> 16, packed >> 8 & 0xFF


def _is_sealed(data: bytes, start: int, size: int) -> bool:
    """Return whether each page of `data` has the digest that its code directory gives."""
    blob = data[start : start + size]
    if len(blob) < 12 or int.from_bytes(blob[:4], "big") != _SUPERBLOB:
        return False
    count = int.from_bytes(blob[8:12], "big")
    places = [int.from_bytes(blob[16 + 8 * i : 20 + 8 * i], "big") for i in range(count)]
    directories = [
        place for place in places if int.from_bytes(blob[place : place + 4], "big") == _DIRECTORY
    ]
    return bool(directories) and all(_pages_match(data, blob, place) for place in directories)


def _pages_match(data: bytes, blob: bytes, place: int) -> bool:
    head = _unpack(_DIRECTORY_HEAD, blob, place)
    first, pages, limit = head[4], head[7], head[8]
    size, kind, _, page_bits = head[9:13]
    if kind not in _HASHES or size != _HASHES[kind][1] or limit > len(data):
        return False
    page = 1 << page_bits if page_bits else max(limit, 1)
    if pages != -(-limit // page):
        return False
    for i in range(pages):
        digest = hashlib.new(_HASHES[kind][0], data[i * page : min((i + 1) * page, limit)]).digest()
        at = place + first + i * size
        if blob[at : at + size] != digest[:size]:
            return False
    return True
