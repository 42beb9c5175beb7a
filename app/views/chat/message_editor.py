"""A message being edited where it stands: Enter asks again, Esc leaves it as it was."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app import strings
from app.views.chat.message_text import MessageText
from app.views.common import fonts
from app.views.common.buttons import push_button
from app.views.common.elided import ElidedLabel

_MOST_LINES = 16


class MessageEditor(QFrame):
    finished = Signal(str)  # the text to ask with
    cancelled = Signal()

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composer")
        self.text = MessageText(most_lines=_MOST_LINES, takes_files=False)
        self.text.setPlainText(text)
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        self.text.setAccessibleName(strings.EDIT)
        self._note = ElidedLabel()
        self._note.setFont(fonts.small())
        self._note.setProperty("tone", "muted")
        self.ask = push_button(strings.EDIT_ASK, "filled")
        self.cancel = push_button(strings.CANCEL, "outline")
        self.text.submitted.connect(self._finish)
        self.text.cancelled.connect(self.cancelled)
        self.ask.clicked.connect(self._finish)
        self.cancel.clicked.connect(self.cancelled)
        self.text.focus_changed.connect(self._show_focus)
        bottom = QHBoxLayout()
        bottom.setSpacing(6)
        bottom.addWidget(self._note, 1)
        bottom.addWidget(self.cancel)
        bottom.addWidget(self.ask)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 12, 10)
        column.setSpacing(8)
        column.addWidget(self.text)
        column.addLayout(bottom)
        self.show_obstacle("")

    def show_obstacle(self, obstacle: str) -> None:
        """Why it cannot be asked now; what is being edited stays."""
        self._note.set_text(obstacle or strings.EDIT_HINT)
        self.ask.setEnabled(not obstacle)

    def _finish(self) -> None:
        self.finished.emit(self.text.toPlainText())

    def _show_focus(self, focused: bool) -> None:
        self.setProperty("focused", focused)
        self.style().unpolish(self)
        self.style().polish(self)
