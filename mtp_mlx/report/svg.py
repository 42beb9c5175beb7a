"""The few shapes that charts are drawn with, as SVG that browsers and Qt both read. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Literal

from mtp_mlx.report.words import line as one_line

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours as SVG attributes take them. `series`: plain decoding first, then other modes."""

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
"""For a page whose style gives these names a value, and another one at night."""


def variables(palette: Palette) -> str:
    """The style that gives the names of `NAMED` the colours of `palette`."""
    names = ("paper", "ink", "quiet", "grid", "warning")
    told = [f"--{name}:{getattr(palette, name)}" for name in names]
    return ";".join(told + [f"--series-{i}:{colour}" for i, colour in enumerate(palette.series)])


def drawing(shapes: Iterable[str], width: int, height: int, label: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{quoted(label)}" '
        f'font-family="sans-serif">{"".join(shapes)}</svg>'
    )


def quoted(text: str) -> str:
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


def path(points: Iterable[tuple[float, float]], stroke: str, width: float = 2) -> str:
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{told}" fill="none" stroke="{stroke}" stroke-width="{width:g}" '
        f'stroke-linejoin="round" stroke-linecap="round"/>'
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
