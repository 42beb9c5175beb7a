"""Small Mach-O files made byte by byte: load commands, slices, and a signature that holds."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

from bundling.macho import ARM64

PAGE = 4096
_COMMANDS = {"name": 0xD, "library": 0xC, "weak": 0x80000018, "rpath": 0x8000001C}


def text_command(kind: str, text: str) -> bytes:
    """Return a load command that holds a string: "name", "library", "weak" or "rpath"."""
    start = 12 if kind == "rpath" else 24
    body = text.encode() + b"\0"
    size = -(-(start + len(body)) // 8) * 8
    return struct.pack("<3I", _COMMANDS[kind], size, start).ljust(start, b"\0") + body.ljust(
        size - start, b"\0"
    )


def build_version(major: int, minor: int) -> bytes:
    return struct.pack("<6I", 0x32, 24, 1, major << 16 | minor << 8, 0, 0)


def thin(*commands: bytes, cpu: int = ARM64, signed: bool = True, padding: int = 2 * PAGE) -> bytes:
    """Return a library with these load commands, and a signature over all that is before it."""
    count = len(commands) + signed
    size = sum(map(len, commands)) + 16 * signed
    head = struct.pack("<8I", 0xFEEDFACF, cpu, 0, 6, count, size, 0, 0)
    limit = len(head) + size + padding
    if not signed:
        return (head + b"".join(commands)).ljust(limit, b"\xaa")
    blob_size = 20 + 44 + 32 * -(-limit // PAGE)
    place = struct.pack("<4I", 0x1D, 16, limit, blob_size)
    code = (head + b"".join(commands) + place).ljust(limit, b"\xaa")
    return code + _signature(code)


def _signature(code: bytes) -> bytes:
    pages = [code[at : at + PAGE] for at in range(0, len(code), PAGE)]
    digests = b"".join(hashlib.sha256(page).digest() for page in pages)
    directory = struct.pack(
        ">9I4B", 0xFADE0C02, 44 + len(digests), 0x20400, 2, 44, 0, 0, len(pages), len(code),
        32, 2, 0, 12,
    ) + bytes(4)  # fmt: skip
    blob = directory + digests
    return struct.pack(">5I", 0xFADE0CC0, 20 + len(blob), 1, 0, 20) + blob


def fat(slices: Sequence[tuple[int, bytes]]) -> bytes:
    """Return a fat file of (processor, thin file), each on a page of its own."""
    start, entries, body = PAGE, b"", b""
    for cpu, data in slices:
        entries += struct.pack(">5I", cpu, 0, start + len(body), len(data), 12)
        body += data.ljust(-(-len(data) // PAGE) * PAGE, b"\0")
    head = struct.pack(">2I", 0xCAFEBABE, len(slices)) + entries
    return head.ljust(start, b"\0") + body
