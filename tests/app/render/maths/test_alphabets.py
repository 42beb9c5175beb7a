from __future__ import annotations

from unicodedata import name

import pytest

from app.render.maths.alphabets import ALPHABETS, in_alphabet
from tests.app.render.maths.support import FONT

UNICODE = {
    "bold": "BOLD",
    "italic": "ITALIC",
    "bold italic": "BOLD ITALIC",
    "script": "SCRIPT",
    "fraktur": "FRAKTUR",
    "blackboard": "DOUBLE-STRUCK",
    "sans": "SANS-SERIF",
    "typewriter": "MONOSPACE",
}


@pytest.mark.parametrize("alphabet", UNICODE)
def test_every_letter_is_the_one_that_unicode_calls_so(alphabet: str) -> None:
    """Older letters have older names: BLACK-LETTER CAPITAL C is the fraktur one."""
    for char, moved in ALPHABETS[alphabet].items():
        if char.isascii() and char.isalpha():
            assert name(moved).split()[-1] in (name(char).split()[-1], "CONSTANT")  # Planck's h
        if ord(moved) >= 0x1D400:
            assert name(moved).startswith(f"MATHEMATICAL {UNICODE[alphabet].split()[0]} ")


@pytest.mark.parametrize("alphabet", UNICODE)
def test_the_font_has_every_letter(alphabet: str) -> None:
    assert set(ALPHABETS[alphabet].values()) <= FONT.glyphs.keys()


def test_what_has_no_such_letter_stays() -> None:
    assert in_alphabet("R1+", "blackboard") == "\N{DOUBLE-STRUCK CAPITAL R}\U0001d7d9+"
    assert in_alphabet("1", "script") == "1"
    assert in_alphabet("x", "upright") == "x"
