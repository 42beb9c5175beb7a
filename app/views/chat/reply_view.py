"""A reply: its thought, a page of text, and its numbers and actions beneath."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QEnterEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.domain.conversation import ChatMessage, ReplyRecord, RoundRecord
from app.viewmodels.chat.footer import Figure, figures
from app.viewmodels.chat.message_acts import Row
from app.viewmodels.chat.reply import Piece
from app.viewmodels.common import format as fmt
from app.views.chat.action_row import ActionRow
from app.views.chat.markdown_view import AT_ONCE, MarkdownView
from app.views.chat.text_block import TextBlock
from app.views.common import fonts
from app.views.common.controls import IconButton
from app.views.common.figures import Figures
from app.views.common.theme import ThemeController
from app.views.tokens.token_view import TokenView


class ThoughtView(QWidget):
    """A thought as plain text, which is laid out only while it is unfolded."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source = ""
        self._shown = 0
        self.button = QToolButton()
        self.button.setCheckable(True)
        self.button.setFont(fonts.small())
        self.button.toggled.connect(self._unfold)
        self._text = TextBlock()
        self._text.setFont(fonts.thought())
        self._text.setAccessibleName(strings.THOUGHT)
        self.frame = QFrame()
        self.frame.setObjectName("thought")
        inner = QHBoxLayout(self.frame)
        inner.setContentsMargins(14, 2, 0, 2)
        inner.addWidget(self._text)
        self.frame.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        column.addWidget(self.button)
        column.addWidget(self.frame)
        self._label = strings.THINKING
        self._relabel()

    @property
    def text(self) -> TextBlock:
        return self._text

    def append(self, text: str) -> None:
        self.source += text
        if self.button.isChecked():
            self._catch_up()

    def finish(self, seconds: float | None) -> None:
        if seconds is None:
            self._label = strings.THOUGHT
        else:
            self._label = strings.THOUGHT_FOR.format(seconds=fmt.seconds(seconds))
        self._relabel()

    def _unfold(self, shown: bool) -> None:
        if shown:
            self._catch_up()
        self.frame.setVisible(shown)
        self._relabel()

    def _catch_up(self) -> None:
        self._text.add(self.source[self._shown :].lstrip("\n" if self._shown == 0 else ""))
        self._shown = len(self.source)

    def _relabel(self) -> None:
        arrow = "▾" if self.button.isChecked() else "▸"
        self.button.setText(f"{arrow} {self._label}")
        self.button.setAccessibleName(self._label)


_ROOMY = 600


class FooterView(QWidget):
    info_asked = Signal()
    acted = Signal(str)  # Act

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figures = Figures()
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
        self._line.addWidget(self.figures, 1)
        self._line.addLayout(buttons)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Put the buttons beneath the numbers where both do not fit in a line."""
        narrow = event.size().width() < _ROOMY
        directions = QBoxLayout.Direction
        self._line.setDirection(directions.TopToBottom if narrow else directions.LeftToRight)
        super().resizeEvent(event)

    @property
    def text(self) -> str:
        return self.figures.text

    def show_reply(self, reply: ReplyRecord | None) -> None:
        """Show the numbers of a reply; None: they cannot be read."""
        self.info.setVisible(reply is not None)
        went_wrong = reply is not None and reply.finish not in {"finished", "length", "cancelled"}
        self.figures.show_figures(
            (Figure(strings.NO_NUMBERS, ""),) if reply is None else figures(reply),
            "warning" if went_wrong else "muted",
        )


class ReplyView(QWidget):
    """A reply, being written or finished."""

    info_asked = Signal(str)  # message id
    acted = Signal(str, str)  # message id, Act

    def __init__(
        self, message: ChatMessage, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.message = message
        self._theme = theme
        self.thought: ThoughtView | None = None
        self.tokens: TokenView | None = None
        self.answer = MarkdownView(theme)
        self.answer.setAccessibleName(strings.MODEL)
        self.wait = QLabel(strings.WAITING_DOTS)
        self.wait.setFont(fonts.ui())
        self.wait.setProperty("tone", "muted")
        self.footer = FooterView(theme)
        self.footer.hide()
        self.footer.info_asked.connect(lambda: self.info_asked.emit(self.message.id))
        self.footer.acted.connect(lambda act: self.acted.emit(self.message.id, act))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        for view in (self.answer, self.wait, self.footer):
            self._column.addWidget(view)

    def expect_width(self, width: int) -> None:
        """Take on the width it will have, so that its texts are laid out once; 0: not known."""
        if width:
            self.answer.resize(width, self.answer.height())

    def texts(self) -> list[TextBlock]:
        """Return the texts in reading order."""
        thought = [] if self.thought is None else [self.thought.text]
        return thought + self.answer.texts()

    def changed(self) -> list[QWidget]:
        """Return the widgets that the last `append` changed, for `lay_out_now`."""
        thought = [] if self.thought is None else [self.thought.text]
        return [*thought, *self.answer.changed, self.answer]

    def blocks(self) -> Sequence[int]:
        """Return the rows of the answer's blocks that are shown, from the top."""
        return () if self.answer.isHidden() else self.answer.rows

    def block_top(self, row: int) -> int | None:
        """Return pixels below the top of this view; None where the block is not shown."""
        top = None if self.answer.isHidden() else self.answer.top_of(row)
        return None if top is None else self.answer.y() + top

    def append(self, piece: Piece) -> None:
        if piece.thought:
            self._open_thought().append(piece.thought)
        if piece.answer:
            if self.thought is not None:
                self.thought.finish(piece.thought_seconds)
            self.wait.hide()
            self.answer.append(piece.answer)

    def show_wait(self, text: str) -> None:
        self.wait.setText(text or strings.WAITING_DOTS)

    def show_tokens(self, rounds: Sequence[RoundRecord]) -> None:
        """Show the token view in place of the text; without rounds, the text again."""
        if rounds and self.tokens is None:
            self.tokens = TokenView(self._theme)
            self._column.insertWidget(0, self.tokens)
        if self.tokens is not None:
            self.tokens.setVisible(bool(rounds))
            self.tokens.show_rounds(rounds or self.tokens.rounds)
        for view in (self.answer, self.thought):
            if view is not None:
                view.setVisible(not rounds)

    def show_row(self, row: Row, *, last: bool) -> None:
        self.footer.acts.show_row(row, always=last)

    def resume(self) -> None:
        """Prepare to continue the reply: `append` goes on where it ended."""
        self.footer.hide()
        self.wait.show()

    def finish(self, message: ChatMessage) -> None:
        """End the reply: close its open block and show its numbers."""
        self.answer.finish()
        self._settle(message)

    def renumber(self, message: ChatMessage) -> None:
        """Show new numbers, if they are this reply's: plain speed was measured beside it."""
        if message.id == self.message.id:
            self.message = message
            self.footer.show_reply(message.reply)

    def show_finished(self, message: ChatMessage, *, in_slices: bool = False) -> None:
        """Show a reply from the store; `in_slices` its blocks are built in later turns."""
        if message.thought:
            self._open_thought().append(message.thought)
        self.answer.set_text(message.text, at_once=0 if in_slices else AT_ONCE)
        self._settle(message)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        self.footer.acts.set_hovered(True)
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self.footer.acts.set_hovered(False)
        super().leaveEvent(event)

    def _settle(self, message: ChatMessage) -> None:
        self.message = message
        self.wait.hide()
        if self.thought is not None:
            self.thought.finish(message.thought_seconds)
        self.footer.show_reply(message.reply)
        self.footer.show()

    def _open_thought(self) -> ThoughtView:
        if self.thought is None:
            self.thought = ThoughtView(self)  # without a parent it would be shown as a window
            self.thought.setVisible(self.tokens is None or self.tokens.isHidden())
            self._column.insertWidget(0, self.thought)
        return self.thought
