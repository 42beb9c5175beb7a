"""The mathematical font, and the style and size in which a part of a formula is set with it.

`scripts/make_math_font.py` extracts the font's outlines and the metrics of its MATH table
(OpenType specification). Lengths of the font are in thousandths of an em, those of a setting in em
of the whole formula; y grows upwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import msgspec

from app.render.maths.tree import Size

UNITS = 1000
"""The font's lengths in an em."""

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
"""The constants of the MATH table that layout uses, under the specification's names."""


class Glyph(msgspec.Struct, frozen=True, array_like=True):
    """One outline; left, bottom, right and top are the edges of its ink."""

    advance: int
    left: int
    bottom: int
    right: int
    top: int
    italic: int  # how far its ink reaches over the character that follows
    accent: int | None  # x of the middle of an accent above it; None: half the advance
    path: str  # SVG path data, y upwards


class Part(msgspec.Struct, frozen=True, array_like=True):
    """A piece of a delimiter, brace or arrow that is put together from pieces."""

    glyph: str
    length: int
    start: int  # how much may overlap with the part before
    end: int  # how much may overlap with the part after
    extends: bool  # may be repeated


class Larger(msgspec.Struct, frozen=True, array_like=True):
    """The larger forms of a character: whole glyphs, then parts for any length beyond them."""

    glyphs: tuple[str, ...]  # from small to large
    parts: tuple[Part, ...]  # from the bottom, or from the left


class MathFont(msgspec.Struct, frozen=True, eq=False):  # compared, and hashed, by identity
    """The extract. A glyph's key is its character, or for a larger form what `Larger` names."""

    constants: dict[str, int]
    overlap: int  # the least overlap between two parts
    taller: dict[str, Larger]
    wider: dict[str, Larger]
    glyphs: dict[str, Glyph]


def math_font(data: bytes) -> MathFont:
    """Return the font in an extract. Raises msgspec.DecodeError where `data` is none."""
    return msgspec.json.decode(data, type=MathFont)


class Level(IntEnum):
    """The four styles of the TeXbook, chapter 17, from the largest."""

    DISPLAY = 0
    TEXT = 1
    SCRIPT = 2
    SCRIPT_SCRIPT = 3


_LEVELS: dict[Size, Level] = {
    "display": Level.DISPLAY,
    "text": Level.TEXT,
    "script": Level.SCRIPT,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """The font and the style of a part of a formula."""

    font: MathFont
    level: Level
    cramped: bool = False  # superscripts are raised less, as under a bar

    @property
    def display(self) -> bool:
        return self.level is Level.DISPLAY

    @property
    def scale(self) -> float:
        """The size of its characters, in em of the whole formula."""
        constants = self.font.constants
        if self.level is Level.SCRIPT:
            return constants["ScriptPercentScaleDown"] / 100
        if self.level is Level.SCRIPT_SCRIPT:
            return constants["ScriptScriptPercentScaleDown"] / 100
        return 1.0

    def length(self, constant: str) -> float:
        """Return a constant of the MATH table, in em of the whole formula."""
        return self.font.constants[constant] / UNITS * self.scale

    @property
    def axis(self) -> float:
        """The height of minus signs and fraction bars above the baseline, in em."""
        return self.length("AxisHeight")

    @property
    def rule(self) -> float:
        """The thickness of lines, in em."""
        return self.length("FractionRuleThickness")

    def above(self) -> Setting:
        """Return the setting of a superscript."""
        return replace(self, level=self._smaller())

    def below(self) -> Setting:
        """Return the setting of a subscript."""
        return replace(self, level=self._smaller(), cramped=True)

    def top(self) -> Setting:
        """Return the setting of a numerator."""
        return replace(self, level=self._fraction())

    def bottom(self) -> Setting:
        """Return the setting of a denominator."""
        return replace(self, level=self._fraction(), cramped=True)

    def under_bar(self) -> Setting:
        """Return the setting of a body below a line, an accent or a root."""
        return replace(self, cramped=True)

    def sized(self, size: Size | None) -> Setting:
        """Return the setting with another style; None keeps this one."""
        return self if size is None else replace(self, level=_LEVELS[size])

    def _smaller(self) -> Level:
        return Level.SCRIPT if self.level <= Level.TEXT else Level.SCRIPT_SCRIPT

    def _fraction(self) -> Level:
        return Level(min(self.level + 1, Level.SCRIPT_SCRIPT))
