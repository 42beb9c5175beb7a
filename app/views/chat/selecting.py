"""Selecting with the mouse: within a text as Qt does, and from there over the others."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from app.viewmodels.chat.spans import Place
from app.views.chat.scrolled_column import ScrolledColumn
from app.views.chat.selection import Selection
from app.views.common.drag_scroll import DragScroll

if TYPE_CHECKING:
    from app.views.chat.selectable import SelectableText

Handler = Callable[[QMouseEvent], None]
"""What Qt does with an event, in the text that hears it."""


class _Press(Enum):
    """What the mouse button serves for while it is down."""

    NONE = auto()
    CARRY = auto()  # dragging what is selected to somewhere else
    SELECT = auto()  # from the text that was pressed
    EXTEND = auto()  # from another text; Qt knows nothing of it


class Selecting(QObject):
    """The text that was pressed hears all that the mouse does until the button is let go."""

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
        """The pressed text may be gone before the button is let go."""
        selects = self._press in (_Press.SELECT, _Press.EXTEND)
        return selects and self._text in self._selection.shown()

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
            self._selection.begin(text)  # it was a click after all

    def _begin(self, text: SelectableText) -> None:
        self._text, self._press = text, _Press.SELECT
        self._selection.begin(text)

    def _extend(self, *, within: bool) -> None:
        """As far as the pointer; `within` the pressed text Qt has done it, if need be by words."""
        shown = self._selection.shown()
        head = self._place(shown)
        if within:
            self._selection.narrow(self._text)
        else:
            self._selection.extend(head)
        if any(text.textCursor().hasSelection() for text in shown):
            self._column.follow(wanted=False)  # what one selects must stand still
        self._scroll.point(self._pointer, shown[head.row])

    def _place(self, shown: Sequence[SelectableText]) -> Place:
        pointer = self._seen()
        row = max(0, bisect_right(shown, pointer.y(), key=_top) - 1)
        return Place(row, shown[row].position_at(pointer))

    def _seen(self) -> QPoint:
        """Where the pointer is or, beyond the view, its edge."""
        view = self._column.viewport()
        top = view.mapToGlobal(QPoint(0, 0)).y()
        return QPoint(self._pointer.x(), max(top, min(self._pointer.y(), top + view.height() - 1)))

    def _move_again(self) -> None:
        """As if the mouse had moved: something else is under it."""
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
    """The same at another place, and not beyond the sides: there Qt would scroll by itself."""
    return QMouseEvent(
        event.type(),
        QPoint(max(0, min(at.x(), width - 1)), at.y()),
        event.globalPosition(),
        event.button(),
        event.buttons(),
        event.modifiers(),
    )
