"""What is drawn over and under a formula: roots, accents, lines, braces, arrows, frames."""

from __future__ import annotations

from dataclasses import replace

from app.render.maths.box import Bar, Box, Placed, around
from app.render.maths.font import UNITS
from app.render.maths.glyphs import outline
from app.render.maths.larger import stretched, taller, widest
from app.render.maths.setting import Setting

_RADICAL = "\N{SQUARE ROOT}"
_BRACE_GAP = 0.1  # em
_ARROW_SIDE = 0.4
_FRAME_GAP = 0.3


def root(body: Box, degree: Box | None, setting: Setting) -> Box:
    """The TeXbook, appendix G, rule 11, with the constants of the MATH table."""
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
    """Rule 12: as far above the body as the font puts it above a small letter."""
    key = widest(mark, body.width, setting) if wide else mark
    glyph = setting.font.glyphs[key]
    middle = (glyph.left + glyph.right) / 2 * setting.scale / UNITS  # it has no width
    up = body.height - min(body.height, setting.length("AccentBaseHeight"))
    drawn = Placed(body.middle - middle, up, outline(key, setting))
    box = around(body.width, Placed(0.0, 0.0, body), drawn)
    return replace(box, italic=body.italic, accent=body.accent, single=body.single)


def line(body: Box, setting: Setting, *, over: bool) -> Box:
    """Rules 9 and 10."""
    rule = setting.length("OverbarRuleThickness")
    gap = setting.length("OverbarVerticalGap" if over else "UnderbarVerticalGap")
    y = body.height + gap if over else -body.depth - gap - rule
    return around(body.width, Placed(0.0, 0.0, body), Placed(0.0, y, Bar(body.width, rule)))


def brace(mark: str, body: Box, setting: Setting, *, over: bool) -> Box:
    drawn, gap = stretched(mark, body.width, setting), _BRACE_GAP * setting.scale
    width = max(body.width, drawn.width)
    y = body.height + gap + drawn.depth if over else -body.depth - gap - drawn.height
    return around(
        width,
        Placed((width - body.width) / 2, 0.0, body),
        Placed((width - drawn.width) / 2, y, drawn),
    )


def arrow(char: str, above: Box, below: Box | None, setting: Setting) -> Box:
    """Longer than the words above and below it."""
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
    """Centred on the axis; empty for the one that is not shown."""
    if not char:
        return Box(0.12 * setting.scale, 0.0, 0.0)
    box = taller(char, least, setting)
    return box.lifted(setting.axis - (box.height - box.depth) / 2)


def fence_height(body: Box, setting: Setting) -> float:
    """Rule 19: nearly as high as what it holds, measured from the axis."""
    reach = 2 * max(body.height - setting.axis, body.depth + setting.axis)
    return max(reach * 0.901, reach - 0.5 * setting.scale)
