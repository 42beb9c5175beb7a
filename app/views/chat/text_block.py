"""Text of its own height: read-only, selectable, links on click, nothing ever fetched."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QSizeF, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QTextFormat, QWheelEvent
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from app.render.growth import added_text
from app.views.chat.formulas import FormulaObject
from app.views.chat.selectable import SelectableText

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
        self.html = ""  # as last shown
        self._formulas: FormulaObject | None = None  # for a text with images
        self.document().documentLayout().documentSizeChanged.connect(self._on_size)
        self.horizontalScrollBar().rangeChanged.connect(self._on_range)

    def expect_width(self, width: int) -> None:
        """The width it is going to have; without it, its first height would be none."""
        self.resize(width, self.height())
        self.viewport().resize(width, self.height())  # Qt would wait until it is shown
        self.document().setTextWidth(width)

    def set_gap(self, gap: int) -> None:
        """Left free above the text."""
        if gap != self._gap:
            self._gap = gap
            self.setViewportMargins(0, gap, 0, 0)
            self._fit(self.document().size())

    def show_html(self, html: str) -> None:
        """And take on the height at once: a column that jumps is hard to read."""
        added, self.html = added_text(self.html, html), html
        self._changing = True  # on its way to the new text it has sizes that are none
        if added:  # what is there need not be laid out again
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
        """No image, from the web or from the disk."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Scrolling is the transcript's, but for a wide table or line of code."""
        if abs(event.angleDelta().x()) > abs(event.angleDelta().y()):
            super().wheelEvent(event)
        else:
            event.ignore()

    @Slot(QUrl)
    def _tell_link(self, url: QUrl) -> None:
        """Where it leads is told before it is followed."""
        self.setToolTip(url.toString())

    @Slot(QSizeF)
    def _on_size(self, size: QSizeF) -> None:
        if not self._changing:
            self._fit(size)

    @Slot(int, int)
    def _on_range(self, _least: int, _most: int) -> None:
        """There is a scroll bar below it, or none any more, as its width changed."""
        self._on_size(self.document().size())

    def _fit(self, size: QSizeF) -> None:
        bar = self.horizontalScrollBar()
        wide = size.width() > self.viewport().width() + 1
        extra = bar.sizeHint().height() if wide else 0
        height = ceil(size.height()) + extra + self._gap
        if height != self.height() or height != self.minimumHeight():
            self.setFixedHeight(height)


def open_link(url: QUrl) -> None:
    """On a click only, and only what belongs into a browser or a mail program."""
    if url.scheme() in _SCHEMES:
        QDesktopServices.openUrl(url)
