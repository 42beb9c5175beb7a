"""Boxes: ink in a rectangle with a baseline. Lengths are in em of the whole formula.

x grows to the right and y upwards, from where the left edge meets the baseline. A character makes
a box, at its own size or in one of the font's larger forms, and boxes make a larger box.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from unicodedata import combining, east_asian_width

from app.render.maths.font import UNITS, Larger, Part, Setting

_FOREIGN_HEIGHT, _FOREIGN_DEPTH, _FOREIGN_WIDTH = 0.75, 0.2, 0.55  # em, roughly as fonts have them
_SPACES = {" ": 0.25, "\N{THIN SPACE}": 3 / 18}  # em
_MOST_REPEATS = 200
"""How often a part is repeated at the most: longer than any formula that is read."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A glyph of the mathematical font, by its key, at `scale` times its own size."""

    glyph: str
    scale: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A filled rectangle; its place is that of its lower left corner."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Foreign:
    """Characters that the mathematical font lacks; the program that draws picks another font."""

    text: str
    scale: float
    width: float


@dataclass(frozen=True, slots=True)
class Placed:
    """Ink, or a box, with its origin at (x, y) of the box around it."""

    x: float
    y: float
    content: Ink | Box


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle that has been laid out."""

    width: float
    height: float  # above the baseline
    depth: float  # below the baseline
    parts: tuple[Placed, ...] = ()
    italic: float = 0.0  # how far its ink leans over the right edge; a superscript starts there
    accent: float | None = None  # x of the middle of an accent above it; None: half the width
    single: bool = False  # one character: its scripts stand closer

    @property
    def total(self) -> float:
        """From the lowest point to the highest, in em."""
        return self.height + self.depth

    @property
    def middle(self) -> float:
        """X of the middle of an accent above it, in em."""
        return self.width / 2 if self.accent is None else self.accent

    def lifted(self, up: float) -> Box:
        """Return it with its baseline `up` em above that of the new box."""
        return replace(
            self,
            height=self.height + up,
            depth=self.depth - up,
            parts=(Placed(0.0, up, self),),
        )

    def ink(self, x: float = 0.0, y: float = 0.0) -> Iterator[Placed]:
        """Yield all its ink, placed from the origin of a box in which this one is at (x, y)."""
        for part in self.parts:
            if isinstance(part.content, Box):
                yield from part.content.ink(x + part.x, y + part.y)
            else:
                yield Placed(x + part.x, y + part.y, part.content)


Ink = Outline | Bar | Foreign
EMPTY = Box(0.0, 0.0, 0.0)


def space(width: float) -> Box:
    """Return a box without ink, `width` em wide."""
    return Box(width, 0.0, 0.0)


def beside(boxes: Iterable[Box]) -> Box:
    """Return the boxes one after the other on a common baseline."""
    x = height = depth = 0.0
    parts = list[Placed]()
    last = EMPTY
    for box in boxes:
        parts.append(Placed(x, 0.0, box))
        x += box.width
        height, depth = max(height, box.height), max(depth, box.depth)
        last = box
    alone = len(parts) == 1
    return Box(
        x,
        height,
        depth,
        tuple(parts),
        italic=last.italic,
        accent=last.accent if alone else None,
        single=alone and last.single,
    )


def around(width: float, *placed: Placed) -> Box:
    """Return a box `width` em wide and as high and deep as the boxes and bars placed in it."""
    boxes = [(part.y, part.content) for part in placed if isinstance(part.content, Box)]
    bars = [(part.y, part.content) for part in placed if isinstance(part.content, Bar)]
    tops = [y + box.height for y, box in boxes] + [y + bar.height for y, bar in bars]
    bottoms = [y - box.depth for y, box in boxes] + [y for y, _ in bars]
    return Box(width, max(tops, default=0.0), -min(bottoms, default=0.0), placed)


def character(char: str, setting: Setting) -> Box:
    """Return the box of one character; another font draws what the mathematical one lacks."""
    return outline(char, setting) if char in setting.font.glyphs else _foreign(char, setting)


def words(text: str, setting: Setting) -> Box:
    """Return running text on a baseline.

    The width of what the font lacks is a guess: no other font can be measured here.
    """
    return beside(
        space(_SPACES[char] * setting.scale) if char in _SPACES else character(char, setting)
        for char in text
    )


def outline(key: str, setting: Setting) -> Box:
    """Return the box of the glyph `key`. Raises KeyError where the font lacks it."""
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


def taller(char: str, least: float, setting: Setting) -> Box:
    """Return the smallest form of `char` that is at least `least` em high.

    The largest glyph where none is and the font has no parts to put a higher one together from.
    """
    larger = setting.font.taller[char]
    for key in larger.glyphs:
        box = outline(key, setting)
        if box.total >= least:
            return box
    return (
        _assembled(larger, least, setting) if larger.parts else outline(larger.glyphs[-1], setting)
    )


def widest(char: str, most: float, setting: Setting) -> str:
    """Return the key of the widest form whose ink is within `most` em, or of the smallest form."""
    larger, glyphs = setting.font.wider.get(char), setting.font.glyphs
    keys = larger.glyphs if larger else (char,)
    size = setting.scale / UNITS
    fitting = [key for key in keys if (glyphs[key].right - glyphs[key].left) * size <= most]
    return fitting[-1] if fitting else keys[0]


def stretched(char: str, least: float, setting: Setting) -> Box:
    """Return a brace or an arrow at least `least` em wide, put together where no form is."""
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
    """Return the parts that are at least `least` em long together, and their overlaps in em.

    All extending parts are repeated equally often. Overlap i is that of parts i and i + 1.
    """
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
