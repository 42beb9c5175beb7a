"""One message: the user's in a bubble, the model's as a page with its numbers beneath."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import strings
from app.domain.conversation import ChatMessage, RoundRecord
from app.viewmodels.reply import Piece
from app.views import fonts
from app.views.footer_view import FooterView
from app.views.markdown_view import MarkdownView
from app.views.text_block import TextBlock
from app.views.theme import ThemeController
from app.views.thought_view import ThoughtView
from app.views.token_view import TokenView

_BUBBLE_SHARE = 0.82
_PADDING = 16


class UserView(QWidget):
    """What the user wrote, as it was written: no Markdown."""

    def __init__(self, message: ChatMessage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = TextBlock()
        self._text.setFont(fonts.reading())
        self._text.setPlainText(message.text)
        self._text.setAccessibleName(strings.YOU)
        self._natural = _natural_width(message.text)
        self._bubble = QFrame()
        self._bubble.setObjectName("userBubble")
        inner = QHBoxLayout(self._bubble)
        inner.setContentsMargins(_PADDING, 10, _PADDING, 10)
        inner.addWidget(self._text)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._bubble, 0, Qt.AlignmentFlag.AlignRight)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        widest = int(event.size().width() * _BUBBLE_SHARE)
        self._bubble.setFixedWidth(min(widest, self._natural + 2 * _PADDING + 4))
        super().resizeEvent(event)


class ReplyView(QWidget):
    """A reply, streaming or finished."""

    info_asked = Signal(str)  # message id
    copy_asked = Signal(str)
    again_asked = Signal()

    def __init__(
        self, message: ChatMessage, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.message = message
        self._theme = theme
        self._thought: ThoughtView | None = None
        self.tokens: TokenView | None = None
        self._answer = MarkdownView(theme)
        self._answer.setAccessibleName(strings.MODEL)
        self._wait = QLabel(strings.WAITING_DOTS)
        self._wait.setFont(fonts.ui())
        self._wait.setProperty("tone", "muted")
        self.footer = FooterView(theme)
        self.footer.hide()
        self.footer.info_asked.connect(lambda: self.info_asked.emit(self.message.id))
        self.footer.copy_asked.connect(lambda: self.copy_asked.emit(self.message.id))
        self.footer.again_asked.connect(self.again_asked)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        for view in (self._wait, self._answer, self.footer):
            self._column.addWidget(view)

    def append(self, piece: Piece) -> None:
        if piece.thought:
            self._open_thought().append(piece.thought)
        if piece.answer:
            if self._thought is not None:
                self._thought.finish(piece.thought_seconds)
            self._wait.hide()
            self._answer.append(piece.answer)

    def show_wait(self, text: str) -> None:
        self._wait.setText(text or strings.WAITING_DOTS)

    def show_tokens(self, rounds: Sequence[RoundRecord]) -> None:
        """The token view in place of the text; without rounds, the text again."""
        if rounds and self.tokens is None:
            self.tokens = TokenView(self._theme)
            self._column.insertWidget(0, self.tokens)
        if self.tokens is not None:
            self.tokens.setVisible(bool(rounds))
            self.tokens.show_rounds(rounds or self.tokens.rounds)
        for view in (self._answer, self._thought):
            if view is not None:
                view.setVisible(not rounds)

    def finish(self, message: ChatMessage) -> None:
        """The reply has ended: close what is open, show its numbers."""
        self._answer.finish()
        self._settle(message)

    def show_finished(self, message: ChatMessage) -> None:
        """A reply from the store."""
        if message.thought:
            self._open_thought().append(message.thought)
        self._answer.set_text(message.text)
        self._settle(message)

    def _settle(self, message: ChatMessage) -> None:
        self.message = message
        self._wait.hide()
        if self._thought is not None:
            self._thought.finish(message.thought_seconds)
        self.footer.show_reply(message.reply)
        self.footer.show()

    def _open_thought(self) -> ThoughtView:
        if self._thought is None:
            self._thought = ThoughtView()
            self._thought.setVisible(self.tokens is None or self.tokens.isHidden())
            self._column.insertWidget(0, self._thought)
        return self._thought


def _natural_width(text: str) -> int:
    """The width at which no line has to be wrapped."""
    probe = TextBlock()
    document = probe.document()
    document.setDefaultFont(fonts.reading())
    document.setPlainText(text)
    document.setTextWidth(-1)
    return ceil(document.idealWidth())
