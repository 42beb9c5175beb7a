"""Text of strangers made fit for a terminal, a line of JSON or a file's name.

A model, a file or a name may hold sequences that move a terminal's cursor, set its title or answer
in the user's place, and signs that turn the order of what is read around.
"""

from __future__ import annotations

import re

import msgspec

C0 = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n\r"}
"""Control characters and their pictures."""

C1 = range(0x80, 0xA0)
TURNS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""What turns the direction of reading."""

_SHOWN = C0 | {0x0D: None, 0x7F: 0x2421} | dict.fromkeys((*C1, *TURNS), 0xFFFD)
_ESCAPED = re.compile(f"[\x7f-\x9f{''.join(map(chr, TURNS))}]")


def printable(text: str) -> str:
    """Return `text` with lines and tabs as they are, and a sign for whatever would steer."""
    return text.translate(_SHOWN)


def json_line(value: object) -> str:
    """Return `value` as JSON that steers no terminal and says the same."""
    text = msgspec.json.encode(value).decode()
    return _ESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def as_text(name: str) -> str:
    """Return the name of a file with a sign in place of bytes that are no UTF-8."""
    return name.encode(errors="replace").decode()
