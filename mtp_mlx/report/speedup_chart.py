"""The chart of speed-ups: a mark a row, and its interval as a line. Pure.

Gains lie right of 1, slow-downs as far left of it. What is not sure is a hollow mark.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from mtp_mlx.report import svg, words
from mtp_mlx.report.claims import Claim, claim_of
from mtp_mlx.report.derived import headline
from mtp_mlx.report.model import Group, Report
from mtp_mlx.report.sheet import PRINTED, Chart, Sheet
from mtp_mlx.report.svg import Mark, Palette
from mtp_mlx.report.tables import Column, Table
from mtp_mlx.report.words import NONE

_ROWS = 3  # modes of which every category is shown


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


_ROW = 24  # height of a row in the chart of speed-ups, in pixels


def speedups(report: Report) -> Chart | None:
    groups = [group for group in report.summary if claim_of(group).ratio is not None]
    main = headline(report)
    modes = {group.mode for group in groups}
    if main is not None and len(modes) > _ROWS and len(groups) > len(modes):
        groups = [group for group in groups if group.mode == main.mode]
    if not groups:
        return None
    rows = tuple(
        (
            _row_name(group),
            words.ratio(group.speedup or 0),
            words.spread(group.speedup_low, group.speedup_high) or NONE,
            claim_of(group).word,
        )
        for group in groups
    )
    columns = (
        Column("Category, MTP", is_number=False), Column(f"Speed-up, {words.TIMES}"),
        Column("95 %"), Column("Result", is_number=False),
    )  # fmt: skip
    numbers = Table(columns, rows)
    title = "Speed-up by category"
    return Chart(title, numbers, partial(_draw_speedups, title, numbers, groups))


def _row_name(group: Group) -> str:
    return f"{words.shortened(words.category(group.category), 18)}, {words.mode(group.mode)}"


def _draw_speedups(
    title: str, numbers: Table, groups: Sequence[Group], palette: Palette, width: int
) -> str:
    sheet = Sheet(title, numbers, palette, width)
    left, right = sheet.part(0.28, 104, 176), width - sheet.part(0.27, 104, 156)
    ratios = [ratio for group in groups for ratio in _extent(group)]
    marks = svg.ratio_ticks(min(ratios), max(ratios))
    scale = _Scale(marks[0], marks[-1], left, right)
    names = [
        ("faster", palette.series[1], Mark.DISC),
        ("slower", palette.warning, Mark.SQUARE),
        ("not sure", palette.quiet, Mark.RING),
    ]
    legend = svg.legend(8, 46, width - 16, names, palette)
    top = 54.0 + svg.LEGEND_ROW * legend.rows
    bottom = top + _ROW * len(groups)
    shapes = [*legend.shapes, *_ratio_grid(scale, marks, top, bottom, sheet)]
    for i, group in enumerate(groups):
        shapes += _ratio_row(scale, group, top + _ROW * i, palette, sheet)
    return sheet.drawing(shapes, bottom + 46)


def _extent(group: Group) -> list[float]:
    ratios = (group.speedup, group.speedup_low, group.speedup_high)
    return [ratio for ratio in ratios if ratio]


def _ratio_grid(
    scale: _Scale, marks: Sequence[float], top: float, bottom: float, sheet: Sheet
) -> Iterator[str]:
    palette = sheet.palette
    shown = svg.spaced(marks, scale.x, 30)
    for mark in marks:
        x, is_one = scale.x(mark), mark == 1
        yield svg.line(
            (x, top), (x, bottom), palette.ink if is_one else palette.grid, 1.5 if is_one else 1
        )
        if mark in shown:
            name = f"{mark:g}{words.TIMES}"
            yield svg.text(x, bottom + 16, name, palette.quiet, anchor="middle", size=11)
    unit = "times plain decoding; lines: 95 %"
    at = sheet.width / 2
    yield svg.text(at, bottom + 36, unit, palette.quiet, anchor="middle")


def _ratio_row(
    scale: _Scale, group: Group, top: float, palette: Palette, sheet: Sheet
) -> Iterator[str]:
    """Draw a group's name, its interval as a line, its ratio as a mark and both in words."""
    ratio = group.speedup or scale.low
    said = claim_of(group)
    colour, mark = _look(said, palette)
    middle = top + _ROW / 2
    size = sheet.letters
    most = int((scale.left - 14) / (0.56 * size))
    bold = group.category is None
    yield svg.text(
        scale.left - 10, middle + 4, words.shortened(_row_name(group), most), palette.ink,
        anchor="end", size=size, bold=bold,
    )  # fmt: skip
    if group.speedup_low and group.speedup_high:
        low, high = scale.x(group.speedup_low), scale.x(group.speedup_high)
        yield svg.line((low, middle), (high, middle), colour, 2)
        for end in (low, high):
            yield svg.line((end, middle - 4), (end, middle + 4), colour, 2)
    yield svg.mark(mark, scale.x(ratio), middle, colour, palette.paper)
    short = sheet.width < PRINTED and said.outcome in {"even", "busy"}
    word = "unsure" if short else said.word
    ink = palette.warning if said.tone == "warning" else palette.ink
    yield svg.text(
        scale.right + 10, middle + 4, f"{words.times(ratio)} {word}", ink,
        size=size, bold=bold or said.tone == "warning",
    )  # fmt: skip


def _look(said: Claim, palette: Palette) -> tuple[str, Mark]:
    looks = {
        "warning": (palette.warning, Mark.SQUARE),
        "faster": (palette.series[1], Mark.DISC),
        "plain": (palette.quiet, Mark.RING),
    }
    return looks[said.tone]
