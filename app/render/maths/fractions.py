"""Fractions, and binomials, which lack the bar (the TeXbook, appendix G, rule 15)."""

from __future__ import annotations

from app.render.maths.box import Bar, Box, Placed, around
from app.render.maths.setting import Setting

_SIDE = 0.12  # em left free beside a fraction, as TeX's \nulldelimiterspace


def fraction(top: Box, bottom: Box, setting: Setting) -> Box:
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
    bar = Placed(_side(setting), axis - rule / 2, Bar(max(top.width, bottom.width), rule))
    return _stacked(top, bottom, up, down, setting, bar)


def stack(top: Box, bottom: Box, setting: Setting) -> Box:
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
    side, width = _side(setting), max(top.width, bottom.width)
    return around(
        width + 2 * side,
        Placed(side + (width - top.width) / 2, up, top),
        Placed(side + (width - bottom.width) / 2, -down, bottom),
        *bar,
    )


def _side(setting: Setting) -> float:
    return _SIDE * setting.scale
