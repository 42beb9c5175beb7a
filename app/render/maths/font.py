"""The outlines and metrics of a mathematical font, as `scripts/make_math_font.py` extracts them.

After the MATH table of OpenType; lengths are in thousandths of an em, y grows upwards.
"""

from __future__ import annotations

import msgspec

UNITS = 1000

CONSTANTS = (
    "AxisHeight", "AccentBaseHeight", "DisplayOperatorMinHeight", "SubscriptShiftDown",
    "SubscriptTopMax", "SubscriptBaselineDropMin", "SuperscriptShiftUp",
    "SuperscriptShiftUpCramped", "SuperscriptBottomMin", "SuperscriptBaselineDropMax",
    "SubSuperscriptGapMin", "SuperscriptBottomMaxWithSubscript", "SpaceAfterScript",
    "UpperLimitGapMin", "UpperLimitBaselineRiseMin", "LowerLimitGapMin",
    "LowerLimitBaselineDropMin", "StackTopShiftUp", "StackTopDisplayStyleShiftUp",
    "StackBottomShiftDown", "StackBottomDisplayStyleShiftDown", "StackGapMin",
    "StackDisplayStyleGapMin", "FractionNumeratorShiftUp",
    "FractionNumeratorDisplayStyleShiftUp", "FractionDenominatorShiftDown",
    "FractionDenominatorDisplayStyleShiftDown", "FractionNumeratorGapMin",
    "FractionNumDisplayStyleGapMin", "FractionRuleThickness", "FractionDenominatorGapMin",
    "FractionDenomDisplayStyleGapMin", "OverbarVerticalGap", "OverbarRuleThickness",
    "UnderbarVerticalGap", "RadicalVerticalGap", "RadicalDisplayStyleVerticalGap",
    "RadicalRuleThickness", "RadicalKernBeforeDegree", "RadicalKernAfterDegree",
    "RadicalDegreeBottomRaisePercent", "ScriptPercentScaleDown", "ScriptScriptPercentScaleDown",
)  # fmt: skip
"""Those that are used here, under the names that the OpenType specification gives them."""


class Glyph(msgspec.Struct, frozen=True, array_like=True):
    advance: int
    left: int
    bottom: int
    right: int
    top: int
    italic: int  # by how much it leans over what follows
    accent: int | None  # where the middle of an accent stands
    path: str  # SVG path data, y upwards


class Part(msgspec.Struct, frozen=True, array_like=True):
    """A piece of a delimiter of any length."""

    glyph: str
    length: int
    start: int  # how much of it may overlap with the part before
    end: int
    extends: bool  # may be left out or repeated


class Larger(msgspec.Struct, frozen=True, array_like=True):
    glyphs: tuple[str, ...]  # from small to large
    parts: tuple[Part, ...]  # from the bottom, or from the left


class MathFont(msgspec.Struct, frozen=True, eq=False):  # compared, and hashed, by identity
    constants: dict[str, int]
    overlap: int  # least, between parts
    taller: dict[str, Larger]
    wider: dict[str, Larger]
    glyphs: dict[str, Glyph]


def math_font(data: bytes) -> MathFont:
    """Raises msgspec.DecodeError where the file is not such an extract."""
    return msgspec.json.decode(data, type=MathFont)
