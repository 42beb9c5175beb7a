"""What a formula is built of besides rows: scripts, fractions, roots, accents, fences, grids.

Each function places boxes in a larger box, by the rules of the TeXbook, appendix G, with the
constants of the font's MATH table. Lengths are in em of the whole formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, zip_longest
from typing import TypeVar

from app.render.maths.boxes import (
    EMPTY,
    Bar,
    Box,
    Placed,
    around,
    outline,
    space,
    stretched,
    taller,
    widest,
)
from app.render.maths.font import UNITS, Setting
from app.render.maths.tree import Grid

_RADICAL = "\N{SQUARE ROOT}"
# Lengths in em.
_NULL_DELIMITER = 0.12  # beside a fraction, and in place of a delimiter that is not drawn
_BRACE_GAP = 0.1
_ARROW_SIDE = 0.4  # of an arrow beyond its words
_FRAME_GAP = 0.3
_ROW_HEIGHT, _ROW_DEPTH = 0.84, 0.36  # of a grid's row at least, so that small letters stand apart
_ROW_CLEAR = 0.15  # above and below what is higher or deeper than that

_FREE_ON_THE_LEFT = {"l": 0.0, "c": 0.5, "r": 1.0}
"""Alignment of a column -> the part of a cell's free width that is on its left."""
_T = TypeVar("_T")


def beside_base(base: Box, below: Box | None, above: Box | None, setting: Setting) -> Box:
    """Return the base with scripts on its right (rule 18)."""
    up, down = _shifts(base, below, above, setting)
    placed, end = [Placed(0.0, 0.0, base)], base.width
    if above is not None:
        x = base.width + base.italic
        placed.append(Placed(x, up, above))
        end = max(end, x + above.width)
    if below is not None:
        placed.append(Placed(base.width, -down, below))
        end = max(end, base.width + below.width)
    return around(end + setting.length("SpaceAfterScript"), *placed)


def _shifts(
    base: Box, below: Box | None, above: Box | None, setting: Setting
) -> tuple[float, float]:
    """Return how far the superscript is raised and the subscript lowered, in em."""
    length = setting.length
    up = 0.0 if base.single else base.height - length("SuperscriptBaselineDropMax")
    down = 0.0 if base.single else base.depth + length("SubscriptBaselineDropMin")
    if above is not None:
        least = "SuperscriptShiftUpCramped" if setting.cramped else "SuperscriptShiftUp"
        up = max(up, length(least), above.depth + length("SuperscriptBottomMin"))
    if below is not None:
        down = max(down, length("SubscriptShiftDown"))
    if below is not None and above is None:
        down = max(down, below.height - length("SubscriptTopMax"))
    if below is not None and above is not None:
        gap = (up - above.depth) - (below.height - down)
        down += max(0.0, length("SubSuperscriptGapMin") - gap)
        lift = max(0.0, length("SuperscriptBottomMaxWithSubscript") - (up - above.depth))
        if gap < length("SubSuperscriptGapMin"):
            up, down = up + lift, down - lift
    return up, down


def as_limits(base: Box, below: Box | None, above: Box | None, setting: Setting) -> Box:
    """Return the base with centred limits (rule 13a), moved by half its slant to either side."""
    boxes = [box for box in (base, below, above) if box is not None]
    width = max(box.width for box in boxes)
    placed = [Placed((width - base.width) / 2, 0.0, base)]
    if above is not None:
        rise = setting.length("UpperLimitBaselineRiseMin") - above.depth
        y = base.height + above.depth + max(setting.length("UpperLimitGapMin"), rise)
        placed.append(Placed((width - above.width + base.italic) / 2, y, above))
    if below is not None:
        drop = setting.length("LowerLimitBaselineDropMin") - below.height
        y = base.depth + below.height + max(setting.length("LowerLimitGapMin"), drop)
        placed.append(Placed((width - below.width - base.italic) / 2, -y, below))
    return around(width, *placed)


def fraction(top: Box, bottom: Box, setting: Setting) -> Box:
    """Return a fraction with its bar on the axis (rule 15d)."""
    display, axis, rule = setting.display, setting.axis, setting.rule
    names = (
        ("FractionNumeratorDisplayStyleShiftUp", "FractionNumDisplayStyleGapMin",
         "FractionDenominatorDisplayStyleShiftDown", "FractionDenomDisplayStyleGapMin")
        if display
        else ("FractionNumeratorShiftUp", "FractionNumeratorGapMin",
              "FractionDenominatorShiftDown", "FractionDenominatorGapMin")
    )  # fmt: skip
    up, gap_above, down, gap_below = map(setting.length, names)
    up = max(up, axis + rule / 2 + gap_above + top.depth)
    down = max(down, bottom.height + gap_below + rule / 2 - axis)
    side = _NULL_DELIMITER * setting.scale
    bar = Placed(side, axis - rule / 2, Bar(max(top.width, bottom.width), rule))
    return _stacked(top, bottom, up, down, setting, bar)


def stack(top: Box, bottom: Box, setting: Setting) -> Box:
    """Return a fraction without a bar, as a binomial has it (rule 15c)."""
    names = (
        ("StackTopDisplayStyleShiftUp", "StackBottomDisplayStyleShiftDown",
         "StackDisplayStyleGapMin")
        if setting.display
        else ("StackTopShiftUp", "StackBottomShiftDown", "StackGapMin")
    )  # fmt: skip
    up, down, least = map(setting.length, names)
    lacking = max(0.0, least - ((up - top.depth) - (bottom.height - down)))
    return _stacked(top, bottom, up + lacking / 2, down + lacking / 2, setting)


def _stacked(top: Box, bottom: Box, up: float, down: float, setting: Setting, *bar: Placed) -> Box:
    side, width = _NULL_DELIMITER * setting.scale, max(top.width, bottom.width)
    return around(
        width + 2 * side,
        Placed(side + (width - top.width) / 2, up, top),
        Placed(side + (width - bottom.width) / 2, -down, bottom),
        *bar,
    )


def root(body: Box, degree: Box | None, setting: Setting) -> Box:
    """Return the body under a radical sign (rule 11), with the degree before the sign."""
    rule = setting.length("RadicalRuleThickness")
    name = "RadicalDisplayStyleVerticalGap" if setting.display else "RadicalVerticalGap"
    gap = setting.length(name)
    sign = taller(_RADICAL, body.total + gap + rule, setting)
    gap += max(0.0, sign.total - (body.total + gap + rule)) / 2
    top = body.height + gap + rule
    start = 0.0
    placed = list[Placed]()
    if degree is not None:
        before = setting.length("RadicalKernBeforeDegree")
        start = max(0.0, before + degree.width + setting.length("RadicalKernAfterDegree"))
        percent = setting.font.constants["RadicalDegreeBottomRaisePercent"]
        bottom = top - sign.total + sign.total * percent / 100
        x = start - setting.length("RadicalKernAfterDegree") - degree.width
        placed.append(Placed(x, bottom + degree.depth, degree))
    bar = Bar(body.width, rule)
    return around(
        start + sign.width + body.width,
        *placed,
        Placed(start, top - sign.height, sign),
        Placed(start + sign.width, top - rule, bar),
        Placed(start + sign.width, 0.0, body),
    )


def accent(mark: str, body: Box, setting: Setting, *, wide: bool) -> Box:
    """Return the body with an accent as far above it as above a small letter (rule 12).

    `wide`: the accent takes the widest of its forms that the body is not narrower than.
    """
    key = widest(mark, body.width, setting) if wide else mark
    glyph = setting.font.glyphs[key]
    middle = (glyph.left + glyph.right) / 2 * setting.scale / UNITS  # an accent has no advance
    up = body.height - min(body.height, setting.length("AccentBaseHeight"))
    drawn = Placed(body.middle - middle, up, outline(key, setting))
    box = around(body.width, Placed(0.0, 0.0, body), drawn)
    return replace(box, italic=body.italic, accent=body.accent, single=body.single)


def line(body: Box, setting: Setting, *, over: bool) -> Box:
    """Return the body with a line over it (rule 9) or under it (rule 10)."""
    rule = setting.length("OverbarRuleThickness")
    gap = setting.length("OverbarVerticalGap" if over else "UnderbarVerticalGap")
    y = body.height + gap if over else -body.depth - gap - rule
    return around(body.width, Placed(0.0, 0.0, body), Placed(0.0, y, Bar(body.width, rule)))


def brace(mark: str, body: Box, setting: Setting, *, over: bool) -> Box:
    """Return the body with a horizontal brace over it or under it, at least as wide."""
    drawn, gap = stretched(mark, body.width, setting), _BRACE_GAP * setting.scale
    width = max(body.width, drawn.width)
    y = body.height + gap + drawn.depth if over else -body.depth - gap - drawn.height
    return around(
        width,
        Placed((width - body.width) / 2, 0.0, body),
        Placed((width - drawn.width) / 2, y, drawn),
    )


def arrow(char: str, above: Box, below: Box | None, setting: Setting) -> Box:
    """Return an arrow that is longer than the boxes above and below it."""
    side, gap = _ARROW_SIDE * setting.scale, setting.rule
    longest = max(above.width, below.width if below else 0.0)
    drawn = stretched(char, longest + 2 * side, setting)
    width = drawn.width
    placed = [
        Placed(0.0, 0.0, drawn),
        Placed((width - above.width) / 2, drawn.height + gap + above.depth, above),
    ]
    if below is not None:
        y = -drawn.depth - gap - below.height
        placed.append(Placed((width - below.width) / 2, y, below))
    return around(width, *placed)


def frame(body: Box, setting: Setting) -> Box:
    """Return the body in a frame of four lines."""
    gap, rule = _FRAME_GAP * setting.scale, setting.rule
    width, height = body.width + 2 * gap, body.total + 2 * gap
    bottom = -body.depth - gap
    return around(
        width,
        Placed(gap, 0.0, body),
        Placed(0.0, bottom, Bar(width, rule)),
        Placed(0.0, bottom + height - rule, Bar(width, rule)),
        Placed(0.0, bottom, Bar(rule, height)),
        Placed(width - rule, bottom, Bar(rule, height)),
    )


def delimiter(char: str, least: float, setting: Setting) -> Box:
    """Return a delimiter at least `least` em high, centred on the axis; "" is not drawn."""
    if not char:
        return space(_NULL_DELIMITER * setting.scale)
    box = taller(char, least, setting)
    return box.lifted(setting.axis - (box.height - box.depth) / 2)


def fence_height(body: Box, setting: Setting) -> float:
    """Return how high the delimiters around `body` are at least (rule 19), in em.

    They may lack a tenth or half an em of what reaches both ways from the axis.
    """
    reach = 2 * max(body.height - setting.axis, body.depth + setting.axis)
    return max(reach * 0.901, reach - 0.5 * setting.scale)


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells of a row; its height and depth leave space to its neighbours."""

    cells: tuple[Box, ...]
    height: float
    depth: float


def grid(cells: Sequence[Sequence[Box]], looks: Grid, setting: Setting) -> Box:
    """Return rows and columns of cells, centred on the axis; `looks.rows` is not read."""
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
            placed.append(Placed(starts[i] + free * _FREE_ON_THE_LEFT[_of(aligns, i)], y, box))
        y -= row.depth + leading
    lines = [_across(edge, width, setting) for edge in _edges(looks, tops, top - total)]
    lines += [_down(x, top, total, setting) for x in _bars(looks.columns, starts, gaps, width)]
    box = around(width, *placed, *lines)
    return Box(width, max(box.height, top), max(box.depth, total - top), box.parts)


def _row(cells: Sequence[Box], setting: Setting) -> _Row:
    clear = _ROW_CLEAR * setting.scale
    height = max(_ROW_HEIGHT * setting.scale, *(box.height + clear for box in cells))
    depth = max(_ROW_DEPTH * setting.scale, *(box.depth + clear for box in cells))
    return _Row(tuple(cells), height, depth)


def _of(values: Sequence[_T], index: int) -> _T:
    """Return the value at `index` of the values repeated without end."""
    return values[index % len(values)]


def _edges(looks: Grid, tops: Sequence[float], bottom: float) -> list[float]:
    """Return y of each horizontal line: the top of its row, or the bottom of the grid."""
    return [tops[row] if row < len(tops) else bottom for row in sorted(looks.lines)]


def _bars(
    columns: str, starts: Sequence[float], gaps: Sequence[float], width: float
) -> list[float]:
    """Return x of each vertical line: an edge of the grid, or the middle of a gap."""
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
