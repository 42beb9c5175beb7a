"""The conversation: a column of messages that follows what is written, until one scrolls up."""

from __future__ import annotations

import time

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
from app.views.room_below import RoomBelow
from app.views.theme import ThemeController
from app.views.user_view import UserView, is_edited
from mtp_mlx.wire import Generate

COLUMN_WIDTH = 760
_PAGE = 24  # messages built in one go; earlier ones as one scrolls up to them
_AT_ONCE = 6  # of them before the chat is first painted
_SLICE_S = 0.008  # for building the others, between two looks at what the user does
_NEAR = 900
_MOST = 60  # views; beyond them those far from the eye are taken down
_SIDE = 28
_SPACING = 14
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
        self._wanted = 0  # the row down to which views are being built
        self._filling = QTimer(self, interval=0)
        self._filling.timeout.connect(self._build_slice)
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

    @property
    def hidden_above(self) -> int:
        """How many messages have no view yet: one has not scrolled up to them."""
        return self._first

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
        if self._below:
            self._on_reset()
        self._following = True
        self._kept = None
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def edit(self, message_id: str) -> None:
        """Open the question for editing, where it stands."""
        if self._below and not any(view.message.id == message_id for view in self._views):
            self._on_reset()  # it is at the end, and one has scrolled far up
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
        self._column.setSpacing(_SPACING)
        self._below = RoomBelow(_SPACING)
        self._column.addWidget(self._below)
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
        self._below.keep(0)
        rows = len(self._chat.messages)
        self._first = rows
        self._following = True
        self._kept = self._held = None
        self._show_earlier(_AT_ONCE)
        self._want(rows - _PAGE)
        QTimer.singleShot(0, self, self.scroll_to_end)

    def _on_inserted(self, _parent: QModelIndex, first: int, last: int) -> None:
        if last - first >= _PAGE or self._below:  # as a chat is opened: at its end
            self._on_reset()
            return
        for at in range(first, last + 1):
            self._views.append(self._make(at))
            self._insert_last(self._views[-1])
        self._fill()
        self._refresh_rows()
        self._following = self._chat.writing  # another branch is read from where one is
        if self._following:
            self._kept = None

    def _on_removed(self, _parent: QModelIndex, first: int, _last: int) -> None:
        if not self._chat.writing:
            self._kept = self.verticalScrollBar().value()
            self._settled.start()
        self._below.keep(max(0, min(len(self._below), first - self._end)))
        self._drop(max(0, first - self._first))
        self._first = min(self._first, first)
        self._fill()

    def _fill(self) -> None:
        """What is too short to be scrolled must be there as a whole."""
        if self._first > 0 and len(self._views) < _PAGE:
            self._show_earlier()

    def _on_started(self, request: Generate) -> None:
        if request.continue_reply and self._below:
            self._on_reset()
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
        being_written = self._chat.writing and view in self._views[-1:]
        view.show_tokens(self._chat.rounds if being_written or reply is None else reply.rounds)

    def _drop(self, first: int) -> None:
        for view in self._views[first:]:
            self._column.removeWidget(view)
            view.hide()
            view.deleteLater()
        del self._views[first:]

    @property
    def _end(self) -> int:
        """The row below the last view."""
        return self._first + len(self._views)

    def _insert_last(self, view: QWidget) -> None:
        self._column.insertWidget(self._column.indexOf(self._below), view)

    def _show_earlier(self, count: int = _PAGE) -> None:
        start = max(0, self._first - count)
        views = [self._make(at) for at in range(start, self._first)]
        for position, view in enumerate(views):
            self._column.insertWidget(position, view)
        self._views[:0] = views
        self._first = start
        for view in views:
            self._refresh_row(view)

    def _want(self, first: int) -> None:
        """Views from row `first` on, built a slice at a time: the window stays answerable."""
        self._wanted = max(0, first)
        if self._first > self._wanted:
            self._filling.start()

    def _build_slice(self) -> None:
        begun = time.perf_counter()
        while self._first > self._wanted and time.perf_counter() - begun < _SLICE_S:
            self._show_earlier(1)
        self._take_down_below()
        if self._first <= self._wanted:
            self._filling.stop()

    def _take_down_below(self) -> None:
        if any(is_edited(view) for view in self._views):
            return
        far = self.verticalScrollBar().value() + self.viewport().height() + 2 * _NEAR
        while len(self._views) > _MOST and not self._following and not self._chat.writing:
            if self._views[-1].y() < far:
                return
            self._below.put(self._views[-1].height())
            self._drop(len(self._views) - 1)

    def _show_later(self) -> None:
        """One more of those that were taken down; a far one above makes room for it."""
        bar = self.verticalScrollBar()
        view = self._make(self._end)
        self._views.append(view)
        self._insert_last(view)
        self._below.take()
        self._refresh_row(view)
        if (
            len(self._views) > _MOST
            and self._views[0].geometry().bottom() < bar.value() - 2 * _NEAR
            and not is_edited(self._views[0])
        ):
            self._held = bar.maximum() - bar.value()
            self._column.removeWidget(self._views[0])
            self._views[0].hide()
            self._views.pop(0).deleteLater()
            self._first += 1
            self._settled.start()

    def _refresh_rows(self) -> None:
        for view in self._views:
            self._refresh_row(view)

    def _refresh_row(self, view: UserView | ReplyView) -> None:
        view.show_row(row(self._chat, view.message), last=view is self._views[-1])

    # Scrolling

    def _on_scrolled(self, value: int) -> None:
        bar = self.verticalScrollBar()
        if self._kept is None:
            self._following = value >= bar.maximum() - _BOTTOM
        self._place_latest()
        if self._held is not None:
            self._held = bar.maximum() - value  # one scrolls on while they come in
        self._look_above()
        self._look_below()

    def _look_below(self) -> None:
        bar = self.verticalScrollBar()
        bottom = bar.value() + self.viewport().height()
        if self._below and self._below.y() - bottom < _NEAR:
            self._show_later()
            QTimer.singleShot(0, self, self._look_below)

    def _look_above(self) -> None:
        """Have earlier messages built before one gets to where they belong."""
        bar = self.verticalScrollBar()
        near = bar.value() < _NEAR and bar.maximum() > 0 and not self._following
        if near and self._first > 0 and not self._filling.isActive():
            self._held = bar.maximum() - bar.value()
            self._want(self._first - _PAGE)

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
        if self._filling.isActive():
            self._settled.start()
            return
        self._held = self._kept = None
        self._look_above()

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
