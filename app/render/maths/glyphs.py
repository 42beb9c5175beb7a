"""Characters into boxes."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

from app.render.maths.box import Box, Foreign, Outline, Placed, beside
from app.render.maths.font import UNITS
from app.render.maths.setting import Setting

_FOREIGN_HEIGHT, _FOREIGN_DEPTH, _FOREIGN_WIDTH = 0.75, 0.2, 0.55  # em, roughly as fonts have them
_SPACES = {" ": 0.25, "\N{THIN SPACE}": 3 / 18}


def character(char: str, setting: Setting) -> Box:
    return outline(char, setting) if char in setting.font.glyphs else _foreign(char, setting)


def words(text: str, setting: Setting) -> Box:
    """Running text; what the font lacks is guessed at in width, for no one here can measure it."""
    return beside(
        Box(_SPACES[char] * setting.scale, 0.0, 0.0)
        if char in _SPACES
        else character(char, setting)
        for char in text
    )


def outline(key: str, setting: Setting) -> Box:
    glyph, size = setting.font.glyphs[key], setting.scale / UNITS
    return Box(
        width=glyph.advance * size,
        height=glyph.top * size,
        depth=-glyph.bottom * size,
        parts=(Placed(0.0, 0.0, Outline(key, setting.scale)),),
        italic=glyph.italic * size,
        accent=None if glyph.accent is None else glyph.accent * size,
        single=True,
    )


def _foreign(char: str, setting: Setting) -> Box:
    wide = east_asian_width(char) in "WF"
    width = 0.0 if combining(char) else (1.0 if wide else _FOREIGN_WIDTH) * setting.scale
    return Box(
        width=width,
        height=_FOREIGN_HEIGHT * setting.scale,
        depth=_FOREIGN_DEPTH * setting.scale,
        parts=(Placed(0.0, 0.0, Foreign(char, setting.scale, width)),),
        single=True,
    )
