"""The fonts of the window, in multiples of the system's font size, which the user may enlarge."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

_DISPLAY = 2.3
_TITLE = 1.7
_READING = 1.13
_SMALL = 0.9


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
    return ui(_READING)


def title() -> QFont:
    return ui(_TITLE, QFont.Weight.DemiBold)


def display() -> QFont:
    """Return the font for the rate; its figures have one width, so that the number stands still."""
    font = ui(_DISPLAY, QFont.Weight.DemiBold)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def code() -> QFont:
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(QApplication.font().pointSizeF())
    return font
