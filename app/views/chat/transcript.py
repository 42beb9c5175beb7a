"""The conversation: views of the messages around the reader's place, in a column that scrolls."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

from app import strings
from app.domain.conversation import ChatMessage, RoundRecord
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.message_acts import row
from app.viewmodels.chat.reply import Piece
from app.viewmodels.overlay.overlay import OverlayNumbers
from app.views.chat.build_ahead import BuildAhead, MessageView
from app.views.chat.reply_view import ReplyView
from app.views.chat.scrolled_column import SPACING, RoomBelow
from app.views.chat.selecting import SelectableColumn
from app.views.chat.text_block import TextBlock
from app.views.chat.user_view import UserView, is_edited
from app.views.common.theme import ThemeController
from mtp_mlx.api import Generate

_PAGE = 24  # messages built at a time; earlier ones are built as the reader scrolls up
_AT_ONCE = 6  # messages built before a chat is first painted
_NEAR = 900  # pixels beyond the viewport at which the next views are built
_APART_MS = 4  # between the deletions of views taken down at once: each costs a millisecond
_MOST = 60  # views; with more, those far from the reader's place are taken down


class Transcript(SelectableColumn):
    info_asked = Signal(str)  # message id
    acted = Signal(str, str)  # message id, Act
    editor_opened = Signal(str, object)  # message id, MessageEditor
    focus_left = Signal()  # the view that has the focus is about to be taken down

    def __init__(
        self, chat: ChatViewModel, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, parent)
        self.setAccessibleName(strings.CONVERSATION)
        self._chat = chat
        self._theme = theme
        self._views: list[MessageView] = []
        self._first = 0  # the row of the first view
        self._token_view = False
        self._wait = ""  # the phase that the reply being written waits in
        self._wanted = 0  # the row down to which views are being built
        self._ahead = BuildAhead(chat.messages, theme, lambda at: self._make(at, in_slices=True))
        self._filling = QTimer(self, interval=0)
        self._filling.setObjectName("filling")
        self._filling.timeout.connect(self._build_slice)
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._look_below)
        self._below = RoomBelow(SPACING)
        self.column.insertWidget(0, self._below)
        chat.messages.rowsInserted.connect(self._on_inserted)
        chat.messages.rowsRemoved.connect(self._on_removed)
        chat.messages.modelReset.connect(self._on_reset)
        chat.reply_started.connect(self._on_started)
        chat.streamed.connect(self._on_streamed)
        chat.reply_ended.connect(self._on_ended)
        chat.changed.connect(self._refresh_rows)
        self._on_reset()

    @property
    def filling(self) -> bool:
        """Return whether views around the reader's place are still being built."""
        return self._filling.isActive()

    @property
    def views(self) -> Sequence[MessageView]:
        """Return the views around the reader's place, from the top."""
        return self._views

    @property
    def hidden_below(self) -> int:
        """Return how many messages below have no view: the reader is far above them."""
        return len(self._below)

    @property
    def hidden_above(self) -> int:
        """Return how many messages above have no view: the reader has not scrolled up to them."""
        return self._first

    def texts(self) -> list[list[TextBlock]]:
        return [view.texts() for view in self._views]

    def show_wait(self, numbers: OverlayNumbers) -> None:
        """Name the phase of a waiting reply, with a clock: slow must not look like stuck."""
        self._wait = numbers.prompt
        if self._chat.writing and (view := self._written()) is not None:
            view.show_wait(numbers.prompt)

    def bring(self, row: int, message: str) -> MessageView | None:
        """Return the message's view, built if it has none; None where it is in no such row."""
        messages = self._chat.messages
        if row >= len(messages) or messages.at(row).id != message:
            return None
        if row == self._first - 1:
            self._show_earlier(1)
        elif not self._first <= row < self.end:
            self._build_around(row)
        return self._views[row - self._first]

    def _build_around(self, row: int) -> None:
        self.stay()
        self._drop(0)
        self._below.keep(0)
        self._first = row
        self._below.extend(len(self._chat.messages) - row)
        self._show_later(self._make(row))
        self._want(row - _AT_ONCE)  # those around it come a slice at a time

    def set_token_view(self, *, shown: bool) -> None:
        """Show or hide the tokens of all replies of this chat, and of those to come."""
        self._ahead.drop()
        self._token_view = shown
        for view in self._views:
            if isinstance(view, ReplyView):
                view.show_tokens(self._rounds_of(view) if shown else ())

    def scroll_to_end(self) -> None:
        if self._below:
            self._on_reset()
        super().scroll_to_end()

    def edit(self, message_id: str) -> None:
        """Open the question for editing, where it stands."""
        if self._below and self._view(message_id) is None:
            self._on_reset()  # it is at the end, far below the views
        if isinstance(view := self._view(message_id), UserView):
            view.edit()
            self.ensureWidgetVisible(view)

    # The model

    def _on_reset(self) -> None:
        self._ahead.drop()
        self._drop(0)
        self._below.keep(0)
        rows = len(self._chat.messages)
        self._first = rows
        self.follow()
        self._show_earlier(_AT_ONCE)
        self._want(rows - _PAGE)
        QTimer.singleShot(0, self, self.scroll_to_end)

    def _on_inserted(self, _parent: QModelIndex, first: int, last: int) -> None:
        if self._below and not self._chat.writing and first == self.end + len(self._below):
            self._below.extend(last - first + 1)  # the reader is far above
            return
        if last - first >= _PAGE or self._below:  # show the end, as when a chat is opened
            self._on_reset()
            return
        for at in range(first, last + 1):
            self._views.append(self._make(at))
            self.column.insertWidget(self.column.indexOf(self._below), self._views[-1])
        self._fill()
        self._refresh_rows()
        if self._chat.writing:
            self.follow()
        else:
            self.stay()  # another branch is shown where the reader is

    def _on_removed(self, _parent: QModelIndex, first: int, _last: int) -> None:
        if not self._chat.writing:
            self.stay()
        self._below.keep(max(0, min(len(self._below), first - self.end)))
        self._drop(max(0, first - self._first))
        self._first = min(self._first, first)
        self._fill()

    def _fill(self) -> None:
        """Build earlier messages too where the column is too short to be scrolled."""
        if self._first > 0 and len(self._views) < _PAGE:
            self._show_earlier()

    def _on_started(self, request: Generate) -> None:
        if not request.continue_reply:
            return
        if self._below:
            self._on_reset()
        if (view := self._written()) is not None:
            view.resume()
            self.follow()

    def _on_streamed(self, piece: Piece) -> None:
        if (view := self._written()) is not None:
            view.append(piece)
            self._show_tokens(view)
            self.lay_out_now(view.changed())

    def _on_ended(self, message: ChatMessage) -> None:
        if (view := self._written()) is not None:
            view.finish(message)
            self._show_tokens(view)
        self._refresh_rows()

    def _written(self) -> ReplyView | None:
        """Return the view of the reply that is or was being written, unless it is far below."""
        view = self._views[-1] if self._views and not self._below else None
        return view if isinstance(view, ReplyView) else None

    def _make(self, at: int, *, in_slices: bool = False) -> MessageView:
        message = self._chat.messages.at(at)
        if message.role == "user":
            question = UserView(message, self._theme)
            question.acted.connect(self.acted)
            question.editor_opened.connect(self.editor_opened)
            return question
        view = ReplyView(message, self._theme)
        view.info_asked.connect(self.info_asked)
        view.acted.connect(self.acted)
        self._chat.renumbered.connect(view.renumber)
        view.expect_width(self.column.geometry().width())
        view.show_finished(message, in_slices=in_slices)
        if self._is_written(message):
            view.resume()
            view.show_wait(self._wait)
            view.append(self._chat.streaming.catch_up())
        self._show_tokens(view)
        return view

    def _show_tokens(self, view: ReplyView) -> None:
        if self._token_view:
            view.show_tokens(self._rounds_of(view))

    def _rounds_of(self, view: ReplyView) -> Sequence[RoundRecord]:
        written, reply = self._is_written(view.message), view.message.reply
        return self._chat.streaming.rounds if written else () if reply is None else reply.rounds

    def _is_written(self, message: ChatMessage) -> bool:
        return self._chat.writing and message.id == self._chat.chat.tip

    def _drop(self, first: int) -> None:
        for place in range(len(self._views) - first):
            self._take_down(self._views.pop(), place * _APART_MS)

    def _take_down(self, view: MessageView, wait_ms: int = 0) -> None:
        focused = QApplication.focusWidget()
        if focused is not None and view.isAncestorOf(focused):
            self.focus_left.emit()  # Qt would give it to whatever comes next
        self.selection.leave(view.texts())
        self.column.removeWidget(view)
        view.hide()
        QTimer.singleShot(wait_ms, view, view.deleteLater)

    @property
    def end(self) -> int:
        """Return the row below the last view."""
        return self._first + len(self._views)

    def _show_earlier(self, count: int = _PAGE) -> None:
        start = max(0, self._first - count)
        self._add_above([self._make(at) for at in range(start, self._first)])

    def _add_above(self, views: list[MessageView]) -> None:
        for position, view in enumerate(views):
            self.column.insertWidget(position, view)
        self._views[:0] = views
        self._first -= len(views)
        for view in views:
            self._refresh_row(view)

    def _want(self, first: int) -> None:
        """Build views from row `first` on, a slice at a time: the window stays responsive."""
        self._wanted = max(0, first)
        if self._first > self._wanted:
            self._filling.start()

    def _build_slice(self) -> None:
        if self._first > self._wanted and (view := self._ahead.take(self._first - 1)):
            self._add_above([view])
        self._take_down_below()
        if self._first <= self._wanted:
            self._filling.stop()

    def _take_down_below(self) -> None:
        if self.selecting.busy or any(is_edited(view) for view in self._views):
            return
        far = self.verticalScrollBar().value() + self.viewport().height() + 2 * _NEAR
        while len(self._views) > _MOST and not self.following and not self._chat.writing:
            if self._views[-1].y() < far:
                return
            self._below.put(self._views[-1].height())
            self._drop(len(self._views) - 1)

    def _show_later(self, view: MessageView) -> None:
        """Add the next view below, and take down one far above."""
        self._views.append(view)
        self.column.insertWidget(self.column.indexOf(self._below), view)
        self._below.take()
        self._refresh_row(view)
        if (
            len(self._views) > _MOST
            and self._views[0].geometry().bottom() < self.verticalScrollBar().value() - 2 * _NEAR
            and not is_edited(self._views[0])
            and not self.selecting.busy
        ):
            self._take_down(self._views.pop(0))
            self._first += 1

    def _refresh_rows(self) -> None:
        for view in self._views:
            self._refresh_row(view)

    def _refresh_row(self, view: MessageView) -> None:
        view.show_row(row(self._chat, view.message), last=view is self._views[-1])

    # Scrolling

    def scrolled(self) -> None:
        self._look_above()
        self._later.start()

    def messages(self) -> list[str]:
        return [view.message.id for view in self._views]

    def blocks(self, message: str) -> Sequence[int]:
        view = self._view(message)
        return () if view is None else view.blocks()

    def top(self, message: str, block: int | None = None) -> int | None:
        view = self._view(message)
        if view is None or not view.y():  # 0 is above the column's margin: not laid out
            return None
        within = 0 if block is None else view.block_top(block)
        return None if within is None else view.y() + within

    def _view(self, message: str) -> MessageView | None:
        return next((view for view in self._views if view.message.id == message), None)

    def _look_below(self) -> None:
        bottom = self.verticalScrollBar().value() + self.viewport().height()
        if not self._below or self._filling.isActive():  # `_below` has no place yet
            return
        if self._below.y() - bottom < _NEAR:
            written = self._is_written(self._chat.messages.at(self.end))  # its text grows now
            if view := self._make(self.end) if written else self._ahead.take(self.end):
                self._show_later(view)
            self._later.start()  # one view a turn, however often the column was scrolled in it

    def _look_above(self) -> None:
        """Build earlier messages before the reader reaches their place."""
        bar = self.verticalScrollBar()
        near = bar.value() < _NEAR and bar.maximum() > 0 and not self.following
        if near and self._first > 0 and not self._filling.isActive():
            self._want(self._first - _PAGE)
