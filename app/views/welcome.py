"""An empty chat: three questions that are really asked when clicked."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import strings
from app.viewmodels.chat import ChatViewModel
from app.views import fonts
from app.views.buttons import push_button

_WIDTH = 460
_SIDE = 28


class Welcome(QWidget):
    def __init__(self, chat: ChatViewModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chat = chat
        title = QLabel(strings.WELCOME)
        title.setFont(fonts.title())
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        title.setWordWrap(True)
        note = QLabel(strings.WELCOME_NOTE)
        note.setProperty("tone", "muted")
        note.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        note.setWordWrap(True)
        self.suggestions = [self._suggestion(text) for text in strings.SUGGESTIONS]
        column = QVBoxLayout(self)
        column.setContentsMargins(_SIDE, 0, _SIDE, 0)
        column.setSpacing(10)
        column.addStretch(2)
        column.addWidget(title)
        column.addWidget(note)
        column.addSpacing(18)
        for button in self.suggestions:
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(button, 1000)
            row.addStretch(1)
            column.addLayout(row)
        column.addStretch(3)
        chat.changed.connect(self._refresh)
        self._refresh()

    def _suggestion(self, text: str) -> QPushButton:
        button = push_button(text, "card")
        button.setMaximumWidth(_WIDTH)
        button.clicked.connect(lambda: self._chat.send(text))
        return button

    def _refresh(self) -> None:
        obstacle = self._chat.obstacle
        for button in self.suggestions:
            button.setEnabled(not obstacle)
            button.setToolTip(obstacle)
