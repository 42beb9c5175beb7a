"""A read-only text as high as its lines. It can be selected, opens links, and fetches nothing."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QMimeData, QSizeF, Qt, QUrl, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QDesktopServices,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QTextFormat,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from app import strings
from app.render.growth import added_text
from app.views.chat.formulas import FormulaObject, selected_text
from app.views.chat.selecting import column_of
from app.views.chat.selection import SelectableText, Span, agreement
from app.views.common.controls import Menu

_LEFT = Qt.MouseButton.LeftButton
_COPY = QKeySequence.StandardKey.Copy
_ALL = QKeySequence.StandardKey.SelectAll
_SCHEMES = ("http", "https", "mailto")


class TextBlock(SelectableText):
    """One QTextDocument a block: a new block never lays out an old one again."""

    def __init__(self, parent: QWidget | None = None, *, wrap: bool = True) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        if not wrap:
            self.setLineWrapMode(QTextEdit.LineWrapMode.NoWrap)
        self.anchorClicked.connect(open_link)
        self.highlighted.connect(self._tell_link)
        self._gap = 0
        self._changing = False
        self.html = ""  # the HTML that is shown
        self._formulas: FormulaObject | None = None  # draws the formulas, in a text that has any
        self.document().documentLayout().documentSizeChanged.connect(self._on_size)
        self.horizontalScrollBar().rangeChanged.connect(self._on_range)

    def expect_width(self, width: int) -> None:
        """Take on the width it will have: its first height depends on it."""
        self.resize(width, self.height())
        self.viewport().resize(width, self.height())  # Qt would wait until it is shown
        self.document().setTextWidth(width)

    @property
    def leading(self) -> int:
        """Return the pixels that Qt leaves empty below the last line, as it does below each."""
        layout = self.document().lastBlock().layout()
        if not layout.lineCount():
            return 0
        line = layout.lineAt(layout.lineCount() - 1)
        end = layout.position().y() + line.y() + line.height()
        return max(0, round(self.document().size().height() - end))

    def set_gap(self, gap: int) -> None:
        """Leave `gap` pixels free above the text."""
        if gap != self._gap:
            self._gap = gap
            self.setViewportMargins(0, gap, 0, 0)
            self._fit(self.document().size())

    def show_html(self, html: str) -> None:
        """Show `html` and take on its height at once: a column that jumps is hard to read."""
        added, self.html = added_text(self.html, html), html
        self._changing = True  # sizes in between are not those of the new text
        if added:  # the text before it is not laid out again
            self.add(added)
        else:
            self._set_html(html)
        self._changing = False
        self._fit(self.document().size())

    def _set_html(self, html: str) -> None:
        if "<img " in html and self._formulas is None:
            self._formulas = FormulaObject(self)
            image = QTextFormat.ObjectTypes.ImageObject.value
            self.document().documentLayout().registerHandler(image, self._formulas)
        self.setHtml(html)
        has_links = "<a " in html
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if has_links else Qt.FocusPolicy.ClickFocus)

    def loadResource(self, _kind: int, _name: QUrl | str) -> None:  # noqa: N802
        """Load no image, neither from the web nor from the disk."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Leave scrolling to the transcript, except sideways in a wide table or line of code."""
        if abs(event.angleDelta().x()) > abs(event.angleDelta().y()):
            super().wheelEvent(event)
        else:
            event.ignore()

    @Slot(QUrl)
    def _tell_link(self, url: QUrl) -> None:
        """Show where a link leads before it is followed."""
        self.setToolTip(url.toString())

    @Slot(QSizeF)
    def _on_size(self, size: QSizeF) -> None:
        if not self._changing:
            self._fit(size)

    @Slot(int, int)
    def _on_range(self, _least: int, _most: int) -> None:
        """Lay the text out again: another width can show or hide the scroll bar below it."""
        self._on_size(self.document().size())

    def _fit(self, size: QSizeF) -> None:
        bar = self.horizontalScrollBar()
        wide = size.width() > self.viewport().width() + 1
        extra = bar.sizeHint().height() if wide else 0
        height = ceil(size.height()) + extra + self._gap
        if height != self.height() or height != self.minimumHeight():
            self.setFixedHeight(height)

    # Selecting: a text hands what the mouse and the keys do to the column it stands in

    def setHtml(self, html: str) -> None:  # noqa: N802
        """Keep the selection as far as the text up to it is the same."""
        span = self._kept_span()
        column = None if span is None else column_of(self)
        if span is None or column is None or column.selection.anchor is None:
            super().setHtml(html)
            return
        before = self.toPlainText()
        super().setHtml(html)
        same = agreement(before, self.toPlainText())
        self.select(Span(min(span.anchor, same), min(span.head, same)))

    def createMimeDataFromSelection(self) -> QMimeData:  # noqa: N802
        """Copy formulas as the LaTeX they were written in.

        The clipboard holds the data until the process ends, after the interpreter: data made in
        Python would end it with a crash. Qt fills its own at the first question.
        """
        column, copied = column_of(self), super().createMimeDataFromSelection()
        copied.text()
        copied.clear()
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
        """Go to the next link, which Qt marks by selecting it."""
        column = column_of(self)
        if column is not None:
            column.selection.clear(but=self)
        return super().focusNextPrevChild(forward)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        column = column_of(self)
        if column is None:
            super().contextMenuEvent(event)
            return
        menu = Menu(parent=self)
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


def open_link(url: QUrl) -> None:
    """Open a link that was clicked, if it belongs into a browser or a mail program."""
    if url.scheme() in _SCHEMES:
        QDesktopServices.openUrl(url)


def _with_key(text: str, key: QKeySequence.StandardKey) -> str:
    """Return a menu's text with the key beside it; the text view itself handles the key."""
    return f"{text}\t{QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)}"
