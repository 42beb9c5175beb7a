"""Delimiters, braces and arrows as large as asked for: the font's own forms, or put together."""

from __future__ import annotations

from itertools import pairwise

from app.render.maths.box import Box, Placed, around
from app.render.maths.font import UNITS, Larger, Part
from app.render.maths.glyphs import outline
from app.render.maths.setting import Setting

_MOST_REPEATS = 200
"""Of a part; longer than any formula that is read."""


def taller(char: str, least: float, setting: Setting) -> Box:
    """The smallest form of a delimiter that is at least so high, or the largest there is."""
    larger = setting.font.taller[char]
    for key in larger.glyphs:
        box = outline(key, setting)
        if box.total >= least:
            return box
    return (
        _assembled(larger, least, setting) if larger.parts else outline(larger.glyphs[-1], setting)
    )


def widest(char: str, most: float, setting: Setting) -> str:
    """The key of the widest form whose ink stays within `most`, or of the smallest there is."""
    larger, glyphs = setting.font.wider.get(char), setting.font.glyphs
    keys = larger.glyphs if larger else (char,)
    size = setting.scale / UNITS
    fitting = [key for key in keys if (glyphs[key].right - glyphs[key].left) * size <= most]
    return fitting[-1] if fitting else keys[0]


def stretched(char: str, least: float, setting: Setting) -> Box:
    """A brace or an arrow at least so wide, put together from its parts where it must be."""
    larger = setting.font.wider[char]
    for key in larger.glyphs:
        box = outline(key, setting)
        if box.width >= least:
            return box
    return _row_of_parts(larger, least, setting)


def _assembled(larger: Larger, least: float, setting: Setting) -> Box:
    pieces, gaps = _pieces(larger.parts, least, setting)
    boxes = [outline(part.glyph, setting) for part in pieces]
    placed, y = list[Placed](), 0.0
    for box, overlap in zip(boxes, [0.0, *gaps], strict=True):
        y -= overlap
        placed.append(Placed(0.0, y + box.depth, box))
        y += box.total
    return around(max(box.width for box in boxes), *placed)


def _row_of_parts(larger: Larger, least: float, setting: Setting) -> Box:
    pieces, gaps = _pieces(larger.parts, least, setting)
    placed, x = list[Placed](), 0.0
    for part, overlap in zip(pieces, [0.0, *gaps], strict=True):
        x -= overlap
        placed.append(Placed(x, 0.0, outline(part.glyph, setting)))
        x += part.length / UNITS * setting.scale
    return around(x, *placed)


def _pieces(
    parts: tuple[Part, ...], least: float, setting: Setting
) -> tuple[list[Part], list[float]]:
    """The parts, extenders repeated as often as needed, and how much each overlaps the last."""
    size = setting.scale / UNITS
    for repeats in range(1, _MOST_REPEATS):
        pieces = [part for part in parts for _ in range(repeats if part.extends else 1)]
        longest = sum(part.length for part in pieces) * size
        most = [min(a.end, b.start, a.length, b.length) * size for a, b in pairwise(pieces)]
        fewest = setting.font.overlap * size
        if longest - fewest * len(most) >= least:
            break
    surplus = max(0.0, longest - least)
    share = surplus / sum(most) if sum(most) else 0.0
    return pieces, [max(fewest, overlap * min(1.0, share)) for overlap in most]
