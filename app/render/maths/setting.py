"""In what size and style a part of a formula is set (the TeXbook, chapter 17)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from app.render.maths.font import UNITS, MathFont
from app.render.maths.tree import Size


class Level(IntEnum):
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
    font: MathFont
    level: Level
    cramped: bool = False  # superscripts stay lower: below a bar, say

    @property
    def display(self) -> bool:
        return self.level is Level.DISPLAY

    @property
    def scale(self) -> float:
        """The size of its characters in em of the whole formula."""
        constants = self.font.constants
        if self.level is Level.SCRIPT:
            return constants["ScriptPercentScaleDown"] / 100
        if self.level is Level.SCRIPT_SCRIPT:
            return constants["ScriptScriptPercentScaleDown"] / 100
        return 1.0

    def length(self, constant: str) -> float:
        """Of the font's MATH table, in em of the whole formula."""
        return self.font.constants[constant] / UNITS * self.scale

    @property
    def axis(self) -> float:
        """How high minus signs and fraction bars stand."""
        return self.length("AxisHeight")

    @property
    def rule(self) -> float:
        return self.length("FractionRuleThickness")

    def above(self) -> Setting:
        """For a superscript."""
        return replace(self, level=self._smaller())

    def below(self) -> Setting:
        """For a subscript."""
        return replace(self, level=self._smaller(), cramped=True)

    def top(self) -> Setting:
        """For a numerator."""
        return replace(self, level=self._half())

    def bottom(self) -> Setting:
        return replace(self, level=self._half(), cramped=True)

    def under_bar(self) -> Setting:
        return replace(self, cramped=True)

    def sized(self, size: Size | None) -> Setting:
        return self if size is None else replace(self, level=_LEVELS[size])

    def _smaller(self) -> Level:
        return Level.SCRIPT if self.level <= Level.TEXT else Level.SCRIPT_SCRIPT

    def _half(self) -> Level:
        return Level(min(self.level + 1, Level.SCRIPT_SCRIPT))
