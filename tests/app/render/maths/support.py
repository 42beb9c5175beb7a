"""The font that ships, and short ways to a tree and to a box."""

from __future__ import annotations

from pathlib import Path

from app.render.maths.box import Box, Outline, Placed
from app.render.maths.commands import read
from app.render.maths.font import math_font
from app.render.maths.layout import lay
from app.render.maths.setting import Level, Setting
from app.render.maths.tree import Node, Row

FONT = math_font((Path(__file__).parents[4] / "resources" / "maths" / "font.json").read_bytes())
DISPLAY = Setting(FONT, Level.DISPLAY)
TEXT = Setting(FONT, Level.TEXT)


def only(latex: str) -> Node:
    """The one node of a formula that has one."""
    row = read(latex)
    assert isinstance(row, Row)
    (node,) = row.items
    return node


def box(latex: str, setting: Setting = DISPLAY) -> Box:
    return lay(read(latex), setting)


def glyphs(latex: str, setting: Setting = DISPLAY) -> list[tuple[str, Placed]]:
    """Each glyph with its place, from left to right."""
    found = [
        (placed.content.glyph, placed)
        for placed in box(latex, setting).ink()
        if isinstance(placed.content, Outline)
    ]
    return sorted(found, key=lambda pair: pair[1].x)


def place(glyph: str, latex: str, setting: Setting = DISPLAY) -> Placed:
    """Of the first one."""
    return next(placed for key, placed in glyphs(latex, setting) if key == glyph)


def scale(placed: Placed) -> float:
    assert isinstance(placed.content, Outline)
    return placed.content.scale
