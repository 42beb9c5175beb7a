"""The grammar of LaTeX: letters, groups, scripts, arguments, running text, delimiters."""

from __future__ import annotations

import pytest
from hypothesis import given

from app.render.maths.commands import read
from app.render.maths.reader import DEEPEST, LONGEST, CannotReadError
from app.render.maths.symbols import Kind
from app.render.maths.tree import (
    Atom,
    Delimiter,
    Fence,
    Fraction,
    Node,
    Root,
    Row,
    Scripts,
    Space,
    Words,
)
from tests.app.render.maths.support import LETTER_X, ONE, TWO, formulas, only
from tests.app.render.support import patient

R = Atom("\N{DOUBLE-STRUCK CAPITAL R}", Kind.ORDINARY)
PRIME = Atom("\N{PRIME}", Kind.ORDINARY)


@pytest.mark.parametrize(
    ("latex", "node"),
    [
        ("x", LETTER_X),
        (r"\mathbb{R}", Row((R,))),
        (r"\mathbb R", R),
        (r"\alpha", Atom("\N{MATHEMATICAL ITALIC SMALL ALPHA}", Kind.ORDINARY)),
        (r"\Omega", Atom("\N{GREEK CAPITAL LETTER OMEGA}", Kind.ORDINARY)),
        ("\N{LESS-THAN OR EQUAL TO}", Atom("\N{LESS-THAN OR EQUAL TO}", Kind.RELATION)),
        ("-", Atom("\N{MINUS SIGN}", Kind.BINARY)),
        (r"\|", Atom("\N{DOUBLE VERTICAL LINE}", Kind.ORDINARY)),
        ("~", Space(0.25)),
        (r"\quad", Space(1.0)),
        ("x^2", Scripts(LETTER_X, None, TWO)),
        ("x_1^2", Scripts(LETTER_X, ONE, TWO)),
        ("x^2_1", Scripts(LETTER_X, ONE, TWO)),
        ("x'", Scripts(LETTER_X, None, PRIME)),
        ("x'^2", Scripts(LETTER_X, None, Row((PRIME, TWO)))),
        ("^2", Scripts(Row(()), None, TWO)),
        (r"x\limits_1", Scripts(LETTER_X, ONE, None, limits=True)),
        (r"x\nolimits_1", Scripts(LETTER_X, ONE, None, limits=False)),
        (r"x\limits", LETTER_X),
        (r"\frac12", Fraction(ONE, TWO)),
        (r"\frac{1}2", Fraction(Row((ONE,)), TWO)),
        (r"1 \over 2", Fraction(Row((ONE,)), Row((TWO,)))),
        (r"1 \choose 2", Fence("(", (Fraction(Row((ONE,)), Row((TWO,)), bar=False),), ")")),
        (r"\sqrt x", Root(LETTER_X, None)),
        (r"\sqrt[2]{x}", Root(Row((LETTER_X,)), Row((TWO,)))),
        (r"\left( x \right.", Fence("(", (LETTER_X,), "")),
        (r"\left\{x\right|", Fence("{", (LETTER_X,), "|")),
        (r"\left<x\right>", Fence("\u27e8", (LETTER_X,), "\u27e9")),
        (r"\bigl(", Delimiter("(", Kind.OPENING, 1.2)),
        (r"\text{if  x}", Words("if x", Kind.ORDINARY)),
        (r"\text{a {b} \% \$ $}", Words("a b % $ ", Kind.ORDINARY)),
    ],
)
def test_the_grammar(latex: str, node: Node) -> None:
    assert only(latex) == node


def test_a_space_ends_the_name_of_a_command() -> None:
    assert read(r"\alpha x") == Row((only(r"\alpha"), LETTER_X))


def test_an_alphabet_ends_with_its_argument() -> None:
    assert read(r"\mathbb{R}x") == Row((Row((R,)), LETTER_X))


def test_the_empty_formula_is_an_empty_row() -> None:
    assert read(" ") == Row(())


@pytest.mark.parametrize(
    "latex",
    [
        "{", "}", "x^", "x_", "^", r"\frac{1}", r"\foo", r"\left(", r"\left(x", r"\left x\right)",
        r"\right)", r"\sqrt[2", "x ^^ 2", r"\text x", r"\text{a", r"\text{\foo}", "\\",
        r"\middle", r"\left\alpha x\right)",
    ],
)  # fmt: skip
def test_what_is_no_latex_is_refused(latex: str) -> None:
    with pytest.raises(CannotReadError):
        read(latex)


@pytest.mark.parametrize("opening", ["{", r"\sqrt{", "x^{", r"\left(", r"\frac{1}{", r"\text{"])
def test_nesting_without_end_is_refused(opening: str) -> None:
    closing = r"\right)" if opening == r"\left(" else "}"
    deep = 1 + (DEEPEST if opening != r"\text{" else 2 * LONGEST)
    with pytest.raises(CannotReadError, match=r"too (deep|long)"):
        read(opening * deep + closing * deep)


def test_groups_may_be_as_deep_as_is_allowed() -> None:
    read("{" * (DEEPEST - 1) + "}" * (DEEPEST - 1))


def test_groups_one_after_the_other_are_not_deep() -> None:
    assert read("{}" * (2 * DEEPEST)) == Row((Row(()),) * (2 * DEEPEST))


def test_formulas_without_end_are_refused() -> None:
    read("x" * LONGEST)
    with pytest.raises(CannotReadError, match="too long"):
        read("x" * (LONGEST + 1))


@patient
@given(formulas)
def test_any_text_is_read_or_refused(latex: str) -> None:
    try:
        read(latex)
    except CannotReadError as error:
        assert str(error)  # noqa: PT017  (nothing else may be raised)
