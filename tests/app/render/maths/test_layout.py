"""How things stand to each other: what an eye would check, checked by numbers."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given

from app.render.maths.box import Bar, Foreign, Placed
from app.render.maths.commands import read
from app.render.maths.layout import lay
from app.render.maths.reader import CannotReadError
from app.render.maths.setting import Setting
from tests.app.render.maths.support import DISPLAY, TEXT, box, glyphs, place, scale
from tests.app.render.maths.test_reader import formulas
from tests.app.render.strategies import patient

X = "\N{MATHEMATICAL ITALIC SMALL X}"
Y = "\N{MATHEMATICAL ITALIC SMALL Y}"
SUM, INTEGRAL = "\N{N-ARY SUMMATION}^1", "\N{INTEGRAL}^1"
MINUS = "\N{MINUS SIGN}"
PRIME = "\N{PRIME}"


def bars(latex: str, setting: Setting = DISPLAY) -> list[tuple[Placed, Bar]]:
    ink = box(latex, setting).ink()
    return [(placed, placed.content) for placed in ink if isinstance(placed.content, Bar)]


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


def test_superscripts_are_above_and_smaller() -> None:
    two = place("2", "x^2")
    assert two.y > 0.3
    assert scale(two) == pytest.approx(0.7)
    assert scale(place("2", "x^{y^2}")) == pytest.approx(0.55)
    assert scale(place("2", "x^{y^{z^2}}")) == pytest.approx(0.55)


def test_subscripts_are_below() -> None:
    assert place("2", "x_2").y < -0.1
    assert place("2", "x_2^y").y < place("2", "x_2").y


def test_scripts_of_what_is_high_are_further_away() -> None:
    assert place("2", r"\left(\frac{x}{y}\right)^2").y > 2 * place("2", "x^2").y


def test_scripts_do_not_meet() -> None:
    latex = r"x_{\frac{1}{2}}^{\frac{1}{2}}"
    above, below = sorted(placed.y for placed, _ in bars(latex))[::-1]
    assert above - below > 0.9


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
def test_some_have_none(latex: str) -> None:
    assert place(X, latex).x > 0.2


@pytest.mark.parametrize(
    "latex",
    [r"\lim_x", r"\int\limits_x", r"\underbrace{yy}_x", r"\mathop{yy}_x", r"\underset{x}{y}"],
)
def test_some_always_do(latex: str) -> None:
    assert place(X, latex).y < -0.4


def test_an_index_nestles_to_an_integral() -> None:
    latex = r"\int_x^y"
    assert place(X, latex).x < box(r"\int").width - 0.1
    assert place(Y, latex).x == pytest.approx(box(r"\int").width)


def test_operators_are_large_in_display_style() -> None:
    assert glyphs(r"\sum")[0][0] == SUM
    assert glyphs(r"\sum", TEXT)[0][0] == SUM[0]
    assert glyphs(r"\textstyle\sum")[0][0] == SUM[0]
    assert glyphs(r"\int")[0][0] == INTEGRAL


@pytest.mark.parametrize("latex", [r"\sum", r"\int", r"\left(\frac{1}{2}\right)", r"\Bigg|"])
def test_what_is_high_is_centred_on_the_axis(latex: str) -> None:
    drawn = box(latex)
    assert (drawn.height - drawn.depth) / 2 == pytest.approx(DISPLAY.axis, abs=0.06)


def test_the_bar_of_a_fraction_is_on_the_axis() -> None:
    ((placed, bar),) = bars(r"\frac{x}{xyz}")
    assert placed.y + bar.height / 2 == pytest.approx(DISPLAY.axis)
    assert bar.width == pytest.approx(box("xyz").width)
    assert place(MINUS, "-").y == 0


def test_a_fraction_is_centred_and_its_halves_clear_of_the_bar() -> None:
    latex = r"\frac{\int x}{\int y}"
    drawn, ((placed, bar),) = box(latex, TEXT), bars(latex, TEXT)
    assert drawn.height > placed.y + bar.height + 0.5
    assert place("1", r"\frac{1}{xyz}").x > 0.4
    assert box(r"\frac{1}{\Bigg(}").depth > box(r"\Bigg(").total - DISPLAY.axis


def test_fractions_in_fractions_are_smaller() -> None:
    assert scale(place("1", r"\frac{1}{2}")) == 1
    assert scale(place("1", r"\frac{\frac{1}{2}}{3}")) == pytest.approx(0.7)
    assert scale(place("1", r"\frac{1}{2}", TEXT)) == pytest.approx(0.7)
    assert scale(place("1", r"\dfrac{1}{2}", TEXT)) == 1


def test_a_binomial_has_no_bar() -> None:
    assert bars(r"\binom{n}{k}") == []
    assert [key[0] for key, _ in glyphs(r"\binom{1}{2}") if key[0] in "()"] == ["(", ")"]
    high = r"\binom{\frac{1}{2}}{\frac{1}{2}}"
    assert box(high).total > 2 * box(r"\frac{1}{2}", TEXT).total


def test_a_root_covers_its_body() -> None:
    ((placed, bar),) = bars(r"\sqrt{xyz}")
    assert placed.y > box("xyz").height
    assert bar.width == pytest.approx(box("xyz").width)
    assert box(r"\sqrt{\frac{x}{y}}").total > box(r"\frac{x}{y}").total


def test_the_degree_of_a_root_stands_before_and_above_its_foot() -> None:
    three = place("3", r"\sqrt[3]{x}")
    assert three.y > 0.2
    assert three.x < place(X, r"\sqrt[3]{x}").x
    assert box(r"\sqrt[1234567]{x}").width > box(r"\sqrt{x}").width + 1


def test_accents_are_above_the_middle() -> None:
    hat = "\N{COMBINING CIRCUMFLEX ACCENT}"
    assert place(hat, r"\hat{A}").y > place(hat, r"\hat{x}").y
    wide = [key for key, _ in glyphs(r"\widehat{xyzxyz}")]
    assert any(key.startswith(hat + ">") for key in wide)
    assert hat in [key for key, _ in glyphs(r"\widehat{,}")]
    assert box(r"\hat{x}^2").width == pytest.approx(box("x^2").width)


def test_lines_over_and_under() -> None:
    ((over, _),) = bars(r"\overline{xy}")
    ((under, bar),) = bars(r"\underline{xy}")
    assert over.y > box("xy").height
    assert under.y + bar.height < -box("xy").depth


@pytest.mark.parametrize("count", [2, 5, 40])
def test_braces_are_as_wide_as_what_they_hold(count: int) -> None:
    body = "x" * count
    drawn = box(rf"\overbrace{{{body}}}")
    assert drawn.width >= box(body).width
    assert drawn.width < box(body).width + 1
    assert drawn.height > box(body).height + 0.2


def test_arrows_are_longer_than_their_words() -> None:
    drawn = box(r"\xrightarrow[y]{xxxxxxxx}")
    assert drawn.width > box("^{xxxxxxxx}").width
    assert place(Y, r"\xrightarrow[y]{x}").y < 0
    assert box(r"x \xrightarrow{y} x").width > box(r"\xrightarrow{y}").width + 2 * box("x").width


def test_a_frame_has_four_sides() -> None:
    assert len(bars(r"\boxed{x}")) == 4
    assert box(r"\boxed{x}").width > box("x").width


def test_a_phantom_takes_room_and_shows_nothing() -> None:
    assert box(r"\phantom{xy}").width == pytest.approx(box("xy").width)
    assert list(box(r"\phantom{xy}").ink()) == []


@pytest.mark.parametrize("rows", [1, 2, 4, 8, 30])
def test_delimiters_grow_with_what_they_hold(rows: int) -> None:
    column = r"\\".join("x" * rows)
    inside = box(rf"\begin{{matrix}}{column}\end{{matrix}}").total
    for matrix in ("pmatrix", "Bmatrix", "vmatrix", "Vmatrix"):
        drawn = box(rf"\begin{{{matrix}}}{column}\end{{{matrix}}}")
        assert 0.85 * inside <= drawn.total < inside + 1.3


def test_a_delimiter_that_is_not_shown_leaves_a_little_room() -> None:
    assert glyphs(r"\left. x \right.") == [(X, place(X, r"\left. x \right."))]


def test_a_delimiter_in_the_middle_is_as_high_as_its_fence() -> None:
    latex = r"\left( \frac{x}{y} \middle| y \right)"
    assert sum(placed.content.glyph == "|" for _, placed in glyphs(latex)) > 1  # type: ignore[union-attr]


def test_sizes_of_delimiters() -> None:
    heights = [box(rf"\{size}(").total for size in ("big", "Big", "bigg", "Bigg")]
    assert heights == sorted(set(heights))
    assert box(r"\Bigg\uparrow").total > 0
    assert box(r"\Bigg\langle").total == pytest.approx(3.1, abs=0.3)


def test_angles_stop_growing_where_the_font_does() -> None:
    tall = r"\\".join("x" * 30)
    latex = rf"\left\langle\begin{{matrix}}{tall}\end{{matrix}}\right\rangle"
    angle = "\N{MATHEMATICAL LEFT ANGLE BRACKET}"
    assert angle + "^12" in [key for key, _ in glyphs(latex)]


def test_a_delimiter_without_larger_forms_stays() -> None:
    assert next(key for key, _ in glyphs(r"\left\vert x\right\vert")) == "|"


def columns(latex: str) -> list[float]:
    return [placed.x for key, placed in glyphs(latex) if key in ("1", "2")]


def test_columns_are_aligned() -> None:
    centred = r"\begin{matrix} 1 \\ xxx \end{matrix}"
    assert columns(centred)[0] > 0.3
    assert columns(r"\begin{cases} 1 \\ xxx \end{cases}")[0] < 0.8
    right, left = columns(r"\begin{aligned} 1 & 2 \\ xxx & xxx \end{aligned}")
    assert left - right < 0.6


def test_rows_lie_below_each_other_on_the_axis() -> None:
    latex = r"\begin{matrix} 1 \\ 2 \end{matrix}"
    assert place("1", latex).y - place("2", latex).y == pytest.approx(1.2)
    assert place("1", latex).y + place("2", latex).y > 0
    high = r"\begin{matrix} \frac{x}{y} \\ 2 \end{matrix}"
    assert box(high).total > box(latex).total + 0.5


def test_lines_between_columns_and_rows() -> None:
    assert len(bars(r"\begin{array}{|c|c|} 1 & 2 \end{array}")) == 3
    ((placed, bar),) = bars(r"\begin{array}{c} 1 \\ \hline 2 \end{array}")
    assert bar.width > bar.height
    assert place("2", r"\begin{array}{c} 1 \\ \hline 2 \end{array}").y < placed.y
    bottom = r"\begin{array}{c} 1 \\ \hline \end{array}"
    assert bars(bottom)[0][0].y < place("1", bottom).y


def test_what_the_font_lacks_is_left_to_another() -> None:
    foreign = [p.content for p in box("\\text{你\u3099}").ink() if isinstance(p.content, Foreign)]
    assert [(ink.text, ink.width) for ink in foreign][:1] == [("你", 1.0)]
    assert foreign[-1].width == 0  # a combining mark
    assert box(r"\text{ж}").width == pytest.approx(0.55)


def test_spaces_of_text_are_kept() -> None:
    assert box(r"\text{a b}").width == pytest.approx(box(r"\text{ab}").width + 0.25)


@patient
@given(formulas)
def test_whatever_can_be_read_can_be_laid_out(latex: str) -> None:
    try:
        tree = read(latex)
    except CannotReadError:
        return
    for setting in (DISPLAY, TEXT):
        drawn = lay(tree, setting)
        assert -inf < drawn.width < inf
        assert drawn.height >= 0
        assert drawn.depth >= 0
