"""The chat of a reply that is being written while another chat is open, and what ended unseen."""

from __future__ import annotations

import msgspec

from app.domain.conversation import Chat, ChatMessage, ChatSummary
from app.domain.tree import replaced
from app.viewmodels.chat.history import Removed, labelled, restored


class Background:
    """What is in memory wins over what the store has of it: the last save may be to come."""

    def __init__(self) -> None:
        self.chat: Chat | None = None  # that is being written in
        self._ended: dict[str, ChatMessage] = {}  # replies nobody has seen, by chat

    @property
    def unseen(self) -> frozenset[str]:
        """Ids of the chats in which a reply has ended since they were left."""
        return frozenset(self._ended)

    def take(self, chat: Chat) -> None:
        """It is left, and its reply goes on."""
        self.chat = chat

    def give_back(self, chat: Chat) -> Chat:
        """A chat that is about to be opened, with what was written in it meanwhile."""
        if self.chat is not None and self.chat.id == chat.id:
            chat, self.chat = labelled(self.chat, chat), None
        ended = self._ended.pop(chat.id, None)
        return chat if ended is None else _with(chat, ended)

    def end(self, chat: Chat, message: ChatMessage) -> Chat:
        """The reply that was being written in `chat` is whole. Returns the chat with it."""
        self.chat = None
        self._ended[chat.id] = message
        return _with(chat, message)

    def restore(self, removed: Removed) -> None:
        """Undo a deletion of messages; what is read stays the reply being written."""
        if self.chat is not None and self.chat.id == removed.chat.id:
            self.chat = restored(self.chat, removed)

    def label(self, said: ChatSummary) -> bool:
        """See `History.label`."""
        before = self.chat
        self.chat = None if before is None else labelled(before, said)
        return self.chat is not before


def _with(chat: Chat, message: ChatMessage) -> Chat:
    return msgspec.structs.replace(chat, messages=replaced(chat.messages, message))
