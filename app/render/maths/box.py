"""What has been laid out: ink in a rectangle with a baseline. Lengths in em of the whole formula.

x grows to the right and y upwards, from where the left edge meets the baseline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Outline:
    """A glyph of the mathematical font, by its key, `scale` times its own size."""

    glyph: str
    scale: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A filled rectangle, from its lower left corner."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Foreign:
    """Characters that the mathematical font lacks, left to whatever font has them."""

    text: str
    scale: float
    width: float


@dataclass(frozen=True, slots=True)
class Placed:
    x: float
    y: float
    content: Ink | Box


@dataclass(frozen=True, slots=True)
class Box:
    width: float
    height: float  # above the baseline
    depth: float  # below it
    parts: tuple[Placed, ...] = ()
    italic: float = 0.0  # by how much it leans over its right edge; a superscript starts there
    accent: float | None = None  # where the middle of an accent stands; None: in its middle
    single: bool = False  # one character, which scripts come closer to

    @property
    def total(self) -> float:
        return self.height + self.depth

    @property
    def middle(self) -> float:
        return self.width / 2 if self.accent is None else self.accent

    def lifted(self, up: float) -> Box:
        return replace(
            self,
            height=self.height + up,
            depth=self.depth - up,
            parts=(Placed(0.0, up, self),),
        )

    def ink(self, x: float = 0.0, y: float = 0.0) -> Iterator[Placed]:
        """Everything in it, placed from the formula's own origin."""
        for part in self.parts:
            if isinstance(part.content, Box):
                yield from part.content.ink(x + part.x, y + part.y)
            else:
                yield Placed(x + part.x, y + part.y, part.content)


Ink = Outline | Bar | Foreign
EMPTY = Box(0.0, 0.0, 0.0)


def space(width: float) -> Box:
    return Box(width, 0.0, 0.0)


def beside(boxes: Iterable[Box]) -> Box:
    """One after the other on a common baseline."""
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
    """Boxes at their places in a box of this width, as high and as deep as they reach."""
    boxes = [(part.y, part.content) for part in placed if isinstance(part.content, Box)]
    bars = [(part.y, part.content) for part in placed if isinstance(part.content, Bar)]
    tops = [y + box.height for y, box in boxes] + [y + bar.height for y, bar in bars]
    bottoms = [y - box.depth for y, box in boxes] + [y for y, _ in bars]
    return Box(width, max(tops, default=0.0), -min(bottoms, default=0.0), placed)
