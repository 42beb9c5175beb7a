"""The chart of ratios: a mark a row, and its interval as a line. Pure.

Gains lie right of 1, slow-downs as far left of it. What is not sure is a hollow mark.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from mtp_mlx.report import svg, words
from mtp_mlx.report.claims import claim_of
from mtp_mlx.report.derived import headline
from mtp_mlx.report.model import Group, Mode, Report
from mtp_mlx.report.sheet import PRINTED, Chart, Sheet
from mtp_mlx.report.svg import Mark, Palette
from mtp_mlx.report.tables import Column, Table
from mtp_mlx.report.words import NONE

MOST_ROWS = 12
"""The rows up to which every mode is drawn."""
_NAME = 18  # letters of a category
_ROW = 24  # height of a row, in pixels
_SHORT = {"no difference": "unsure", "machine was busy": "busy"}  # where there is little room


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A row of the chart; `low` and `high` are of its interval, None where it has none."""

    name: str
    value: float
    low: float | None
    high: float | None
    word: str
    tone: Literal["faster", "warning", "plain"]
    is_whole: bool  # over all categories: its name is bold

    @property
    def extent(self) -> list[float]:
        return [ratio for ratio in (self.value, self.low, self.high) if ratio]


def speedups(report: Report) -> Chart | None:
    """Return the speed-ups by category; of many rows only those of the headline's mode."""
    groups = [group for group in report.summary if claim_of(group).ratio]
    main = headline(report)
    mode = None if main is None else main.mode
    if len(groups) > MOST_ROWS:
        groups = [group for group in groups if group.mode == mode]
    rows = [_of_group(group, mode) for group in groups]
    return chart("Speed-up by category", "times plain decoding; lines: 95 %", rows, mode)


def _of_group(group: Group, main: Mode | None) -> Ratio:
    said = claim_of(group)
    return Ratio(
        name=row_name(group.category, group.mode, main),
        value=group.speedup or 0,
        low=group.speedup_low,
        high=group.speedup_high,
        word=said.word,
        tone=said.tone,
        is_whole=group.category is None,
    )


def row_name(category: str | None, mode: Mode, main: Mode | None) -> str:
    """Return the name of a row; the mode that the chart is about stands in its title."""
    name = words.shortened(words.category(category), _NAME)
    return name if mode == main else f"{name}, {words.mode(mode)}"


def chart(title: str, unit: str, rows: Sequence[Ratio], main: Mode | None) -> Chart | None:
    """Return the chart of the rows, in their order; None without one.

    `main` is the mode that it is about: rows of other modes name theirs.
    """
    if not rows:
        return None
    if main is not None:
        title = f"{title}, {words.mode(main)}"
    columns = (
        Column("Category, MTP", is_number=False), Column(f"Ratio, {words.TIMES}"),
        Column("95 %"), Column("Result", is_number=False),
    )  # fmt: skip
    cells = tuple(
        (row.name, words.ratio(row.value), words.spread(row.low, row.high) or NONE, row.word)
        for row in rows
    )
    numbers = Table(columns, cells)
    return Chart(title, numbers, partial(_drawn, title, numbers, unit, rows))


@dataclass(frozen=True, slots=True)
class _Scale:
    """A logarithmic scale between two edges in pixels: half and twice lie equally far from 1."""

    low: float
    high: float
    left: float
    right: float

    def x(self, ratio: float) -> float:
        held = min(max(ratio, self.low), self.high)
        share = math.log(held / self.low) / math.log(self.high / self.low)
        return self.left + (self.right - self.left) * share


def _drawn(
    title: str, numbers: Table, unit: str, rows: Sequence[Ratio], palette: Palette, width: int
) -> str:
    sheet = Sheet(title, numbers, palette, width)
    left, right = sheet.part(0.28, 104, 176), width - sheet.part(0.29, 104, 156)
    ratios = [ratio for row in rows for ratio in row.extent]
    marks = svg.ratio_ticks(min(ratios), max(ratios))
    scale = _Scale(marks[0], marks[-1], left, right)
    names = [
        ("faster", palette.series[1], Mark.DISC),
        ("slower", palette.warning, Mark.SQUARE),
        ("not sure", palette.quiet, Mark.RING),
    ]
    legend = svg.legend(8, 46, width - 16, names, palette)
    top = 54.0 + svg.LEGEND_ROW * legend.rows
    bottom = top + _ROW * len(rows)
    shapes = [*legend.shapes, *_grid(scale, marks, top, bottom, palette)]
    shapes.append(svg.text(width / 2, bottom + 36, unit, palette.quiet, anchor="middle"))
    for i, row in enumerate(rows):
        shapes += _row(scale, row, top + _ROW * i, sheet)
    return sheet.drawing(shapes, bottom + 46)


def _grid(
    scale: _Scale, marks: Sequence[float], top: float, bottom: float, palette: Palette
) -> Iterator[str]:
    shown = svg.spaced(marks, scale.x, 38)
    for mark in marks:
        x, is_one = scale.x(mark), mark == 1
        yield svg.line(
            (x, top), (x, bottom), palette.ink if is_one else palette.grid, 1.5 if is_one else 1
        )
        if mark in shown:
            name = f"{mark:g}{words.TIMES}"
            yield svg.text(x, bottom + 16, name, palette.quiet, anchor="middle", size=11)


def _row(scale: _Scale, row: Ratio, top: float, sheet: Sheet) -> Iterator[str]:
    """Draw the name, the interval as a line, the ratio as a mark, and the ratio in words."""
    palette, size = sheet.palette, sheet.letters
    colour, mark = _look(row, palette)
    middle = top + _ROW / 2
    name = words.shortened(row.name, int((scale.left - 14) / (0.56 * size)))
    yield svg.text(
        scale.left - 10, middle + 4, name, palette.ink, anchor="end", size=size, bold=row.is_whole
    )
    if row.low and row.high:
        low, high = scale.x(row.low), scale.x(row.high)
        yield svg.line((low, middle), (high, middle), colour, 2)
        for end in (low, high):
            yield svg.line((end, middle - 4), (end, middle + 4), colour, 2)
    yield svg.mark(mark, scale.x(row.value), middle, colour, palette.paper)
    word = _SHORT.get(row.word, row.word) if sheet.width < PRINTED else row.word
    is_slower = row.tone == "warning"
    yield svg.text(
        scale.right + 10, middle + 4, f"{words.times(row.value)} {word}",
        palette.warning if is_slower else palette.ink, size=size, bold=row.is_whole or is_slower,
    )  # fmt: skip


def _look(row: Ratio, palette: Palette) -> tuple[str, Mark]:
    looks = {
        "warning": (palette.warning, Mark.SQUARE),
        "faster": (palette.series[1], Mark.DISC),
        "plain": (palette.quiet, Mark.RING),
    }
    return looks[row.tone]
