"""Scrolls while one drags beyond an edge, the faster the further away."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, QTimer, Signal
from PySide6.QtWidgets import QAbstractScrollArea, QScrollBar
from shiboken6 import isValid

_PACE_MS = 30
_SHARE = 0.4  # of the distance, at each step
_LEAST, _MOST = 3, 90  # pixels


class DragScroll(QObject):
    """The column up and down, a wide text in it sideways."""

    scrolled = Signal()  # something else is under the pointer now

    def __init__(self, column: QAbstractScrollArea) -> None:
        super().__init__(column)
        self._column = column
        self._across = self._down = 0  # pixels to go at each step
        self._bar: QScrollBar | None = None  # of the wide text
        self._timer = QTimer(self, interval=_PACE_MS)
        self._timer.timeout.connect(self._step)

    def point(self, pointer: QPoint, text: QAbstractScrollArea) -> None:
        """Global; `text` is what it points at."""
        view, line = self._column.viewport(), text.viewport()
        self._down = _step(view.mapFromGlobal(pointer).y(), view.height())
        self._across = _step(line.mapFromGlobal(pointer).x(), line.width())
        self._bar = text.horizontalScrollBar()
        if not (self._down or (self._across and self._bar.maximum())):
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _step(self) -> None:
        moved = _move(self._column.verticalScrollBar(), self._down)
        bar = self._bar
        if not self._down and bar is not None and isValid(bar):  # its text may be gone by now
            moved = _move(bar, self._across)
        if moved:
            self.scrolled.emit()


def _step(at: int, size: int) -> int:
    """0 inside; before it, backwards."""
    beyond = at if at < 0 else max(0, at - size + 1)
    least = _LEAST if beyond else 0
    step = min(_MOST, max(least, round(abs(beyond) * _SHARE)))
    return -step if beyond < 0 else step


def _move(bar: QScrollBar, by: int) -> bool:
    before = bar.value()
    bar.setValue(before + by)
    return bar.value() != before
