from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given

from app.render.maths.formula import COLOUR, EDGE, typeset
from tests.app.render.maths.support import FONT, box, formulas
from tests.app.render.support import patient

SVG = "{http://www.w3.org/2000/svg}"


def drawing(latex: str) -> ET.Element:
    formula = typeset(latex, FONT, display=True)
    assert formula is not None
    return ET.fromstring(formula.svg)  # noqa: S314  (our own)


def test_glyphs_are_paths_and_bars_are_rectangles() -> None:
    kinds = [child.tag for child in drawing(r"\frac{1}{2}")]
    assert sorted(kinds) == [f"{SVG}path", f"{SVG}path", f"{SVG}rect"]


def test_the_colour_is_that_of_the_text() -> None:
    assert drawing("x").get("fill") == COLOUR
    assert "#" not in ET.tostring(drawing("x+1"), encoding="unicode")


def test_the_drawing_has_the_size_of_the_formula() -> None:
    formula = typeset(r"\frac{1}{2}", FONT, display=True)
    assert formula is not None
    _, _, width, height = (float(n) for n in (drawing(r"\frac{1}{2}").get("viewBox") or "").split())
    assert width == pytest.approx(1000 * formula.width, abs=1)
    assert height == pytest.approx(1000 * (formula.height + formula.depth), abs=1)
    assert formula.depth > 0.5


def test_ink_that_leans_over_the_edge_is_not_cut_off() -> None:
    leaning = "\N{MATHEMATICAL ITALIC SMALL Y}"
    assert FONT.glyphs[leaning].left < 0
    formula = typeset("y", FONT, display=False)
    assert formula is not None
    assert formula.width > box("y").width + 0.05


def test_ink_that_leans_over_the_right_edge_is_not_cut_off() -> None:
    leaning = FONT.glyphs["\N{MATHEMATICAL ITALIC CAPITAL Y}"]
    assert leaning.right > leaning.advance
    formula = typeset("Y", FONT, display=False)
    assert formula is not None
    assert 1000 * formula.width >= leaning.right - min(leaning.left, 0) + 2 * 1000 * EDGE - 1


def test_the_bar_of_a_fraction_is_on_the_axis() -> None:
    formula = typeset(r"\frac{1}{2}", FONT, display=True)
    assert formula is not None
    (bar,) = drawing(r"\frac{1}{2}").iter(f"{SVG}rect")
    middle = float(bar.get("y") or 0) + float(bar.get("height") or 0) / 2
    assert middle == pytest.approx(1000 * formula.height - FONT.constants["AxisHeight"], abs=2)


def test_marks_below_the_baseline_are_inside() -> None:
    path = drawing(r"x_1")[1]
    y = float(re.findall(r"[-\d.]+", path.get("transform") or "")[-1])
    assert "0 0 -0.7" in (path.get("transform") or "")  # glyphs grow upwards
    assert 0 < y < float(drawing("x_1").get("height") or 0)


def test_foreign_characters_are_text() -> None:
    (text,) = drawing(r"\text{你}")
    assert (text.tag, text.text) == (f"{SVG}text", "你")


@pytest.mark.parametrize("char", ["\0", "\x1b", "\ufffe", "<", "&"])
def test_every_character_can_be_drawn(char: str) -> None:
    drawing(rf"\text{{{char}}}")


def test_latex_that_cannot_be_read_is_not_drawn() -> None:
    assert typeset(r"\foo", FONT, display=True) is None


def test_the_empty_formula_has_no_ink() -> None:
    assert list(drawing("")) == []


@patient
@given(formulas)
def test_every_drawing_is_well_formed_and_loads_nothing(latex: str) -> None:
    formula = typeset(latex, FONT, display=True)
    if formula is not None:
        root = ET.fromstring(formula.svg)  # noqa: S314  (our own)
        assert {child.tag for child in root} <= {f"{SVG}path", f"{SVG}rect", f"{SVG}text"}
        assert all(not child.get("href") for child in root)
