"""A chart as a value, and the sheet that charts are drawn on. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mtp_mlx.report import svg, words
from mtp_mlx.report.svg import Frame, Palette
from mtp_mlx.report.tables import Table

WIDE, PRINTED, NARROW = 640, 460, 340
"""Widths of a chart in pixels: for a screen, for half a page of paper, and for a telephone."""
_MOST_TOLD = 400  # letters of a chart's numbers that a screen reader hears at once

Draw = Callable[[Palette, int], str]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its title, its numbers, and the function that draws it."""

    title: str
    numbers: Table
    draw: Draw

    def svg(self, palette: Palette, width: int = WIDE) -> str:
        """Return the drawing, `width` pixels wide."""
        return self.draw(palette, width)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a chart is drawn on: its title and numbers, the colours and the width."""

    title: str
    numbers: Table
    palette: Palette
    width: int

    def part(self, share: float, least: float, most: float) -> float:
        """Return a share of the width in pixels, between two bounds."""
        return min(max(share * self.width, least), most)

    @property
    def letters(self) -> float:
        """The size of the letters in a row of the chart of speed-ups."""
        return 11 if self.width <= PRINTED else 12

    def frame(self, *, x_most: float, y_most: float, legend_rows: int = 1) -> Frame:
        top = 70 + svg.LEGEND_ROW * legend_rows
        return Frame(
            left=52, top=top, right=self.width - 24, bottom=top + 190, x_most=x_most, y_most=y_most
        )

    def drawing(self, shapes: Sequence[str], height: float) -> str:
        head = svg.text(8, 22, self.title, self.palette.ink, size=15, bold=True)
        told = f"{self.title}. {_told(self.numbers)}"
        return svg.drawing(
            [head, *shapes], self.width, math.ceil(height), words.shortened(told, _MOST_TOLD)
        )


def _told(numbers: Table) -> str:
    """Return a table's rows as text: each number with the name of its column."""
    names = [column.name for column in numbers.columns]
    return "; ".join(
        ", ".join(f"{name} {cell}" for name, cell in zip(names, row, strict=True))
        for row in numbers.rows
    )
