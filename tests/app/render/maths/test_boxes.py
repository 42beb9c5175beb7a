"""Boxes beside and in each other, characters, and the larger forms of the font."""

from __future__ import annotations

import pytest

from app.render.maths.boxes import (
    Bar,
    Box,
    Foreign,
    Outline,
    Placed,
    around,
    beside,
    outline,
    space,
)
from tests.app.render.maths.support import DISPLAY, X, box, glyphs

BLOCK = Box(2.0, 1.0, 0.5, (Placed(0.25, 0.0, Bar(1.0, 1.0)),), italic=0.1, accent=0.7, single=True)


def test_boxes_side_by_side_share_a_baseline() -> None:
    row = beside([BLOCK, space(0.5), Box(1.0, 0.5, 2.0)])
    assert (row.width, row.height, row.depth) == (3.5, 1.0, 2.0)
    assert [part.x for part in row.parts] == [0.0, 2.0, 2.5]
    assert (row.italic, row.middle, row.single) == (0.0, 1.75, False)


def test_a_box_alone_in_a_row_keeps_its_slant_and_its_accent() -> None:
    row = beside([BLOCK])
    assert (row.italic, row.accent, row.single) == (0.1, 0.7, True)


def test_a_box_reaches_as_far_as_what_is_placed_in_it() -> None:
    outer = around(9.0, Placed(0.0, 2.0, BLOCK), Placed(0.0, -1.0, Bar(1.0, 0.25)))
    assert (outer.width, outer.height, outer.depth) == (9.0, 3.0, 1.0)


def test_a_lifted_box_has_its_ink_higher() -> None:
    lifted = BLOCK.lifted(0.25)
    assert (lifted.height, lifted.depth, lifted.total) == (1.25, 0.25, 1.5)
    assert [(placed.x, placed.y) for placed in lifted.ink(1.0, 1.0)] == [(1.25, 1.25)]


def test_a_glyph_has_the_metrics_of_the_font() -> None:
    glyph, drawn = DISPLAY.font.glyphs[X], outline(X, DISPLAY.above())
    assert drawn.width == pytest.approx(0.7 * glyph.advance / 1000)
    assert drawn.depth == pytest.approx(-0.7 * glyph.bottom / 1000)
    assert drawn.parts[0].content == Outline(X, 0.7)


@pytest.mark.parametrize("count", [2, 5, 40])
def test_a_brace_is_as_wide_as_its_body(count: int) -> None:
    body = "x" * count
    drawn = box(rf"\overbrace{{{body}}}")
    assert drawn.width >= box(body).width
    assert drawn.width < box(body).width + 1
    assert drawn.height > box(body).height + 0.2


@pytest.mark.parametrize("rows", [1, 2, 4, 8, 30])
def test_delimiters_grow_with_their_body(rows: int) -> None:
    column = r"\\".join("x" * rows)
    inside = box(rf"\begin{{matrix}}{column}\end{{matrix}}").total
    for matrix in ("pmatrix", "Bmatrix", "vmatrix", "Vmatrix"):
        drawn = box(rf"\begin{{{matrix}}}{column}\end{{{matrix}}}")
        assert 0.85 * inside <= drawn.total < inside + 1.3


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


def test_characters_that_the_font_lacks_are_foreign() -> None:
    foreign = [p.content for p in box("\\text{你\u3099}").ink() if isinstance(p.content, Foreign)]
    assert [(ink.text, ink.width) for ink in foreign][:1] == [("你", 1.0)]
    assert foreign[-1].width == 0  # a combining mark
    assert box(r"\text{ж}").width == pytest.approx(0.55)


def test_spaces_of_text_are_kept() -> None:
    assert box(r"\text{a b}").width == pytest.approx(box(r"\text{ab}").width + 0.25)
