"""One selection over several texts; each of them paints its part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget

from app.viewmodels.chat.spans import Place, Span, spans
from app.views.chat.formulas import selected_text

if TYPE_CHECKING:
    from app.views.chat.selectable import SelectableText

Texts = Callable[[], "Sequence[Sequence[SelectableText]]"]


class Selection(QObject):
    """What is selected is what the cursors of the texts say; here is only where it was begun."""

    def __init__(self, view: QWidget, texts: Texts) -> None:
        """`texts` of each message, in reading order."""
        super().__init__(view)
        self._view = view
        self._texts = texts
        self._anchor: SelectableText | None = None
        self._first = Span(0, 0)  # of the anchor: a whole word after a double click
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus)

    @property
    def anchor(self) -> SelectableText | None:
        """Where it was begun, as long as that can be seen."""
        return self._anchor if self._anchor in self.shown() else None

    def shown(self) -> list[SelectableText]:
        """A folded thought is not."""
        return [text for text in self._all() if text.isVisibleTo(self._view)]

    def text(self) -> str:
        """What is selected, in reading order, with a blank line between blocks."""
        parts = [(text, text.textCursor()) for text in self.shown()]
        pieces = [(text, selected_text(cursor)) for text, cursor in parts if cursor.hasSelection()]
        stripped = [(text.goes_on, piece.strip("\n")) for text, piece in pieces]
        whole = [("\n" if goes_on else "\n\n") + piece for goes_on, piece in stripped if piece]
        return "".join(whole).lstrip("\n")

    def copy(self) -> None:
        if text := self.text():
            QGuiApplication.clipboard().setText(text)

    def begin(self, text: SelectableText) -> None:
        """With what is selected in `text` alone."""
        self.narrow(text)
        self._anchor, self._first = text, text.span

    def narrow(self, text: SelectableText | None) -> None:
        """To what is selected in `text`."""
        for other in self._all():
            if other is not text:
                other.deselect()

    def extend(self, head: Place) -> None:
        """To a place in `shown`."""
        shown = self.shown()
        if self._anchor not in shown:
            self.clear()
            return
        start = self._start(self._anchor, shown.index(self._anchor), head)
        wanted = spans([text.length for text in shown], start, head)
        for row, text in enumerate(shown):
            if row in wanted:
                text.select(wanted[row])
            else:
                text.deselect()

    def select_message(self, text: SelectableText) -> None:
        """All of the message that `text` belongs to."""
        message = next(texts for texts in self._texts() if text in texts)
        shown = [text for text in message if text.isVisibleTo(self._view)]
        self.clear()
        for each in shown:
            each.select(Span(0, each.length))
        self._anchor, self._first = shown[0], Span(0, 0)

    def clear(self, *, but: SelectableText | None = None) -> None:
        self.narrow(but)
        self._anchor = None

    def leave(self, texts: Sequence[SelectableText]) -> None:
        """They are taken down: without them it would no longer be what was selected."""
        if self._anchor is not None and any(
            text is self._anchor or text.textCursor().hasSelection() for text in texts
        ):
            self.clear()

    def _start(self, anchor: SelectableText, row: int, head: Place) -> Place:
        """A word or a paragraph that was selected first stays so, whatever the direction."""
        first, last = sorted((self._first.anchor, self._first.head))
        if first == last:
            return Place(row, anchor.span.anchor)
        start = Place(row, min(first, anchor.length))
        return start if start <= head else Place(row, min(last, anchor.length))

    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Whoever goes on to write has done with it."""
        if self._anchor is None or not isinstance(now, QLineEdit | QPlainTextEdit):
            return
        if now.window() is self._view.window():
            self.clear()

    def _all(self) -> list[SelectableText]:
        return [text for texts in self._texts() for text in texts]
