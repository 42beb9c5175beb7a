"""The type scale: multiples of the system's own size, so that a larger system font holds.

What one reads and writes in a chat also follows the text size of the View menu.
"""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

_DISPLAY = 2.3
_TITLE = 1.7
_READING = 1.13
_SMALL = 0.9
_CODE = 13 / 12

TEXT_SIZES = (0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)
"""Factors over the usual size of a chat's text."""


class _Text:
    size = 1.0


def text_size() -> float:
    """Return the factor over the usual size of a chat's text."""
    return _Text.size


def set_text_size(size: float) -> None:
    """Set the nearest of `TEXT_SIZES` for fonts that are made from now on."""
    _Text.size = min(TEXT_SIZES, key=lambda step: abs(step - size))


def stepped(size: float, step: int) -> float:
    """Return the text size `step` places larger or, below 0, smaller; the last one at the ends."""
    at = TEXT_SIZES.index(min(TEXT_SIZES, key=lambda other: abs(other - size))) + step
    return TEXT_SIZES[max(0, min(at, len(TEXT_SIZES) - 1))]


def ui(scale: float = 1.0, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    font = QFont(QApplication.font())
    font.setPointSizeF(QApplication.font().pointSizeF() * scale)
    font.setWeight(weight)
    return font


def strong() -> QFont:
    return ui(weight=QFont.Weight.DemiBold)


def small() -> QFont:
    return ui(_SMALL)


def reading() -> QFont:
    """Return the font for messages."""
    return ui(_READING * _Text.size)


def thought() -> QFont:
    """Return the font for a model's thoughts."""
    return ui(_Text.size)


def title() -> QFont:
    return ui(_TITLE, QFont.Weight.DemiBold)


def display() -> QFont:
    """Return the font for the rate; its figures have one width, so that the number stands still."""
    font = ui(_DISPLAY, QFont.Weight.DemiBold)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def code() -> QFont:
    """Return the font for code: 13 pixels where the system's own text has 12."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(QApplication.font().pointSizeF() * _Text.size * _CODE)
    return font
