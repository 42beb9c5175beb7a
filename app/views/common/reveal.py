"""Bringing a place inside a long view into sight, for those who move by keyboard."""

from __future__ import annotations

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QScrollArea, QWidget

_MARGIN = 48


def reveal(view: QWidget, y: int) -> None:
    """Has no effect where nothing scrolls `view`."""
    area = view.parentWidget()
    while area is not None and not isinstance(area, QScrollArea):
        area = area.parentWidget()
    page = None if area is None else area.widget()
    if area is not None and page is not None:
        place = view.mapTo(page, QPoint(0, y))
        area.ensureVisible(place.x(), place.y(), 0, _MARGIN)
