"""A text that is selected on its own or, in a column of texts, together with the others."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QMenu, QTextBrowser

from app import strings
from app.viewmodels.chat.spans import Span, agreement
from app.views.chat.formulas import selected_text
from app.views.chat.selectable_column import column_of

_LEFT = Qt.MouseButton.LeftButton
_COPY = QKeySequence.StandardKey.Copy
_ALL = QKeySequence.StandardKey.SelectAll


class SelectableText(QTextBrowser):
    """Hands what the mouse and the keys do to its column, where it stands in one."""

    goes_on = False  # with the text above it: copied without a blank line between

    @property
    def length(self) -> int:
        return self.document().characterCount() - 1  # the last line's end is counted too

    @property
    def span(self) -> Span:
        cursor = self.textCursor()
        return Span(cursor.anchor(), cursor.position())

    def select(self, span: Span) -> None:
        if self.span == span:
            return
        cursor, bar = self.textCursor(), self.horizontalScrollBar()
        cursor.setPosition(span.anchor)
        cursor.setPosition(span.head, QTextCursor.MoveMode.KeepAnchor)
        scrolled = bar.value()
        self.setTextCursor(cursor)
        bar.setValue(scrolled)  # Qt shows where it ends

    def deselect(self) -> None:
        if self.textCursor().hasSelection():
            head = self.span.head
            self.select(Span(head, head))

    def position_at(self, place: QPoint) -> int:
        """The nearest to a place on the screen."""
        return self.cursorForPosition(self.viewport().mapFromGlobal(place)).position()

    def add(self, text: str, look: QTextCharFormat | None = None) -> None:
        """At the end, where no other look is given in that of the text; what is selected stays."""
        span, end = self._kept_span(), QTextCursor(self.document())
        end.movePosition(QTextCursor.MoveOperation.End)
        if look is None:
            end.insertText(text)
        else:
            end.insertText(text, look)
        if span is not None:
            self.select(span)

    def setHtml(self, html: str) -> None:  # noqa: N802
        """What is selected stays so, as far as the text up to there is the same."""
        span = self._kept_span()
        column = None if span is None else column_of(self)
        if span is None or column is None or column.selection.anchor is None:
            super().setHtml(html)
            return
        before = self.toPlainText()
        super().setHtml(html)
        same = agreement(before, self.toPlainText())
        self.select(Span(min(span.anchor, same), min(span.head, same)))

    def _kept_span(self) -> Span | None:
        """None in a text that nobody has touched: there is nothing to keep."""
        cursor = self.textCursor()
        return self.span if cursor.position() or cursor.anchor() else None

    def createMimeDataFromSelection(self) -> QMimeData:  # noqa: N802
        """Formulas are copied as the LaTeX they were written in."""
        column, copied = column_of(self), QMimeData()
        copied.setText(column.selection.text() if column else selected_text(self.textCursor()))
        return copied

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        column = column_of(self) if event.button() == _LEFT else None
        if column is None:
            super().mousePressEvent(event)
        else:
            column.selecting.press(self, event, super().mousePressEvent)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        column = column_of(self) if event.button() == _LEFT else None
        if column is None:
            super().mouseDoubleClickEvent(event)
        else:
            column.selecting.double_click(self, event, super().mouseDoubleClickEvent)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        column = column_of(self) if event.buttons() & _LEFT else None
        if column is None:
            super().mouseMoveEvent(event)
        else:
            column.selecting.move(self, event, super().mouseMoveEvent)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        column = column_of(self) if event.button() == _LEFT else None
        if column is None:
            super().mouseReleaseEvent(event)
        else:
            column.selecting.release(self, event, super().mouseReleaseEvent)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        column = column_of(self)
        if column is not None and event.matches(_COPY):
            column.selection.copy()
        elif column is not None and event.matches(_ALL):
            column.selection.select_message(self)
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802
        """To the next link, which Qt marks by selecting it."""
        column = column_of(self)
        if column is not None:
            column.selection.clear(but=self)
        return super().focusNextPrevChild(forward)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        column = column_of(self)
        if column is None:
            super().contextMenuEvent(event)
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copy = menu.addAction(_with_key(strings.COPY, _COPY), column.selection.copy)
        copy.setEnabled(bool(column.selection.text()))
        if address := self.anchorAt(event.pos()):
            clipboard = QGuiApplication.clipboard()
            menu.addAction(strings.COPY_LINK, lambda: clipboard.setText(address))
        menu.addSeparator()
        select = column.selection.select_message
        menu.addAction(_with_key(strings.SELECT_ALL, _ALL), lambda: select(self))
        menu.popup(event.globalPos())


def _with_key(text: str, key: QKeySequence.StandardKey) -> str:
    """As a menu shows it beside a command; the text itself hears the key."""
    return f"{text}\t{QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)}"
