"""Selecting with the mouse: in a text by Qt itself, and from there over the texts around it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from enum import Enum, auto

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QScrollBar, QWidget
from shiboken6 import isValid

from app.views.chat.scrolled_column import ScrolledColumn
from app.views.chat.selection import Place, SelectableText, Selection
from app.views.common.theme import ThemeController

_PACE_MS = 30
_SHARE = 0.4  # of the distance beyond the edge, at each step
_LEAST, _MOST = 3, 90  # pixels


class DragScroll(QObject):
    """Scrolls while the mouse drags beyond an edge, the faster the further away.

    The column moves up and down, a wide text in it sideways.
    """

    scrolled = Signal()  # the pointer is over another place now

    def __init__(self, column: QAbstractScrollArea) -> None:
        super().__init__(column)
        self._column = column
        self._across = self._down = 0  # pixels to go at each step
        self._bar: QScrollBar | None = None  # the wide text's
        self._timer = QTimer(self, interval=_PACE_MS)
        self._timer.timeout.connect(self._step)

    def point(self, pointer: QPoint, text: QAbstractScrollArea) -> None:
        """Take the pointer (global) and the `text` under it."""
        view, line = self._column.viewport(), text.viewport()
        self._down = _step(view.mapFromGlobal(pointer).y(), view.height())
        self._across = _step(line.mapFromGlobal(pointer).x(), line.width())
        self._bar = text.horizontalScrollBar()
        if not (self._down or (self._across and self._bar.maximum())):
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()

    @property
    def running(self) -> bool:
        return self._timer.isActive()

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
    """Return pixels to scroll: 0 inside the view, negative before it."""
    beyond = at if at < 0 else max(0, at - size + 1)
    least = _LEAST if beyond else 0
    step = min(_MOST, max(least, round(abs(beyond) * _SHARE)))
    return -step if beyond < 0 else step


def _move(bar: QScrollBar, by: int) -> bool:
    before = bar.value()
    bar.setValue(before + by)
    return bar.value() != before


Handler = Callable[[QMouseEvent], None]
"""Qt's own handling of an event in a text."""


class _Press(Enum):
    """What a drag does while the mouse button is down."""

    NONE = auto()
    CARRY = auto()  # Qt drags the selected text to another place
    SELECT = auto()  # select, from a place in the pressed text
    EXTEND = auto()  # select, from a place in another text: Qt takes no part


class Selecting(QObject):
    """The pressed text gets all mouse events until the button is released."""

    def __init__(self, column: ScrolledColumn, selection: Selection) -> None:
        super().__init__(column)
        self._column = column
        self._selection = selection
        self._text: SelectableText | None = None  # the pressed one
        self._press = _Press.NONE
        self._pointer = QPoint()  # global
        self._scroll = DragScroll(column)
        self._scroll.scrolled.connect(self._move_again)

    @property
    def busy(self) -> bool:
        """Return whether the user is dragging a selection, in a text that is still shown."""
        selects = self._press in (_Press.SELECT, _Press.EXTEND)
        return selects and self._text in self._selection.shown()

    @property
    def scrolling(self) -> bool:
        """Return whether the column or a wide text scrolls, as the pointer is beyond an edge."""
        return self._scroll.running

    def press(self, text: SelectableText, event: QMouseEvent, by_qt: Handler) -> None:
        self._text = text
        anchor = self._selection.anchor
        if anchor and event.modifiers() == Qt.KeyboardModifier.ShiftModifier:
            self._press = _Press.SELECT if text is anchor else _Press.EXTEND
            if text is anchor:
                by_qt(event)
            self._pointer = event.globalPosition().toPoint()
            self._extend(within=text is anchor)
            return
        before = text.span
        by_qt(event)
        if text.textCursor().hasSelection() and text.span == before:
            self._press = _Press.CARRY
        else:
            self._begin(text)

    def double_click(self, text: SelectableText, event: QMouseEvent, by_qt: Handler) -> None:
        by_qt(event)
        self._begin(text)

    def move(self, text: SelectableText, event: QMouseEvent, by_qt: Handler) -> None:
        self._pointer = event.globalPosition().toPoint()
        if not self.busy:
            by_qt(event)
            return
        at = text.viewport().mapFromGlobal(self._seen())
        within = self._press is _Press.SELECT and 0 <= at.y() < text.viewport().height()
        if within:
            by_qt(_moved(event, at, text.viewport().width()))
        self._extend(within=within)

    def release(self, text: SelectableText, event: QMouseEvent, by_qt: Handler) -> None:
        press, self._press = self._press, _Press.NONE
        self._scroll.stop()
        if press is not _Press.EXTEND:
            by_qt(event)
        if press is _Press.CARRY and not text.textCursor().hasSelection():
            self._selection.begin(text)  # it was a click, no drag

    def _begin(self, text: SelectableText) -> None:
        self._text, self._press = text, _Press.SELECT
        self._selection.begin(text)

    def _extend(self, *, within: bool) -> None:
        """Select up to the pointer; `within` the pressed text Qt has selected, perhaps by words."""
        shown = self._selection.shown()
        head = self._place(shown)
        if within:
            self._selection.narrow(self._text)
        else:
            self._selection.extend(head)
        if any(text.textCursor().hasSelection() for text in shown):
            self._column.stay()  # the text under a drag must stand still
        self._scroll.point(self._pointer, shown[head.row])

    def _place(self, shown: Sequence[SelectableText]) -> Place:
        pointer = self._seen()
        row = max(0, bisect_right(shown, pointer.y(), key=_top) - 1)
        return Place(row, shown[row].position_at(pointer))

    def _seen(self) -> QPoint:
        """Return the pointer, moved to the edge of the view where it is beyond."""
        view = self._column.viewport()
        top = view.mapToGlobal(QPoint(0, 0)).y()
        return QPoint(self._pointer.x(), max(top, min(self._pointer.y(), top + view.height() - 1)))

    def _move_again(self) -> None:
        """Act as if the mouse had moved: after scrolling it is over another place."""
        if self._text is None or not self.busy:
            self._scroll.stop()
            return
        viewport = self._text.viewport()
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            viewport.mapFromGlobal(self._pointer),
            self._pointer,
            Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(viewport, event)


def _top(text: SelectableText) -> int:
    return text.viewport().mapToGlobal(QPoint(0, 0)).y()


def _moved(event: QMouseEvent, at: QPoint, width: int) -> QMouseEvent:
    """Return the event at another place within the sides: beyond them Qt scrolls by itself."""
    return QMouseEvent(
        event.type(),
        QPoint(max(0, min(at.x(), width - 1)), at.y()),
        event.globalPosition(),
        event.button(),
        event.buttons(),
        event.modifiers(),
    )


class SelectableColumn(ScrolledColumn):
    """A column with one selection over all of its texts."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.selection = Selection(self, self.texts)
        self.selecting = Selecting(self, self.selection)

    def texts(self) -> Sequence[Sequence[SelectableText]]:
        """Return the texts of each message, in reading order; for subclasses."""
        return ()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """A click beside all texts clears the selection."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.selection.clear()
        super().mousePressEvent(event)


def column_of(text: QWidget) -> SelectableColumn | None:
    """Return the column around `text`; None where it stands alone."""
    around = text.parentWidget()
    while around is not None and not isinstance(around, SelectableColumn):
        around = around.parentWidget()
    return around
