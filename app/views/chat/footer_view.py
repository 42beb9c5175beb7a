"""Under a reply: its numbers, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app import strings
from app.domain.conversation import ReplyRecord
from app.viewmodels.chat.footer import footer
from app.views.chat.action_row import ActionRow
from app.views.common import fonts
from app.views.common.buttons import IconButton
from app.views.common.theme import ThemeController

_ROOMY = 600


class FooterView(QWidget):
    info_asked = Signal()
    acted = Signal(str)  # Act

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QLabel()
        self._text.setFont(fonts.small())
        self._text.setProperty("tone", "muted")
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.info = IconButton("info", strings.REPLY_NUMBERS, theme)
        self.info.clicked.connect(self.info_asked)
        self.acts = ActionRow(theme)
        self.acts.acted.connect(self.acted)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        buttons.addWidget(self.info)
        buttons.addWidget(self.acts)
        buttons.addStretch(1)
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._line.setContentsMargins(0, 4, 0, 0)
        self._line.setSpacing(2)
        self._line.addWidget(self._text, 1)
        self._line.addLayout(buttons)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Where both do not fit in a line, the buttons go beneath the numbers."""
        narrow = event.size().width() < _ROOMY
        directions = QBoxLayout.Direction
        self._line.setDirection(directions.TopToBottom if narrow else directions.LeftToRight)
        super().resizeEvent(event)

    @property
    def text(self) -> str:
        return self._text.text()

    def show_reply(self, reply: ReplyRecord | None) -> None:
        """None: a reply whose numbers cannot be read."""
        self.info.setVisible(reply is not None)
        self._text.setText(strings.NO_NUMBERS if reply is None else footer(reply))
        went_wrong = reply is not None and reply.finish not in {"finished", "length", "cancelled"}
        self._text.setProperty("tone", "warning" if went_wrong else "muted")
        self._text.style().unpolish(self._text)
        self._text.style().polish(self._text)
