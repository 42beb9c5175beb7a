from __future__ import annotations

from unicodedata import name

import pytest

from app.render.maths.delimiters import NAMES
from app.render.maths.delimiters import SIGNS as SIGN_DELIMITERS
from app.render.maths.symbols import ACCENTS, COMMANDS, SIGNS, WITH_LIMITS, Kind
from tests.app.render.maths.support import FONT


@pytest.mark.parametrize(
    ("command", "called", "kind"),
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
        ("cdots", "MIDLINE HORIZONTAL ELLIPSIS", Kind.INNER),
        ("hbar", "PLANCK CONSTANT OVER TWO PI", Kind.ORDINARY),
        ("therefore", "THEREFORE", Kind.RELATION),
        ("ell", "SCRIPT SMALL L", Kind.ORDINARY),
    ],
)
def test_commands(command: str, called: str, kind: Kind) -> None:
    char, found = COMMANDS[command]
    assert (name(char), found) == (called, kind)


def test_greek_letters_are_named_as_in_unicode() -> None:
    for command in ("alpha", "beta", "theta", "lambda", "mu", "omega", "Gamma", "Psi"):
        size = "CAPITAL" if command[0].isupper() else "SMALL"
        greek = {"lambda": "LAMDA"}.get(command, command.upper())
        assert name(COMMANDS[command][0]) == f"GREEK {size} LETTER {greek}"


def test_the_font_has_every_symbol() -> None:
    chars = [char for char, _ in (*COMMANDS.values(), *SIGNS.values())] + [*ACCENTS.values()]
    assert {char for char in chars if char not in FONT.glyphs} == set()


def test_operators_and_delimiters_have_larger_forms() -> None:
    operators = {char for char, kind in COMMANDS.values() if kind is Kind.OPERATOR}
    delimiters = {COMMANDS[name][0] for name in NAMES} | {*SIGN_DELIMITERS.values()} - {""}
    assert operators | delimiters <= FONT.taller.keys()


def test_integrals_carry_their_limits_beside_them() -> None:
    assert COMMANDS["sum"][0] in WITH_LIMITS
    assert not {COMMANDS[name][0] for name in ("int", "oint", "iint")} & WITH_LIMITS
