"""From LaTeX to a drawing, in one step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from app.render.maths.commands import read
from app.render.maths.font import MathFont
from app.render.maths.layout import lay
from app.render.maths.reader import CannotReadError
from app.render.maths.setting import Level, Setting
from app.render.maths.svg import EDGE, margins, svg


@dataclass(frozen=True, slots=True)
class Formula:
    """Lengths in em of the surrounding text; the baseline is `depth` above the lower edge."""

    svg: str
    width: float
    height: float
    depth: float


@lru_cache(512)  # an open paragraph asks for its formulas with every token
def typeset(latex: str, font: MathFont, *, display: bool) -> Formula | None:
    """None where it cannot be read: then show the source. Never fails."""
    try:
        tree = read(latex)
    except CannotReadError:
        return None
    box = lay(tree, Setting(font, Level.DISPLAY if display else Level.TEXT))
    left, right = margins(box, font)
    return Formula(
        svg=svg(box, font),
        width=left + box.width + right,
        height=box.height + EDGE,
        depth=box.depth + EDGE,
    )
