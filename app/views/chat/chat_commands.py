"""Commands that lead to a chat: a new one, the next in the list, the one being written in."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu, QWidget

from app import strings
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.sidebar.chat_list import ChatListViewModel
from app.views.common.commands import command
from app.views.sidebar.sidebar import NEW_SHORTCUT

# As Qt names Shift+[ and Shift+]: where these are keys of their own, Shift is not needed.
_PREVIOUS, _NEXT = "Ctrl+{", "Ctrl+}"


class ChatCommands(QObject):
    def __init__(self, chat: ChatViewModel, chats: ChatListViewModel, window: QWidget) -> None:
        super().__init__(window)
        self._chat = chat
        self._chats = chats
        self.new = command(window, strings.NEW_CHAT, chat.new_chat, NEW_SHORTCUT)
        self._previous = command(window, strings.PREVIOUS_CHAT, lambda: chats.step(-1), _PREVIOUS)
        self._next = command(window, strings.NEXT_CHAT, lambda: chats.step(1), _NEXT)
        self._written = command(window, strings.SHOW_WRITING, chat.open_written, "Ctrl+J")
        for signal in (chat.changed, chats.changed):
            signal.connect(self.refresh)
        self.refresh()

    def fill(self, menu: QMenu) -> None:
        menu.addActions([self._previous, self._next, self._written])

    def refresh(self) -> None:
        """What cannot be done now is grey."""
        self.new.setEnabled(not self._chat.blank)
        self._previous.setEnabled(self._chats.neighbour(-1) is not None)
        self._next.setEnabled(self._chats.neighbour(1) is not None)
        self._written.setEnabled(self._chat.background.chat is not None)
