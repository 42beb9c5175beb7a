"""Scales, ticks, axes and legends of a chart. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mtp_mlx.report import svg
from mtp_mlx.report.svg import Palette

WIDTH = 640
HEAD = 24
"""How far above its frame a chart tells its unit and its legend."""

_RATIOS = (0.1, 0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 8, 10)
_LEAST = 1e-9  # below it, a time or a rate is none
_LEGEND_STEP = 7.2  # of a letter of 12 px, on average


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where a chart's values stand: x to the right, y upwards, in its own units."""

    left: float
    top: float
    right: float
    bottom: float
    x_most: float = 1
    y_most: float = 1

    def x(self, value: float) -> float:
        return self.left + (self.right - self.left) * value / self.x_most

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * value / self.y_most


def ticks(most: float, wanted: int = 5) -> list[float]:
    """Round numbers from 0 to the first that holds `most`."""
    if not (math.isfinite(most) and most > _LEAST):
        return [0.0, 1.0]
    power = 10 ** math.floor(math.log10(most / wanted))
    step = next((n * power for n in (1, 2, 2.5, 5, 10) if n * power * wanted >= most), 10 * power)
    return [i * step for i in range(math.ceil(most / step - 1e-9) + 1)]


def ratio_ticks(low: float, high: float) -> list[float]:
    """Of a logarithmic scale that holds both and 1, where twice and half lie equally far."""
    below = max((tick for tick in _RATIOS if tick <= min(low, 0.8)), default=_RATIOS[0])
    above = min((tick for tick in _RATIOS if tick >= max(high, 1.25)), default=_RATIOS[-1])
    return [tick for tick in _RATIOS if below <= tick <= above]


@dataclass(frozen=True, slots=True)
class Show:
    """How the values of the two axes are told."""

    across: Callable[[float], str] = "{:g}".format
    up: Callable[[float], str] = "{:g}".format


def axes(
    frame: Frame, palette: Palette, across: Sequence[float], up: Sequence[float], show: Show
) -> Iterator[str]:
    """Grid lines with their values; `across` may be empty where bars carry names."""
    for value in up:
        y = frame.y(value)
        yield svg.line((frame.left, y), (frame.right, y), palette.grid)
        yield svg.text(frame.left - 8, y + 4, show.up(value), palette.quiet, anchor="end")
    for value in across:
        place = frame.x(value)
        yield svg.text(place, frame.bottom + 18, show.across(value), palette.quiet, anchor="middle")


def units(frame: Frame, palette: Palette, across: str, up: str) -> Iterator[str]:
    """What the axes measure: above the upright one, below the other."""
    yield svg.text(frame.left - 8, frame.top - HEAD, up, palette.quiet, anchor="start")
    middle = (frame.left + frame.right) / 2
    yield svg.text(middle, frame.bottom + 38, across, palette.quiet, anchor="middle")


def legend(
    right: float, y: float, names: Sequence[tuple[str, str]], palette: Palette
) -> Iterator[str]:
    """Names with their colours, in one line that ends at `right`."""
    at = right - sum(30 + _LEGEND_STEP * len(name) for name, _ in names)
    for name, colour in names:
        yield svg.rect(at, y - 9, 12, 10, colour)
        yield svg.text(at + 18, y, name, palette.ink)
        at += 30 + _LEGEND_STEP * len(name)
