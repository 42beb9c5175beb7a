"""Superscripts, subscripts and limits (the TeXbook, appendix G, rules 13a and 18)."""

from __future__ import annotations

from app.render.maths.box import Box, Placed, around
from app.render.maths.setting import Setting


def beside_base(base: Box, below: Box | None, above: Box | None, setting: Setting) -> Box:
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
    """How far up and how far down; both are positive."""
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
        raise_ = max(0.0, length("SuperscriptBottomMaxWithSubscript") - (up - above.depth))
        if gap < length("SubSuperscriptGapMin"):
            up, down = up + raise_, down - raise_
    return up, down


def as_limits(base: Box, below: Box | None, above: Box | None, setting: Setting) -> Box:
    """Centred above and below, half of the base's slant to either side."""
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
