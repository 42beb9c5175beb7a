"""The text field of the composer, and the editor of a question, which has the same field."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from app import strings
from app.viewmodels.chat.rewriting import RewritingViewModel
from app.views.chat.attached_files import local_files
from app.views.common import fonts
from app.views.common.controls import ElidedLabel, push_button

_MOST_LINES = 9
_LONG_LINES = 40
_LONG_LENGTH = 3000
"""A pasted text with more lines or characters is better read as a file."""
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class MessageText(QPlainTextEdit):
    submitted = Signal()
    cancelled = Signal()
    focus_changed = Signal(bool)
    files_given = Signal(list)  # Path: dropped or pasted
    long_pasted = Signal(str)  # a text that could as well be a file
    edit_last_asked = Signal()  # the up key, while nothing is written

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        most_lines: int = _MOST_LINES,
        takes_files: bool = True,
    ) -> None:
        super().__init__(parent)
        self._most_lines = most_lines
        self._takes_files = takes_files
        self.setObjectName("composerText")
        self.setFont(fonts.reading())
        self.setAccessibleName(strings.MESSAGE)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in ENTER and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.submitted.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        elif event.key() == Qt.Key.Key_Up and self.document().isEmpty():
            self.edit_last_asked.emit()
        else:
            super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: N802
        if local_files(source):
            return self._takes_files
        return super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802
        """Attach files: their paths would be of no use to the model."""
        files = local_files(source)
        if files:
            self.files_given.emit(files)
            return
        super().insertFromMimeData(source)
        if is_long(source.text()):
            self.long_pasted.emit(source.text())

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.focus_changed.emit(False)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Fit the height to the lines: the document's size is in lines, wrapped ones included."""
        lines = self.document().documentLayout().documentSize().height()
        shown = min(max(1, ceil(lines)), self._most_lines)
        scrolls = lines > self._most_lines
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded
            if scrolls
            else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        self.setFixedHeight(shown * self.fontMetrics().lineSpacing() + 4)


def is_long(text: str) -> bool:
    return len(text) > _LONG_LENGTH or text.count("\n") >= _LONG_LINES


_EDITED_LINES = 16


class MessageEditor(QFrame):
    finished = Signal(str)  # the text to ask with
    cancelled = Signal()

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composer")
        self.text = MessageText(most_lines=_EDITED_LINES, takes_files=False)
        self.text.setPlainText(text)
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        self.text.setAccessibleName(strings.EDIT)
        self.note = ElidedLabel()
        self.note.setFont(fonts.small())
        self.note.setProperty("tone", "muted")
        self.ask = push_button(strings.EDIT_ASK, "filled")
        self.cancel = push_button(strings.CANCEL, "outline")
        self.text.submitted.connect(self._finish)
        self.text.cancelled.connect(self.cancelled)
        self.ask.clicked.connect(self._finish)
        self.cancel.clicked.connect(self.cancelled)
        self.text.focus_changed.connect(self._show_focus)
        bottom = QHBoxLayout()
        bottom.setSpacing(6)
        bottom.addWidget(self.note, 1)
        bottom.addWidget(self.cancel)
        bottom.addWidget(self.ask)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 12, 10)
        column.setSpacing(8)
        column.addWidget(self.text)
        column.addLayout(bottom)

    def follow(self, rewriting: RewritingViewModel, message_id: str) -> None:
        """Let `rewriting` count the text and ask it; the text stays where it may not be asked."""
        self._rewriting, self._message_id = rewriting, message_id
        self.text.textChanged.connect(self._write)
        self.finished.connect(lambda text: rewriting.ask(message_id, text))
        self.cancelled.connect(lambda: rewriting.forget(message_id))
        rewriting.changed.connect(self._show_note)
        self._write()

    def _write(self) -> None:
        self._rewriting.write(self._message_id, self.text.toPlainText())

    def _show_note(self) -> None:
        note = self._rewriting.note(self._message_id)
        self.note.set_text(note.text)
        self.note.setProperty("tone", "warning" if note.warns else "muted")
        self.note.style().unpolish(self.note)
        self.note.style().polish(self.note)
        self.ask.setEnabled(not self._rewriting.obstacle(self._message_id))

    def _finish(self) -> None:
        self.finished.emit(self.text.toPlainText())

    def _show_focus(self, focused: bool) -> None:
        self.setProperty("focused", focused)
        self.style().unpolish(self)
        self.style().polish(self)
