"""The user's message in a bubble, with its files beneath and an editor in its place."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QEnterEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app import strings
from app.domain.conversation import ChatMessage
from app.viewmodels.chat.message_acts import Row
from app.views.chat.action_row import ActionRow
from app.views.chat.attached_files import ChipRow
from app.views.chat.message_text import MessageEditor
from app.views.chat.text_block import TextBlock
from app.views.common import fonts
from app.views.common.theme import ThemeController

_BUBBLE_SHARE = 0.82  # of the column's width, at most
_PADDING = 16  # pixels


class UserView(QWidget):
    """A question as it was written, without Markdown."""

    acted = Signal(str, str)  # message id, Act
    rewritten = Signal(str, str)  # message id, the text to ask with

    def __init__(
        self, message: ChatMessage, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.message = message
        self._text = TextBlock()
        self._text.setFont(fonts.reading())
        self._text.setPlainText(message.text)
        self._text.setAccessibleName(strings.YOU)
        self._natural = _natural_width(message.text)
        self.bubble = QFrame()
        self.bubble.setObjectName("userBubble")
        inner = QHBoxLayout(self.bubble)
        inner.setContentsMargins(_PADDING, 10, _PADDING, 10)
        inner.addWidget(self._text)
        self.files = ChipRow(theme, removable=False)
        self.acts = ActionRow(theme)
        self.acts.acted.connect(lambda act: self.acted.emit(self.message.id, act))
        self.editor: MessageEditor | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        right = Qt.AlignmentFlag.AlignRight
        self._column.addWidget(self.bubble, 0, right)
        self._column.addWidget(self.files)
        self._column.addWidget(self.acts, 0, right)
        self.bubble.setVisible(bool(message.text))
        self.files.show_files({str(i): file for i, file in enumerate(message.attachments)})

    def texts(self) -> list[TextBlock]:
        return [self._text]

    def show_row(self, row: Row, *, last: bool) -> None:
        self.acts.show_row(row, always=last)
        if self.editor is not None:
            self.editor.show_obstacle(row.obstacle)

    def edit(self) -> None:
        if self.editor is None:
            self.editor = MessageEditor(self.message.text)
            self.editor.finished.connect(lambda text: self.rewritten.emit(self.message.id, text))
            self.editor.cancelled.connect(self._close_editor)
            self._column.insertWidget(0, self.editor)
        self.bubble.hide()
        self.acts.hide()
        self.editor.text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _close_editor(self) -> None:
        if self.editor is not None:
            self.editor.hide()
            self.editor.deleteLater()
            self.editor = None
        self.bubble.setVisible(bool(self.message.text))
        self.acts.show()

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        self.acts.set_hovered(True)
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self.acts.set_hovered(False)
        super().leaveEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        widest = int(event.size().width() * _BUBBLE_SHARE)
        self.bubble.setFixedWidth(min(widest, self._natural + 2 * _PADDING + 4))
        super().resizeEvent(event)


def is_edited(view: QWidget) -> bool:
    """Return whether `view` holds a question being edited, which taking it down would lose."""
    return isinstance(view, UserView) and view.editor is not None


def _natural_width(text: str) -> int:
    """Return the width at which no line has to be wrapped."""
    probe = TextBlock()
    document = probe.document()
    document.setDefaultFont(fonts.reading())
    document.setPlainText(text)
    document.setTextWidth(-1)
    return ceil(document.idealWidth())
