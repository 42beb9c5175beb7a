"""Views that are built over several turns of the event loop, before the column has them."""

from __future__ import annotations

from collections.abc import Callable

from app.domain.conversation import ChatMessage
from app.render.blocks import render
from app.viewmodels.chat.history import MessageList
from app.views.chat.reply_view import ReplyView
from app.views.chat.user_view import UserView
from app.views.common import fonts
from app.views.common.theme import ThemeController

MessageView = UserView | ReplyView


class BuildAhead:
    """Builds one view at a time: its text is rendered in a turn, its blocks in those that follow.

    A reply is tens of widgets. All at once they would hold up the scrolling that asks for them.
    """

    def __init__(
        self, messages: MessageList, theme: ThemeController, make: Callable[[int], MessageView]
    ) -> None:
        """`make` returns the view of a row; its blocks may be built later."""
        self._messages = messages
        self._theme = theme
        self._make = make
        self._message: ChatMessage | None = None  # whose text is rendered
        self._size = fonts.text_size()
        self._view: MessageView | None = None

    def take(self, row: int) -> MessageView | None:
        """Return the view of a row once it is built; None: ask again in the next turn."""
        message = self._messages.at(row)
        if message is not self._message or self._size != fonts.text_size():
            self.drop()
            self._message, self._size = message, fonts.text_size()
            if message.role == "assistant":
                render(message.text, self._theme.current.html())
                return None
        if self._view is None:
            self._view = self._make(row)
            return None
        if isinstance(self._view, ReplyView) and not self._view.answer.ready:
            return None
        view, self._view, self._message = self._view, None, None
        return view

    def drop(self) -> None:
        """Forget the view that is being built: it would look different now."""
        if self._view is not None:
            self._view.deleteLater()
        self._view = self._message = None
