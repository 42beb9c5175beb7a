"""The font that ships, formulas at random, and short ways to a tree and to a box."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from app.render.maths.boxes import Bar, Box, Outline, Placed
from app.render.maths.commands import read
from app.render.maths.font import Level, Setting, math_font
from app.render.maths.layout import lay
from app.render.maths.symbols import Kind
from app.render.maths.tree import Atom, Node, Row

FONT = math_font((Path(__file__).parents[4] / "resources" / "maths" / "font.json").read_bytes())
DISPLAY = Setting(FONT, Level.DISPLAY)
TEXT = Setting(FONT, Level.TEXT)

X, Y = "\N{MATHEMATICAL ITALIC SMALL X}", "\N{MATHEMATICAL ITALIC SMALL Y}"
LETTER_X = Atom(X, Kind.ORDINARY)
ONE, TWO = Atom("1", Kind.ORDINARY), Atom("2", Kind.ORDINARY)
EQUALS = Atom("=", Kind.RELATION)

FRAGMENTS = [
    *r"\{}[]()^_&~'|x1=+<. ",
    *("\\\\", r"\frac", r"\sqrt", r"\text", r"\left", r"\right", r"\mathbb", r"\sum", r"\int"),
    *(r"\begin{cases}", r"\end{cases}", r"\begin{array}{c|c}", r"\end{array}", r"\hline"),
    *(r"\limits", r"\hat", r"\underbrace", r"\xrightarrow", r"\overset", r"\not", r"\over"),
    *(r"\middle", r"\substack", r"\big", r"\displaystyle", r"\phantom", r"\prime", r"\boxed"),
    *("\N{ROCKET}", "\u4f60"),
]
formulas = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join), st.text(max_size=40)
)


def only(latex: str) -> Node:
    """Return the one node of a formula that has one."""
    row = read(latex)
    assert isinstance(row, Row)
    (node,) = row.items
    return node


def box(latex: str, setting: Setting = DISPLAY) -> Box:
    return lay(read(latex), setting)


def glyphs(latex: str, setting: Setting = DISPLAY) -> list[tuple[str, Placed]]:
    """Return each glyph with its place, from left to right."""
    outlines = [
        (placed.content.glyph, placed)
        for placed in box(latex, setting).ink()
        if isinstance(placed.content, Outline)
    ]
    return sorted(outlines, key=lambda pair: pair[1].x)


def bars(latex: str, setting: Setting = DISPLAY) -> list[tuple[Placed, Bar]]:
    """Return each line with its place."""
    ink = box(latex, setting).ink()
    return [(placed, placed.content) for placed in ink if isinstance(placed.content, Bar)]


def place(glyph: str, latex: str, setting: Setting = DISPLAY) -> Placed:
    """Return the place of the first such glyph."""
    return next(placed for key, placed in glyphs(latex, setting) if key == glyph)


def scale(placed: Placed) -> float:
    assert isinstance(placed.content, Outline)
    return placed.content.scale
