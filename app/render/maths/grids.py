"""Rows and columns: matrices, cases, aligned equations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, zip_longest
from typing import TypeVar

from app.render.maths.box import EMPTY, Bar, Box, Placed, around
from app.render.maths.setting import Setting
from app.render.maths.tree import Grid

_HEIGHT, _DEPTH = 0.84, 0.36  # em of a row, so that rows of small letters stand apart
_CLEAR = 0.15  # em left above and below what is higher than that
_T = TypeVar("_T")
_SHARE = {"l": 0.0, "c": 0.5, "r": 1.0}


@dataclass(frozen=True, slots=True)
class _Row:
    cells: tuple[Box, ...]
    height: float
    depth: float


def grid(cells: Sequence[Sequence[Box]], looks: Grid, setting: Setting) -> Box:
    """Centred on the axis."""
    rows = [_row(row, setting) for row in cells]
    columns = [max(box.width for box in column) for column in zip_longest(*cells, fillvalue=EMPTY)]
    gaps = [_of(looks.gaps, i) * setting.scale for i in range(max(0, len(columns) - 1))]
    starts = [0.0, *accumulate(w + gap for w, gap in zip(columns, gaps, strict=False))]
    width = starts[len(columns) - 1] + columns[-1] if columns else 0.0
    leading = looks.leading * setting.scale
    total = sum(row.height + row.depth for row in rows) + leading * max(0, len(rows) - 1)
    top = y = setting.axis + total / 2
    placed, tops = list[Placed](), list[float]()
    aligns = looks.columns.replace("|", "") or "c"
    for row in rows:
        tops.append(y)
        y -= row.height
        for i, box in enumerate(row.cells):
            free = columns[i] - box.width
            placed.append(Placed(starts[i] + free * _SHARE[_of(aligns, i)], y, box))
        y -= row.depth + leading
    lines = [_across(edge, width, setting) for edge in _edges(looks, tops, top - total)]
    lines += [_down(x, top, total, setting) for x in _bars(looks.columns, starts, gaps, width)]
    box = around(width, *placed, *lines)
    return Box(width, max(box.height, top), max(box.depth, total - top), box.parts)


def _row(cells: Sequence[Box], setting: Setting) -> _Row:
    clear = _CLEAR * setting.scale
    height = max(_HEIGHT * setting.scale, *(box.height + clear for box in cells))
    depth = max(_DEPTH * setting.scale, *(box.depth + clear for box in cells))
    return _Row(tuple(cells), height, depth)


def _of(values: Sequence[_T], index: int) -> _T:
    return values[index % len(values)]


def _edges(looks: Grid, tops: Sequence[float], bottom: float) -> list[float]:
    return [tops[row] if row < len(tops) else bottom for row in sorted(looks.lines)]


def _bars(
    columns: str, starts: Sequence[float], gaps: Sequence[float], width: float
) -> list[float]:
    """Where the bars of an array's specification stand: in the middle of the gap."""
    places, column = list[float](), 0
    for sign in columns:
        if sign != "|":
            column += 1
        elif column == 0:
            places.append(0.0)
        elif column < len(starts):
            places.append(starts[column] - gaps[column - 1] / 2)
        else:
            places.append(width)
    return places


def _across(y: float, width: float, setting: Setting) -> Placed:
    return Placed(0.0, y, Bar(width, setting.rule))


def _down(x: float, top: float, total: float, setting: Setting) -> Placed:
    return Placed(x - setting.rule / 2, top - total, Bar(setting.rule, total))
