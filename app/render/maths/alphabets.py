r"""Letters in another alphabet: `\mathbb{R}` is one character of its own in Unicode."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Where the block "Mathematical Alphanumeric Symbols" keeps each alphabet's A, a and 0.
_LATIN = {
    "bold": (0x1D400, 0x1D41A, 0x1D7CE),
    "italic": (0x1D434, 0x1D44E, None),
    "bold italic": (0x1D468, 0x1D482, 0x1D7CE),
    "script": (0x1D49C, 0x1D4B6, None),
    "fraktur": (0x1D504, 0x1D51E, None),
    "blackboard": (0x1D538, 0x1D552, 0x1D7D8),
    "sans": (0x1D5A0, 0x1D5BA, 0x1D7E2),
    "typewriter": (0x1D670, 0x1D68A, 0x1D7F6),
}
_GREEK = {  # capital alpha, small alpha
    "bold": (0x1D6A8, 0x1D6C2),
    "italic": (None, 0x1D6FC),
    "bold italic": (0x1D71C, 0x1D736),
}
_GREEK_VARIANTS = (0x2202, 0x3F5, 0x3D1, 0x3F0, 0x3D5, 0x3F1, 0x3D6)  # after each small omega
_OLDER = {  # letters that Unicode had before the block, by the place left empty in it
    0x1D455: 0x210E, 0x1D49D: 0x212C, 0x1D4A0: 0x2130, 0x1D4A1: 0x2131, 0x1D4A3: 0x210B,
    0x1D4A4: 0x2110, 0x1D4A7: 0x2112, 0x1D4A8: 0x2133, 0x1D4AD: 0x211B, 0x1D4BA: 0x212F,
    0x1D4BC: 0x210A, 0x1D4C4: 0x2134, 0x1D506: 0x212D, 0x1D50B: 0x210C, 0x1D50C: 0x2111,
    0x1D515: 0x211C, 0x1D51D: 0x2128, 0x1D53A: 0x2102, 0x1D53F: 0x210D, 0x1D545: 0x2115,
    0x1D547: 0x2119, 0x1D548: 0x211A, 0x1D549: 0x211D, 0x1D551: 0x2124,
}  # fmt: skip


def _alphabet(name: str) -> Mapping[str, str]:
    capital, small, digit = _LATIN[name]
    greek_capital, greek_small = _GREEK.get(name, (None, None))
    moved = dict[str, int]()
    for first, start, count in (
        ("A", capital, 26),
        ("a", small, 26),
        ("0", digit, 10),
        ("\N{GREEK CAPITAL LETTER ALPHA}", greek_capital, 25),
        ("\N{GREEK SMALL LETTER ALPHA}", greek_small, 25),
    ):
        if start is not None:
            moved |= {chr(ord(first) + place): start + place for place in range(count)}
    if greek_small is not None:
        moved |= {chr(code): greek_small + 25 + i for i, code in enumerate(_GREEK_VARIANTS)}
    return MappingProxyType({char: chr(_OLDER.get(code, code)) for char, code in moved.items()})


ALPHABETS: Mapping[str, Mapping[str, str]] = {
    "upright": {},
    **{name: _alphabet(name) for name in _LATIN},
}

COMMANDS = {
    "mathrm": "upright",
    "mathup": "upright",
    "mathit": "italic",
    "mathbf": "bold",
    "boldsymbol": "bold italic",
    "bm": "bold italic",
    "mathcal": "script",
    "mathscr": "script",
    "mathfrak": "fraktur",
    "mathbb": "blackboard",
    "mathsf": "sans",
    "mathtt": "typewriter",
}
"""Command -> the alphabet of its argument."""

TEXT_COMMANDS = {
    "text": "upright",
    "textrm": "upright",
    "textnormal": "upright",
    "mbox": "upright",
    "hbox": "upright",
    "textbf": "bold",
    "textit": "italic",
    "textsf": "sans",
    "texttt": "typewriter",
}
"""The same for running text, in which spaces count."""


def in_alphabet(text: str, name: str) -> str:
    """What the alphabet lacks stays as it is."""
    return "".join(ALPHABETS[name].get(char, char) for char in text)
