"""A reply: a page of text with its numbers, and what can be done with it, beneath."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app import strings
from app.domain.conversation import ChatMessage, RoundRecord
from app.viewmodels.chat.message_acts import Row
from app.viewmodels.chat.reply import Piece
from app.views.chat.footer_view import FooterView
from app.views.chat.markdown_view import MarkdownView
from app.views.chat.text_block import TextBlock
from app.views.chat.thought_view import ThoughtView
from app.views.common import fonts
from app.views.common.theme import ThemeController
from app.views.tokens.token_view import TokenView


class ReplyView(QWidget):
    """Streaming or finished."""

    info_asked = Signal(str)  # message id
    acted = Signal(str, str)  # message id, Act
    filling = Signal()  # something comes in at its top

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
        self._answer.filling.connect(self.filling)
        self._wait = QLabel(strings.WAITING_DOTS)
        self._wait.setFont(fonts.ui())
        self._wait.setProperty("tone", "muted")
        self.footer = FooterView(theme)
        self.footer.hide()
        self.footer.info_asked.connect(lambda: self.info_asked.emit(self.message.id))
        self.footer.acted.connect(lambda act: self.acted.emit(self.message.id, act))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        for view in (self._answer, self._wait, self.footer):
            self._column.addWidget(view)

    def texts(self) -> list[TextBlock]:
        """In reading order."""
        thought = [] if self._thought is None else [self._thought.text]
        return thought + self._answer.texts()

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

    def show_row(self, row: Row, *, last: bool) -> None:
        self.footer.acts.show_row(row, always=last)

    def resume(self) -> None:
        """It is being written once more: what is appended goes on where it ended."""
        self.footer.hide()
        self._wait.show()

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

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        self.footer.acts.set_hovered(True)
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self.footer.acts.set_hovered(False)
        super().leaveEvent(event)

    def _settle(self, message: ChatMessage) -> None:
        self.message = message
        self._wait.hide()
        if self._thought is not None:
            self._thought.finish(message.thought_seconds)
        self.footer.show_reply(message.reply)
        self.footer.show()

    def _open_thought(self) -> ThoughtView:
        if self._thought is None:
            self._thought = ThoughtView(self)  # without a parent it would be shown as a window
            self._thought.setVisible(self.tokens is None or self.tokens.isHidden())
            self._column.insertWidget(0, self._thought)
        return self._thought
