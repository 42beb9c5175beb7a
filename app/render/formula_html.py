"""A formula in the HTML: an image by our own scheme, whose name says what to draw.

Nothing is loaded: the name holds the LaTeX itself. Qt can only place an image on the baseline or
with its middle at half the height of a small x, so the name also tells which of them it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal
from urllib.parse import quote, unquote

from app.render.escape import text_html
from app.render.math_rules import CLOSING, DISPLAYED
from app.render.math_text import math_html
from app.render.maths.formula import typeset
from app.render.style import HtmlStyle

SCHEME = "math:"
JOINER = "\N{WORD JOINER}"
"""Follows each formula: a comma stays with it, and a line of nothing else has a text's depth."""
HANGS = 0.3
"""Em below the baseline that a line of text has room for."""

Place = Literal["baseline", "middle", "block"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the name of an image says."""

    place: Place
    display: bool
    latex: str

    @property
    def source(self) -> str:
        """For the clipboard."""
        mark = "$$" if self.display else "$"
        return f"{mark}{self.latex}{mark}"


def formula_html(latex: str, markup: str, style: HtmlStyle, *, block: bool = False) -> str:
    """`markup`: the mark that opened it, without which its source could not be shown."""
    if style.maths is None:
        return math_html(latex)
    display = markup in DISPLAYED
    formula = typeset(latex, style.maths, display=display)
    if formula is None:
        return _source(f"{markup}{latex}{CLOSING[markup]}", style)
    if block:
        return _image("block", display, latex)
    place: Place = "middle" if formula.depth > HANGS else "baseline"
    return _image(place, display, latex) + JOINER


def drawn(name: str) -> Drawn | None:
    """None for an image of any other kind, which is never shown."""
    if not name.startswith(SCHEME):
        return None
    place, display, latex = name.removeprefix(SCHEME).split(":", 2)
    return Drawn(_PLACES[place], display == "display", unquote(latex))


_PLACES: dict[str, Place] = {"baseline": "baseline", "middle": "middle", "block": "block"}


def _image(place: Place, display: bool, latex: str) -> str:
    name = f"{SCHEME}{place}:{'display' if display else 'inline'}:{quote(latex, safe='')}"
    look = ' style="vertical-align:middle"' if place == "middle" else ""
    return f'<img src="{escape(name)}"{look}>'


def _source(source: str, style: HtmlStyle) -> str:
    look = f"font-family:{style.code_family}; color:{style.code_text}"
    return f'<code style="{look}">{text_html(source)}</code>'
