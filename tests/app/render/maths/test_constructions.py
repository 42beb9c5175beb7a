"""How parts of a formula stand to each other: what an eye would check, checked by numbers."""

from __future__ import annotations

import pytest

from app.render.maths.boxes import Box
from app.render.maths.constructions import as_limits, beside_base, fence_height, fraction
from tests.app.render.maths.support import DISPLAY, TEXT, X, Y, bars, box, glyphs, place, scale

MINUS = "\N{MINUS SIGN}"
LETTER = Box(0.5, 0.4, 0.0, single=True)


def test_superscripts_are_above_and_smaller() -> None:
    two = place("2", "x^2")
    assert two.y > 0.3
    assert scale(two) == pytest.approx(0.7)
    assert scale(place("2", "x^{y^2}")) == pytest.approx(0.55)
    assert scale(place("2", "x^{y^{z^2}}")) == pytest.approx(0.55)


def test_subscripts_are_below() -> None:
    assert place("2", "x_2").y < -0.1
    assert place("2", "x_2^y").y < place("2", "x_2").y


def test_limits_keep_their_distance_and_half_the_slant() -> None:
    """TeXbook, appendix G, rule 13a."""
    base, limit = Box(1.0, 1.0, 0.5, italic=0.2), Box(0.5, 0.4, 0.0)
    _, above, below = as_limits(base, limit, limit, DISPLAY).parts
    rise = max(DISPLAY.length(f"UpperLimit{end}") for end in ("GapMin", "BaselineRiseMin"))
    assert above.y == pytest.approx(base.height + rise)
    drop = DISPLAY.length("LowerLimitBaselineDropMin") - limit.height
    gap = max(DISPLAY.length("LowerLimitGapMin"), drop)
    assert below.y == pytest.approx(-(base.depth + limit.height + gap))
    assert (above.x, below.x) == pytest.approx((0.35, 0.15))


def test_a_deep_numerator_is_clear_of_the_bar() -> None:
    deep, half = Box(1.0, 0.5, 3.0), DISPLAY.rule / 2
    above, _, _ = fraction(deep, LETTER, DISPLAY).parts
    gap = above.y - deep.depth - (DISPLAY.axis + half)
    assert gap == pytest.approx(DISPLAY.length("FractionNumDisplayStyleGapMin"))


@pytest.mark.parametrize(("reach", "lacking"), [(1.0, 0.099), (10.0, 0.5)])
def test_a_fence_may_lack_a_tenth_or_half_an_em(reach: float, lacking: float) -> None:
    """TeXbook, appendix G, rule 19, with plain TeX's delimiterfactor and delimitershortfall."""
    body = Box(1.0, reach / 2 + DISPLAY.axis, 0.0)
    assert fence_height(body, DISPLAY) == pytest.approx(reach - lacking)


def test_a_high_subscript_is_lowered_until_it_stays_below_the_letter() -> None:
    """TeXbook, appendix G, rule 18b."""
    low = Box(0.5, 0.9, 0.0)
    _, below = beside_base(LETTER, low, None, DISPLAY).parts
    assert below.y + low.height == pytest.approx(DISPLAY.length("SubscriptTopMax"))


def test_scripts_that_would_meet_move_apart_and_up() -> None:
    """TeXbook, appendix G, rule 18e."""
    low, high = Box(0.5, 0.6, 0.0), Box(0.5, 0.5, 0.2)
    _, above, below = beside_base(LETTER, low, high, DISPLAY).parts
    bottom = above.y - high.depth
    assert bottom - (below.y + low.height) == pytest.approx(DISPLAY.length("SubSuperscriptGapMin"))
    assert bottom == pytest.approx(DISPLAY.length("SuperscriptBottomMaxWithSubscript"))


def test_scripts_of_a_high_base_are_raised_more() -> None:
    assert place("2", r"\left(\frac{x}{y}\right)^2").y > 2 * place("2", "x^2").y


def test_scripts_do_not_meet() -> None:
    latex = r"x_{\frac{1}{2}}^{\frac{1}{2}}"
    above, below = sorted(placed.y for placed, _ in bars(latex))[::-1]
    assert above - below > 0.9


@pytest.mark.parametrize("latex", [r"\sum", r"\int", r"\left(\frac{1}{2}\right)", r"\Bigg|"])
def test_operators_and_delimiters_are_centred_on_the_axis(latex: str) -> None:
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


def test_an_accent_stands_above_its_body() -> None:
    hat = "\N{COMBINING CIRCUMFLEX ACCENT}"
    assert place(hat, r"\hat{A}").y > place(hat, r"\hat{x}").y
    wide = [key for key, _ in glyphs(r"\widehat{xyzxyz}")]
    assert any(key.startswith(hat + ">") for key in wide)
    assert hat in [key for key, _ in glyphs(r"\widehat{,}")]
    assert box(r"\hat{x}^2").width == pytest.approx(box("x^2").width)


def test_lines_over_and_under_a_body() -> None:
    ((over, _),) = bars(r"\overline{xy}")
    ((under, bar),) = bars(r"\underline{xy}")
    assert over.y > box("xy").height
    assert under.y + bar.height < -box("xy").depth


def test_arrows_are_longer_than_their_words() -> None:
    drawn = box(r"\xrightarrow[y]{xxxxxxxx}")
    assert drawn.width > box("^{xxxxxxxx}").width
    assert place(Y, r"\xrightarrow[y]{x}").y < 0
    assert box(r"x \xrightarrow{y} x").width > box(r"\xrightarrow{y}").width + 2 * box("x").width


def test_a_frame_has_four_sides() -> None:
    assert len(bars(r"\boxed{x}")) == 4
    assert box(r"\boxed{x}").width > box("x").width


def test_a_delimiter_that_is_not_drawn_leaves_a_little_space() -> None:
    assert glyphs(r"\left. x \right.") == [(X, place(X, r"\left. x \right."))]


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
