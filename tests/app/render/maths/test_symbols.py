from __future__ import annotations

from unicodedata import name

import pytest

from app.render.maths.reader import DELIMITER_NAMES, DELIMITER_SIGNS
from app.render.maths.symbols import (
    ACCENTS,
    ALPHABETS,
    COMMANDS,
    SIGNS,
    WITH_LIMITS,
    Kind,
    in_alphabet,
)
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


@pytest.mark.parametrize(
    ("command", "unicode", "kind"),
    [
        ("leq", "LESS-THAN OR EQUAL TO", Kind.RELATION),
        ("cdot", "DOT OPERATOR", Kind.BINARY),
        ("infty", "INFINITY", Kind.ORDINARY),
        ("sum", "N-ARY SUMMATION", Kind.OPERATOR),
        ("rightarrow", "RIGHTWARDS ARROW", Kind.RELATION),
        ("implies", "LONG RIGHTWARDS DOUBLE ARROW", Kind.RELATION),
        ("subseteq", "SUBSET OF OR EQUAL TO", Kind.RELATION),
        ("forall", "FOR ALL", Kind.ORDINARY),
        ("varepsilon", "GREEK SMALL LETTER EPSILON", Kind.ORDINARY),
        ("langle", "MATHEMATICAL LEFT ANGLE BRACKET", Kind.OPENING),
        ("rceil", "RIGHT CEILING", Kind.CLOSING),
        ("colon", "COLON", Kind.PUNCTUATION),
        ("cdots", "MIDLINE HORIZONTAL ELLIPSIS", Kind.INNER),
        ("hbar", "PLANCK CONSTANT OVER TWO PI", Kind.ORDINARY),
        ("therefore", "THEREFORE", Kind.RELATION),
        ("ell", "SCRIPT SMALL L", Kind.ORDINARY),
    ],
)
def test_a_command_is_its_character_and_kind(command: str, unicode: str, kind: Kind) -> None:
    char, its_kind = COMMANDS[command]
    assert (name(char), its_kind) == (unicode, kind)


def test_greek_letters_have_their_unicode_names() -> None:
    for command in ("alpha", "beta", "theta", "lambda", "mu", "omega", "Gamma", "Psi"):
        size = "CAPITAL" if command[0].isupper() else "SMALL"
        greek = {"lambda": "LAMDA"}.get(command, command.upper())
        assert name(COMMANDS[command][0]) == f"GREEK {size} LETTER {greek}"


def test_the_font_has_every_symbol() -> None:
    chars = [char for char, _ in (*COMMANDS.values(), *SIGNS.values())] + [*ACCENTS.values()]
    assert {char for char in chars if char not in FONT.glyphs} == set()


def test_operators_and_delimiters_have_larger_forms() -> None:
    operators = {char for char, kind in COMMANDS.values() if kind is Kind.OPERATOR}
    delimiters = {COMMANDS[command][0] for command in DELIMITER_NAMES}
    delimiters |= {*DELIMITER_SIGNS.values()} - {""}
    assert operators | delimiters <= FONT.taller.keys()


def test_a_sum_has_limits_and_an_integral_has_none() -> None:
    assert COMMANDS["sum"][0] in WITH_LIMITS
    assert not {COMMANDS[command][0] for command in ("int", "oint", "iint")} & WITH_LIMITS


@pytest.mark.parametrize("alphabet", UNICODE)
def test_letters_of_an_alphabet_have_its_unicode_name(alphabet: str) -> None:
    """Letters that Unicode had before have other names: BLACK-LETTER CAPITAL C is fraktur."""
    for char, moved in ALPHABETS[alphabet].items():
        if char.isascii() and char.isalpha():
            assert name(moved).split()[-1] in (name(char).split()[-1], "CONSTANT")  # Planck's h
        if ord(moved) >= 0x1D400:
            assert name(moved).startswith(f"MATHEMATICAL {UNICODE[alphabet].split()[0]} ")


@pytest.mark.parametrize("alphabet", UNICODE)
def test_the_font_has_every_letter(alphabet: str) -> None:
    assert set(ALPHABETS[alphabet].values()) <= FONT.glyphs.keys()


def test_a_character_that_an_alphabet_lacks_stays() -> None:
    assert in_alphabet("R1+", "blackboard") == "\N{DOUBLE-STRUCK CAPITAL R}\U0001d7d9+"
    assert in_alphabet("1", "script") == "1"
    assert in_alphabet("x", "upright") == "x"
