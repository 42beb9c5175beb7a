"""LaTeX to a drawing with its baseline: a tree, then boxes, then SVG."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from html import escape

from app.render.maths.boxes import Bar, Box, Foreign, Outline, Placed
from app.render.maths.commands import read
from app.render.maths.font import UNITS, Level, MathFont, Setting
from app.render.maths.layout import lay
from app.render.maths.reader import CannotReadError

COLOUR = "currentColor"
"""Stands in the SVG where the colour of the formula is to be put."""
EDGE = 0.02
"""Em around a formula, because rasterised outlines reach a little beyond their metrics."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A drawing, lengths in em of the surrounding text."""

    svg: str
    width: float
    height: float  # of its upper edge above the baseline
    depth: float  # of its lower edge below the baseline


@lru_cache(512)  # an open paragraph asks for its formulas with every token
def typeset(latex: str, font: MathFont, *, display: bool) -> Formula | None:
    """Return the drawing, or None where the LaTeX cannot be read and its source is to be shown.

    Raises nothing, whatever the text.
    """
    try:
        tree = read(latex)
    except CannotReadError:
        return None
    box = lay(tree, Setting(font, Level.DISPLAY if display else Level.TEXT))
    left, right = _margins(box, font)
    return Formula(
        svg=_svg(box, font),
        width=left + box.width + right,
        height=box.height + EDGE,
        depth=box.depth + EDGE,
    )


def _margins(box: Box, font: MathFont) -> tuple[float, float]:
    """Return the space in em to leave on the left and right for ink that leans out of the box."""
    reach = [_reach(placed, font) for placed in box.ink()]
    left = min((start for start, _ in reach), default=0.0)
    right = max((end for _, end in reach), default=0.0)
    return max(0.0, -left) + EDGE, max(0.0, right - box.width) + EDGE


def _reach(placed: Placed, font: MathFont) -> tuple[float, float]:
    ink = placed.content
    if isinstance(ink, Outline):
        glyph, size = font.glyphs[ink.glyph], ink.scale / UNITS
        return placed.x + glyph.left * size, placed.x + glyph.right * size
    assert isinstance(ink, Bar | Foreign)
    return placed.x, placed.x + ink.width


def _svg(box: Box, font: MathFont) -> str:
    left, right = _margins(box, font)
    width, height = left + box.width + right, box.total + 2 * EDGE
    drawn = "".join(
        _draw(placed, left + placed.x, box.height + EDGE - placed.y, font) for placed in box.ink()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_units(width)}" '
        f'height="{_units(height)}" viewBox="0 0 {_units(width)} {_units(height)}" '
        f'fill="{COLOUR}">{drawn}</svg>'
    )


def _draw(placed: Placed, x: float, y: float, font: MathFont) -> str:
    ink = placed.content
    if isinstance(ink, Outline):
        place = f"matrix({ink.scale:g} 0 0 {-ink.scale:g} {_units(x)} {_units(y)})"
        return f'<path transform="{place}" d="{font.glyphs[ink.glyph].path}"/>'
    if isinstance(ink, Bar):
        return (
            f'<rect x="{_units(x)}" y="{_units(y - ink.height)}" '
            f'width="{_units(ink.width)}" height="{_units(ink.height)}"/>'
        )
    assert isinstance(ink, Foreign)
    char = ink.text if ink.text.isprintable() else "\N{REPLACEMENT CHARACTER}"
    size = f'font-size="{_units(ink.scale)}"'
    return f'<text x="{_units(x)}" y="{_units(y)}" {size}>{escape(char)}</text>'


def _units(length: float) -> str:
    return f"{length * UNITS:.0f}"
