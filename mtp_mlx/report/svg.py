"""Drawing in SVG: palettes, shapes, scales and axes. Pure.

Only elements that both browsers and Qt draw are used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from html import escape
from typing import Literal

from mtp_mlx.report.words import line as one_line

Anchor = Literal["start", "middle", "end"]

LEGEND_ROW = 20
"""The height of a row of a legend, in pixels."""
_UNIT = 22  # pixels from the unit of the upward axis down to the frame
_RATIOS = (0.1, 0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 8, 10)
_LEAST = 1e-9  # a time or rate at or below this counts as 0
_LETTER = 6.4  # mean width of a letter at font size 12, in pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours as SVG attributes take them. `series` begins with the colour of plain decoding."""

    paper: str
    ink: str
    quiet: str
    grid: str
    warning: str
    series: tuple[str, str, str, str]


LIGHT = Palette(
    paper="#ffffff",
    ink="#1b1f24",
    quiet="#59636e",
    grid="#d8dde3",
    warning="#b8480b",
    series=("#77808a", "#1a66d6", "#0f7a6c", "#7a4bc4"),
)
DARK = Palette(
    paper="#15181c",
    ink="#e7eaee",
    quiet="#9ba5b0",
    grid="#353b43",
    warning="#ff9457",
    series=("#98a2ad", "#6ea8ff", "#4cc3b0", "#b795f2"),
)
NAMED = Palette(
    paper="var(--paper)",
    ink="var(--ink)",
    quiet="var(--quiet)",
    grid="var(--grid)",
    warning="var(--warning)",
    series=("var(--series-0)", "var(--series-1)", "var(--series-2)", "var(--series-3)"),
)
"""CSS variables, for a page whose style gives them values for light and for dark."""


def variables(palette: Palette) -> str:
    """Return the CSS that sets the variables of `NAMED` to the colours of `palette`."""
    names = ("paper", "ink", "quiet", "grid", "warning")
    rules = [f"--{name}:{getattr(palette, name)}" for name in names]
    return ";".join(rules + [f"--series-{i}:{colour}" for i, colour in enumerate(palette.series)])


def drawing(shapes: Iterable[str], width: int, height: int, label: str) -> str:
    """Return an SVG image that holds the shapes; `label` names it for screen readers."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{quoted(label)}" '
        f'font-family="sans-serif">{"".join(shapes)}</svg>'
    )


def quoted(text: str) -> str:
    """Return the text on one line, escaped for SVG and HTML."""
    return escape(one_line(text), quote=True)


def rect(x: float, y: float, width: float, height: float, fill: str, *, round_by: float = 2) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0, width):.1f}" height="{max(0, height):.1f}" '
        f'rx="{round_by:g}" fill="{fill}"/>'
    )


def line(
    start: tuple[float, float], end: tuple[float, float], stroke: str, width: float = 1
) -> str:
    (x1, y1), (x2, y2) = start, end
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" '
        f'stroke-width="{width:g}"/>'
    )


def bar(x: float, y: float, width: float, height: float, colour: str, *, hollow: bool) -> str:
    """Draw a bar, filled or as an outline of the same outer size."""
    if not hollow:
        return rect(x, y, width, height, colour)
    return (
        f'<rect x="{x + 1:.1f}" y="{y + 1:.1f}" width="{max(0, width - 2):.1f}" '
        f'height="{max(0, height - 1):.1f}" rx="1" fill="{colour}" fill-opacity="0.15" '
        f'stroke="{colour}" stroke-width="2"/>'
    )


class Mark(Enum):
    """The shapes of marks, which tell apart what colours alone would not."""

    DISC = auto()
    RING = auto()
    SQUARE = auto()
    BOX = auto()  # a hollow square


def mark(shape: Mark, x: float, y: float, colour: str, paper: str, size: float = 5) -> str:
    """Draw a mark around (x, y); a hollow one shows `paper`."""
    fill = paper if shape in {Mark.RING, Mark.BOX} else colour
    if shape in {Mark.DISC, Mark.RING}:
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:g}" fill="{fill}" stroke="{colour}" '
            'stroke-width="2"/>'
        )
    return (
        f'<rect x="{x - size:.1f}" y="{y - size:.1f}" width="{2 * size:g}" height="{2 * size:g}" '
        f'fill="{fill}" stroke="{colour}" stroke-width="2"/>'
    )


def path(
    points: Iterable[tuple[float, float]], stroke: str, width: float = 2, *, dash: str = ""
) -> str:
    """Draw a line through the points; `dash` is the pattern of SVG, "" for an unbroken line."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<polyline points="{places}" fill="none" stroke="{stroke}" stroke-width="{width:g}" '
        f'stroke-linejoin="round" stroke-linecap="round"{dashes}/>'
    )


def text(
    x: float,
    y: float,
    words: str,
    fill: str,
    *,
    anchor: Anchor = "start",
    size: float = 12,
    bold: bool = False,
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" '
        f'fill="{fill}"{weight}>{quoted(words)}</text>'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The rectangle that a chart's values are drawn in.

    `left` to `bottom` are its edges in pixels. The values 0 and `x_most` lie at its left and right
    edge, 0 and `y_most` at its bottom and top.
    """

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
    """Return round numbers in equal steps from 0 up to at least `most`."""
    if not (math.isfinite(most) and most > _LEAST):
        return [0.0, 1.0]
    power = 10 ** math.floor(math.log10(most / wanted))
    step = next((n * power for n in (1, 2, 2.5, 5, 10) if n * power * wanted >= most), 10 * power)
    return [i * step for i in range(math.ceil(most / step - 1e-9) + 1)]


def ratio_ticks(low: float, high: float) -> list[float]:
    """Return the marks of a logarithmic scale from `low` to `high` that also holds 1."""
    below = max((tick for tick in _RATIOS if tick <= min(low, 0.8)), default=_RATIOS[0])
    above = min((tick for tick in _RATIOS if tick >= max(high, 1.25)), default=_RATIOS[-1])
    return [tick for tick in _RATIOS if below <= tick <= above]


@dataclass(frozen=True, slots=True)
class Show:
    """How the numbers at the ticks of each axis are written."""

    across: Callable[[float], str] = "{:g}".format
    up: Callable[[float], str] = "{:g}".format


def axes(
    frame: Frame, palette: Palette, across: Sequence[float], up: Sequence[float], show: Show
) -> Iterator[str]:
    """Draw horizontal grid lines with the values `up`, and the values `across` below the frame."""
    for value in up:
        y = frame.y(value)
        yield line((frame.left, y), (frame.right, y), palette.grid)
        yield text(frame.left - 8, y + 4, show.up(value), palette.quiet, anchor="end")
    for value in across:
        place = frame.x(value)
        yield text(place, frame.bottom + 18, show.across(value), palette.quiet, anchor="middle")


def units(frame: Frame, palette: Palette, across: str, up: str) -> Iterator[str]:
    """Write the units of both axes: `up` above the frame, `across` below it."""
    yield text(8, frame.top - _UNIT, up, palette.quiet, anchor="start")
    middle = (frame.left + frame.right) / 2
    yield text(middle, frame.bottom + 38, across, palette.quiet, anchor="middle")


def spaced(ratios: Sequence[float], place: Callable[[float], float], least: float) -> set[float]:
    """Return the ratios whose places are at least `least` pixels apart.

    1 comes first, then its doubles and halves, then the others.
    """
    kept: list[float] = []
    for ratio in sorted(ratios, key=_plainness):
        if all(abs(place(ratio) - place(other)) >= least for other in kept):
            kept.append(ratio)
    return set(kept)


def _plainness(ratio: float) -> tuple[float, float]:
    steps = math.log2(ratio)
    return (abs(steps - round(steps)), abs(steps))


@dataclass(frozen=True, slots=True)
class Legend:
    """The shapes of a legend, and in how many rows they stand."""

    shapes: tuple[str, ...]
    rows: int


def legend(
    left: float, y: float, width: float, names: Sequence[tuple[str, str, Mark]], palette: Palette
) -> Legend:
    """Return names with their colours and marks in rows of at most `width` pixels from `left`."""
    keys = [_Key(name, _marked(shape, colour, palette.paper)) for name, colour, shape in names]
    return _in_rows(left, y, width, keys, palette)


def line_legend(
    left: float, y: float, width: float, names: Sequence[tuple[str, str, str]], palette: Palette
) -> Legend:
    """Return names with their colours and dashes in rows of at most `width` pixels from `left`."""
    keys = [_Key(name, _stroked(colour, dash)) for name, colour, dash in names]
    return _in_rows(left, y, width, keys, palette)


_SAMPLE, _GAP = 28, 18  # width of a legend's sample, and the room behind a name


@dataclass(frozen=True, slots=True)
class _Key:
    """A name of a legend, and what draws its sample at a place."""

    name: str
    draw: Callable[[float, float], str]


def _marked(shape: Mark, colour: str, paper: str) -> Callable[[float, float], str]:
    return lambda x, y: mark(shape, x + 8, y - 4, colour, paper)


def _stroked(colour: str, dash: str) -> Callable[[float, float], str]:
    return lambda x, y: path([(x, y - 4), (x + 22, y - 4)], colour, 2.5, dash=dash)


def _in_rows(left: float, y: float, width: float, keys: Sequence[_Key], palette: Palette) -> Legend:
    shapes: list[str] = []
    x, rows = left, 1
    for key in keys:
        needed = _SAMPLE + _LETTER * len(key.name)
        if x > left and x + needed > left + width:
            x, rows = left, rows + 1
        at = y + LEGEND_ROW * (rows - 1)
        shapes += [key.draw(x, at), text(x + _SAMPLE, at, key.name, palette.ink)]
        x += needed + _GAP
    return Legend(tuple(shapes), rows)
