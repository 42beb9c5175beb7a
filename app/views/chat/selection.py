"""One selection over several texts, one below the other; each text paints its part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QGuiApplication, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QTextBrowser, QWidget

from app.views.chat.formulas import selected_text

_UTF16 = "utf-16-le"  # Qt counts its units; a text may end in half a character


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position between two characters of a text; `row` is the text's, from the top."""

    row: int
    position: int


@dataclass(frozen=True, slots=True)
class Span:
    """The selected part of a text, from `anchor`, where it began, to `head`, where it ends.

    `head` comes first where the user selected upwards.
    """

    anchor: int
    head: int


def spans(lengths: Sequence[int], anchor: Place, head: Place) -> dict[int, Span]:
    """Return the selected part of each text by its row; `lengths` are of all texts."""
    down = anchor <= head
    first, last = sorted((anchor.row, head.row))
    return {
        row: Span(
            anchor.position if row == anchor.row else 0 if down else lengths[row],
            head.position if row == head.row else lengths[row] if down else 0,
        )
        for row in range(first, last + 1)
    }


def agreement(before: str, after: str) -> int:
    """Return how many UTF-16 units two texts have in common at their start."""
    old, new = (text.encode(_UTF16, "surrogatepass") for text in (before, after))
    pairs = enumerate(zip(old, new, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(old), len(new))) // 2


class SelectableText(QTextBrowser):
    """A text whose selection the program can read and set."""

    goes_on = (
        False  # whether it continues the text above: a copy then has no blank line between them
    )

    @property
    def length(self) -> int:
        return self.document().characterCount() - 1  # Qt also counts the end of the last line

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
        bar.setValue(scrolled)  # Qt has scrolled to the selection's end

    def deselect(self) -> None:
        if self.textCursor().hasSelection():
            head = self.span.head
            self.select(Span(head, head))

    def position_at(self, place: QPoint) -> int:
        """Return the position nearest to a point of the screen."""
        return self.cursorForPosition(self.viewport().mapFromGlobal(place)).position()

    def add(self, text: str, look: QTextCharFormat | None = None) -> None:
        """Append `text`, by default in the look of what it follows; the selection stays."""
        span, end = self._kept_span(), QTextCursor(self.document())
        end.movePosition(QTextCursor.MoveOperation.End)
        if look is None:
            end.insertText(text)
        else:
            end.insertText(text, look)
        if span is not None:
            self.select(span)

    def _kept_span(self) -> Span | None:
        """Return None where nobody has clicked into the text: there is nothing to keep."""
        cursor = self.textCursor()
        return self.span if cursor.position() or cursor.anchor() else None


Texts = Callable[[], Sequence[Sequence[SelectableText]]]


class Selection(QObject):
    """The cursors of the texts hold what is selected; this holds where the selection began."""

    def __init__(self, view: QWidget, texts: Texts) -> None:
        """`texts` returns the texts of each message, in reading order."""
        super().__init__(view)
        self._view = view
        self._texts = texts
        self._anchor: SelectableText | None = None
        self._first = Span(0, 0)  # selected first in the anchor: a whole word after a double click
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus)

    @property
    def anchor(self) -> SelectableText | None:
        """The text in which the selection began; None once that text is out of sight."""
        return self._anchor if self._anchor in self.shown() else None

    def shown(self) -> list[SelectableText]:
        """Return the texts in sight; a folded thought is not."""
        return [text for text in self._all() if text.isVisibleTo(self._view)]

    def text(self) -> str:
        """Return what is selected, in reading order, with a blank line between blocks."""
        parts = [(text, text.textCursor()) for text in self.shown()]
        pieces = [(text, selected_text(cursor)) for text, cursor in parts if cursor.hasSelection()]
        stripped = [(text.goes_on, piece.strip("\n")) for text, piece in pieces]
        whole = [("\n" if goes_on else "\n\n") + piece for goes_on, piece in stripped if piece]
        return "".join(whole).lstrip("\n")

    def copy(self) -> None:
        if text := self.text():
            QGuiApplication.clipboard().setText(text)

    def begin(self, text: SelectableText) -> None:
        """Begin a selection with what is selected in `text`, and nothing elsewhere."""
        self.narrow(text)
        self._anchor, self._first = text, text.span

    def narrow(self, text: SelectableText | None) -> None:
        """Keep only what is selected in `text`."""
        for other in self._all():
            if other is not text:
                other.deselect()

    def extend(self, head: Place) -> None:
        """Select from the anchor to `head`, a place in `shown`."""
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
        """Select the whole message that `text` belongs to."""
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
        """Clear the selection if one of `texts`, which are taken down, has a part in it."""
        if self._anchor is not None and any(
            text is self._anchor or text.textCursor().hasSelection() for text in texts
        ):
            self.clear()

    def _start(self, anchor: SelectableText, row: int, head: Place) -> Place:
        """Keep the word or paragraph that was selected first, whatever the direction."""
        first, last = sorted((self._first.anchor, self._first.head))
        if first == last:
            return Place(row, anchor.span.anchor)
        start = Place(row, min(first, anchor.length))
        return start if start <= head else Place(row, min(last, anchor.length))

    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Clear the selection when the user begins to write in a field."""
        if self._anchor is None or not isinstance(now, QLineEdit | QPlainTextEdit):
            return
        if now.window() is self._view.window():
            self.clear()

    def _all(self) -> list[SelectableText]:
        return [text for texts in self._texts() for text in texts]
