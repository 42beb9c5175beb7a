"""Under a reply: its numbers, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from app import strings
from app.domain.conversation import ReplyRecord
from app.viewmodels.footer import footer
from app.views import fonts
from app.views.buttons import IconButton
from app.views.theme import ThemeController


class FooterView(QWidget):
    info_asked = Signal()
    copy_asked = Signal()
    again_asked = Signal()

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QLabel()
        self._text.setFont(fonts.small())
        self._text.setProperty("tone", "muted")
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.info = IconButton("info", strings.REPLY_NUMBERS, theme)
        self._copy = IconButton("copy", strings.COPY_REPLY, theme)
        self._again = IconButton("refresh", strings.REGENERATE, theme)
        self.info.clicked.connect(self.info_asked)
        self._copy.clicked.connect(self.copy_asked)
        self._again.clicked.connect(self.again_asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._text)
        for button in (self.info, self._copy, self._again):
            row.addWidget(button)

    @property
    def text(self) -> str:
        return self._text.text()

    def show_reply(self, reply: ReplyRecord | None) -> None:
        """None: a reply whose numbers cannot be read."""
        self.info.setVisible(reply is not None)
        self._text.setText(strings.NO_NUMBERS if reply is None else footer(reply))
        went_wrong = reply is not None and reply.finish not in strings.FINISH
        self._text.setProperty("tone", "warning" if went_wrong else "muted")
        self._text.style().unpolish(self._text)
        self._text.style().polish(self._text)

    def set_last(self, *, is_last: bool, can_regenerate: bool) -> None:
        """Only the last reply can be written again: what follows answers the others."""
        self._again.setVisible(is_last)
        self._again.setEnabled(can_regenerate)
