"""A field for a message: grows with its text, Enter sends, Shift+Enter begins a line."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QWidget

from app import strings
from app.views.chat.files_in import local_files
from app.views.common import fonts

_MOST_LINES = 9
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class MessageText(QPlainTextEdit):
    submitted = Signal()
    cancelled = Signal()
    focus_changed = Signal(bool)
    files_given = Signal(list)  # Path: dropped or pasted

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
        else:
            super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: N802
        if local_files(source):
            return self._takes_files
        return super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802
        """Files are attached; their paths would be of no use to the model."""
        files = local_files(source)
        if files:
            self.files_given.emit(files)
        else:
            super().insertFromMimeData(source)

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
        """Its document counts in lines, wrapped ones included."""
        lines = self.document().documentLayout().documentSize().height()
        shown = min(max(1, ceil(lines)), self._most_lines)
        scrolls = lines > self._most_lines
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded
            if scrolls
            else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        self.setFixedHeight(shown * self.fontMetrics().lineSpacing() + 4)
