"""A box as SVG: outlines and bars in the colour of what surrounds them."""

from __future__ import annotations

from html import escape

from app.render.maths.box import Bar, Box, Foreign, Outline, Placed
from app.render.maths.font import UNITS, MathFont

COLOUR = "currentColor"
"""In its place stands the colour that the formula is to have."""
EDGE = 0.02  # em around it, for what is drawn is a little wider than what it covers


def margins(box: Box, font: MathFont) -> tuple[float, float]:
    """How far the ink reaches beyond the box, to the left and to the right."""
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


def svg(box: Box, font: MathFont) -> str:
    left, right = margins(box, font)
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
