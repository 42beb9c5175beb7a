"""Speed-ups as bars from 1: gains to the right, slow-downs as long and as plain to the left."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mtp_mlx.report import svg, words
from mtp_mlx.report.axes import WIDTH, legend, ratio_ticks
from mtp_mlx.report.model import Group
from mtp_mlx.report.svg import Palette

_ROW = 22
_LEFT, _TOP = 190.0, 62.0
_RIGHT = WIDTH - 130.0  # what is right of it holds the numbers


@dataclass(frozen=True, slots=True)
class _Scale:
    """Logarithmic, so that half and twice are equally far from 1."""

    low: float
    high: float

    def x(self, ratio: float) -> float:
        held = min(max(ratio, self.low), self.high)
        share = math.log(held / self.low) / math.log(self.high / self.low)
        return _LEFT + (_RIGHT - _LEFT) * share


def speedups(groups: Sequence[Group], title: str, palette: Palette) -> str:
    """A row a group; each has a speed-up."""
    told = [ratio for group in groups for ratio in _extent(group)]
    marks = ratio_ticks(min(told), max(told))
    scale = _Scale(marks[0], marks[-1])
    bottom = _TOP + _ROW * len(groups)
    names = [("faster", palette.series[1]), ("slower", palette.warning)]
    shapes = [
        svg.text(16, 22, title, palette.ink, size=15, bold=True),
        *legend(WIDTH - 16, _TOP - 16, names, palette),
        *_grid(scale, marks, bottom, palette),
    ]
    for i, group in enumerate(groups):
        shapes += _row(scale, group, _TOP + _ROW * i, palette)
    shapes.append(svg.line((scale.x(1), _TOP), (scale.x(1), bottom), palette.ink, 1.5))
    return svg.drawing(shapes, WIDTH, math.ceil(bottom) + 48, title)


def _extent(group: Group) -> list[float]:
    known = (group.speedup, group.speedup_low, group.speedup_high)
    return [ratio for ratio in known if ratio]


def _grid(scale: _Scale, marks: Sequence[float], bottom: float, palette: Palette) -> Iterator[str]:
    for mark in marks:
        x = scale.x(mark)
        yield svg.line((x, _TOP), (x, bottom), palette.grid)
        name = f"{mark:g}{words.TIMES}"
        yield svg.text(x, bottom + 16, name, palette.quiet, anchor="middle", size=11)
    unit = "times plain decoding, on a logarithmic scale; lines: 95 %"
    middle = (_LEFT + _RIGHT) / 2
    yield svg.text(middle, bottom + 36, unit, palette.quiet, anchor="middle")


def _row(scale: _Scale, group: Group, top: float, palette: Palette) -> Iterator[str]:
    ratio = group.speedup or scale.low
    name = f"{words.shortened(words.category(group.category), 18)}, {words.mode(group.mode)}"
    slower = words.is_slower(group)
    colour = palette.warning if slower else palette.series[1]
    left, right = sorted((scale.x(1), scale.x(ratio)))
    middle = top + _ROW / 2
    yield svg.text(_LEFT - 10, middle + 4, name, palette.ink, anchor="end")
    yield svg.rect(left, top + 4, right - left, _ROW - 8, colour)
    if group.speedup_low and group.speedup_high:
        low, high = scale.x(group.speedup_low), scale.x(group.speedup_high)
        yield svg.line((low, middle), (high, middle), palette.ink, 1.5)
        for end in (low, high):
            yield svg.line((end, middle - 4), (end, middle + 4), palette.ink, 1.5)
    told = f"{words.times(ratio)}{' slower' * slower}"
    ink = palette.warning if slower else palette.ink
    yield svg.text(_RIGHT + 12, middle + 4, told, ink, bold=slower)
