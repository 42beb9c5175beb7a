"""Rows and their spaces, styles, and where scripts become limits."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given

from app.render.maths.commands import read
from app.render.maths.layout import lay
from app.render.maths.reader import CannotReadError
from tests.app.render.maths.support import DISPLAY, TEXT, X, Y, box, formulas, glyphs, place, scale
from tests.app.render.support import patient

SUM, INTEGRAL = "\N{N-ARY SUMMATION}^1", "\N{INTEGRAL}^1"
PRIME = "\N{PRIME}"


def test_a_row_is_as_wide_as_its_letters() -> None:
    assert box("xy").width == pytest.approx(box("x").width + box("y").width)
    assert box("").width == 0


@pytest.mark.parametrize(
    ("wide", "narrow", "eighteenths"),
    [
        ("x=y", ["x", "=", "y"], 10),
        ("x+y", ["x", "+", "y"], 8),
        ("-x", ["-", "x"], 0),
        ("x=-y", ["x", "=", "-", "y"], 10),
        ("(-x)", ["(", "-", "x", ")"], 0),
        ("(x-)", ["(", "x", "-", ")"], 0),
        ("x,y", ["x", ",", "y"], 3),
        (r"\sin x", [r"\sin", "x"], 3),
        (r"x\,y", ["x", "y"], 3),
        (r"x\!y", ["x", "y"], -3),
        (r"x\mathbin{y}x", ["x", "y", "x"], 8),
    ],
)
def test_spaces(wide: str, narrow: list[str], eighteenths: int) -> None:
    alone = sum(box(latex).width for latex in narrow)
    assert box(wide).width == pytest.approx(alone + eighteenths / 18, abs=0.03)


def test_scripts_have_no_wide_spaces() -> None:
    plus, letters = place("+", "z^{x+y}"), glyphs("z^{x+y}")
    assert letters[-1][1].x - plus.x < place(Y, "x+y").x - place("+", "x+y").x


def test_an_upright_neighbour_keeps_clear_of_a_slanted_letter() -> None:
    assert box("f)").width > box("f").width + box(")").width


def test_a_prime_is_no_smaller() -> None:
    prime = place(PRIME, "x'")
    assert scale(prime) == 1
    assert prime.y == pytest.approx(0)
    assert scale(place("2", "x'^2")) == pytest.approx(0.7)


def test_limits_stand_above_and_below_a_sum() -> None:
    latex = r"\sum_x^y"
    assert place(Y, latex).y > box(r"\sum").height
    assert place(X, latex).y < -box(r"\sum").depth
    beside = place(X, latex, TEXT)
    assert beside.x > 0.5


@pytest.mark.parametrize("latex", [r"\int_x", r"\sum\nolimits_x", r"\sin_x"])
def test_other_operators_have_their_limits_beside_them(latex: str) -> None:
    assert place(X, latex).x > 0.2


@pytest.mark.parametrize(
    "latex",
    [r"\lim_x", r"\int\limits_x", r"\underbrace{yy}_x", r"\mathop{yy}_x", r"\underset{x}{y}"],
)
def test_limits_that_every_style_has(latex: str) -> None:
    assert place(X, latex).y < -0.4


def test_scripts_of_an_operator_are_at_its_ends() -> None:
    assert place(Y, r"\int_x^y").y > box(r"\int").height - 0.5
    assert place(X, r"\int_x^y").y < 0.2 - box(r"\int").depth


def test_a_subscript_stands_under_the_slant_of_an_integral() -> None:
    latex = r"\int_x^y"
    assert place(X, latex).x < box(r"\int").width - 0.1
    assert place(Y, latex).x == pytest.approx(box(r"\int").width)


def test_operators_are_large_in_display_style() -> None:
    assert glyphs(r"\sum")[0][0] == SUM
    assert glyphs(r"\sum", TEXT)[0][0] == SUM[0]
    assert glyphs(r"\textstyle\sum")[0][0] == SUM[0]
    assert glyphs(r"\int")[0][0] == INTEGRAL


def test_fractions_in_fractions_are_smaller() -> None:
    assert scale(place("1", r"\frac{1}{2}")) == 1
    assert scale(place("1", r"\frac{\frac{1}{2}}{3}")) == pytest.approx(0.7)
    assert scale(place("1", r"\frac{1}{2}", TEXT)) == pytest.approx(0.7)
    assert scale(place("1", r"\dfrac{1}{2}", TEXT)) == 1


def test_a_phantom_is_white_space_of_the_same_size() -> None:
    assert box(r"\phantom{xy}").width == pytest.approx(box("xy").width)
    assert list(box(r"\phantom{xy}").ink()) == []


def test_a_delimiter_in_the_middle_makes_its_fence_no_higher() -> None:
    fence = glyphs(r"\left/ x \middle\updownarrow x \right/")
    assert [key for key, _ in fence if key[0] == "/"] == ["/", "/"]


def test_a_delimiter_in_the_middle_is_as_high_as_its_fence() -> None:
    latex = r"\left( \frac{x}{y} \middle| y \right)"
    assert sum(placed.content.glyph == "|" for _, placed in glyphs(latex)) > 1  # type: ignore[union-attr]


@patient
@given(formulas)
def test_any_formula_that_is_read_is_laid_out(latex: str) -> None:
    try:
        tree = read(latex)
    except CannotReadError:
        return
    for setting in (DISPLAY, TEXT):
        drawn = lay(tree, setting)
        assert -inf < drawn.width < inf
        assert drawn.height >= 0
        assert drawn.depth >= 0
