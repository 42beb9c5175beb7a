"""The conversation: a column of messages that follows what is written, until one scrolls up."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app import strings
from app.domain.conversation import ChatMessage
from app.viewmodels.chat import ChatViewModel
from app.viewmodels.message_acts import row
from app.viewmodels.overlay import OverlayNumbers
from app.viewmodels.reply import Piece
from app.views.buttons import IconButton
from app.views.message_view import ReplyView
from app.views.theme import ThemeController
from app.views.user_view import UserView
from mtp_mlx.wire import Generate

COLUMN_WIDTH = 760
_PAGE = 24  # messages built at once; earlier ones as one scrolls up to them
_NEAR = 240
_SIDE = 28
_SETTLING_MS = 250
_BOTTOM = 8


class Transcript(QScrollArea):
    info_asked = Signal(str)  # message id
    acted = Signal(str, str)  # message id, Act

    def __init__(
        self, chat: ChatViewModel, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("transcriptArea")
        self._chat = chat
        self._theme = theme
        self._views: list[UserView | ReplyView] = []
        self._first = 0  # the row of the first view
        self._token_view = False
        self._following = True
        self._held: int | None = None  # what lies below the eye, while earlier messages come in
        self._kept: int | None = None  # where one reads, while another branch is laid out
        self._settled = QTimer(self, singleShot=True, interval=_SETTLING_MS)
        self._settled.timeout.connect(self._let_go)
        self._build()
        messages = chat.messages
        messages.rowsInserted.connect(self._on_inserted)
        messages.rowsRemoved.connect(self._on_removed)
        messages.modelReset.connect(self._on_reset)
        chat.reply_started.connect(self._on_started)
        chat.streamed.connect(self._on_streamed)
        chat.reply_ended.connect(self._on_ended)
        chat.changed.connect(self._refresh_rows)
        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._on_scrolled)
        bar.rangeChanged.connect(self._on_grown)
        self._on_reset()

    @property
    def following(self) -> bool:
        return self._following

    def show_wait(self, numbers: OverlayNumbers) -> None:
        """Slow must not look like stuck: the waiting reply names its phase, with a clock."""
        if self._views and isinstance(self._views[-1], ReplyView):
            self._views[-1].show_wait(numbers.prompt)

    def set_token_view(self, *, shown: bool) -> None:
        """For all replies of this chat, as far as their rounds were kept, and those to come."""
        self._token_view = shown
        for view in self._views:
            if isinstance(view, ReplyView):
                if shown:
                    self._show_tokens(view)
                else:
                    view.show_tokens(())

    def scroll_to_end(self) -> None:
        self._following = True
        self._kept = None
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def edit(self, message_id: str) -> None:
        """Open the question for editing, where it stands."""
        while self._first > 0 and not any(v.message.id == message_id for v in self._views):
            self._show_earlier()
        for view in self._views:
            if isinstance(view, UserView) and view.message.id == message_id:
                view.edit()
                self.ensureWidgetVisible(view)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._balance()
        self._place_latest()

    def _build(self) -> None:
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(strings.CONVERSATION)
        page = QWidget()
        page.setObjectName("transcript")
        column = QWidget()
        column.setObjectName("column")
        column.setMaximumWidth(COLUMN_WIDTH)
        self._column = QVBoxLayout(column)
        self._column.setContentsMargins(0, 28, 0, 28)
        self._column.setSpacing(14)
        self._column.addStretch(1)
        self._row = row = QHBoxLayout(page)
        row.addStretch(1)
        row.addWidget(column, 1000)
        row.addStretch(1)
        self.setWidget(page)
        self._latest = IconButton("chevron_down", strings.JUMP_TO_LATEST, self._theme, self)
        self._latest.setObjectName("latest")
        self._latest.clicked.connect(self.scroll_to_end)
        self._latest.hide()

    # The model

    def _on_reset(self) -> None:
        self._drop(0)
        rows = len(self._chat.messages)
        self._first = rows
        self._following = True
        self._kept = None
        self._show_earlier()
        QTimer.singleShot(0, self, self.scroll_to_end)

    def _on_inserted(self, _parent: QModelIndex, first: int, last: int) -> None:
        if last - first >= _PAGE:  # a long branch is opened as a chat is: at its end
            self._on_reset()
            return
        for at in range(first, last + 1):
            self._views.append(self._make(at))
            self._column.insertWidget(self._column.count() - 1, self._views[-1])
        self._fill()
        self._refresh_rows()
        self._following = self._chat.writing  # another branch is read from where one is
        if self._following:
            self._kept = None

    def _on_removed(self, _parent: QModelIndex, first: int, _last: int) -> None:
        if not self._chat.writing:
            self._kept = self.verticalScrollBar().value()
            self._settled.start()
        self._drop(max(0, first - self._first))
        self._first = min(self._first, first)
        self._fill()

    def _fill(self) -> None:
        """What is too short to be scrolled must be there as a whole."""
        if self._first > 0 and len(self._views) < _PAGE:
            self._show_earlier()

    def _on_started(self, request: Generate) -> None:
        if request.continue_reply and isinstance(self._views[-1], ReplyView):
            self._views[-1].resume()
            self._following = True

    def _on_streamed(self, piece: Piece) -> None:
        if self._views and isinstance(self._views[-1], ReplyView):
            self._views[-1].append(piece)
            self._show_tokens(self._views[-1])

    def _on_ended(self, message: ChatMessage) -> None:
        if self._views and isinstance(self._views[-1], ReplyView):
            self._views[-1].finish(message)
            self._show_tokens(self._views[-1])
        self._refresh_rows()

    def _make(self, at: int) -> UserView | ReplyView:
        message = self._chat.messages.at(at)
        if message.role == "user":
            question = UserView(message, self._theme)
            question.acted.connect(self.acted)
            question.rewritten.connect(self._chat.edit)
            return question
        view = ReplyView(message, self._theme)
        view.info_asked.connect(self.info_asked)
        view.acted.connect(self.acted)
        being_written = self._chat.writing and at == len(self._chat.messages) - 1
        if not being_written:
            view.show_finished(message)
        self._show_tokens(view)
        return view

    def _show_tokens(self, view: ReplyView) -> None:
        if not self._token_view:
            return
        reply = view.message.reply
        view.show_tokens(self._chat.rounds if reply is None else reply.rounds)

    def _drop(self, first: int) -> None:
        for view in self._views[first:]:
            self._column.removeWidget(view)
            view.hide()
            view.deleteLater()
        del self._views[first:]

    def _show_earlier(self) -> None:
        start = max(0, self._first - _PAGE)
        views = [self._make(at) for at in range(start, self._first)]
        for position, view in enumerate(views):
            self._column.insertWidget(position, view)
        self._views[:0] = views
        self._first = start
        self._refresh_rows()

    def _refresh_rows(self) -> None:
        for view in self._views:
            view.show_row(row(self._chat, view.message), last=view is self._views[-1])

    # Scrolling

    def _on_scrolled(self, value: int) -> None:
        bar = self.verticalScrollBar()
        if self._kept is None:
            self._following = value >= bar.maximum() - _BOTTOM
        self._place_latest()
        if value < _NEAR and self._first > 0 and bar.maximum() > 0 and self._held is None:
            self._held = bar.maximum() - value
            self._show_earlier()

    def _on_grown(self, _minimum: int, maximum: int) -> None:
        if self._held is not None:
            self.verticalScrollBar().setValue(maximum - self._held)
            self._settled.start()  # heights come in one by one; the last one ends it
        elif self._kept is not None:
            self.verticalScrollBar().setValue(self._kept)
            self._settled.start()
        elif self._following:
            self.verticalScrollBar().setValue(maximum)
        self._balance()
        self._place_latest()

    def _let_go(self) -> None:
        self._held = self._kept = None

    def _balance(self) -> None:
        """The scroll bar takes its room from the margin: the column stays where it is."""
        taken = self.width() - self.viewport().width()
        self._row.setContentsMargins(_SIDE, 0, max(0, _SIDE - taken), 0)

    def _place_latest(self) -> None:
        bar = self.verticalScrollBar()
        self._latest.setVisible(not self._following and bar.value() < bar.maximum() - _BOTTOM)
        size = self._latest.sizeHint()
        self._latest.move(
            (self.viewport().width() - size.width()) // 2,
            self.viewport().height() - size.height() - 10,
        )
        self._latest.raise_()
