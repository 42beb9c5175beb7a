"""The reply being written and the chat it belongs to: the open one, or one in the background."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QObject, Signal

from app.domain.conversation import Chat, ChatMessage, ChatSummary, ReplyPiece
from app.domain.tree import replaced
from app.viewmodels.chat.history import History, Removed, labelled, restored
from app.viewmodels.chat.reply import Piece, Streaming
from app.viewmodels.chat.saving import Saver


class Background:
    """The chat of a reply that is written while another chat is open.

    The chat in memory wins over its stored copy, which may lack the last save.
    """

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


class Writing(QObject):
    """Saves it as it streams, under its own chat. Between replies `chat` is None."""

    streamed = Signal(object)  # Piece: what the open chat's reply has gained since the last one
    ended = Signal(object)  # ChatMessage, in the open chat
    ended_elsewhere = Signal(object, object)  # Chat, ChatMessage

    def __init__(
        self,
        streaming: Streaming,
        history: History,
        saver: Saver,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._streaming = streaming
        self._history = history
        self._saver = saver
        self.background = Background()
        streaming.streamed.connect(self._on_streamed)
        streaming.grown.connect(lambda: saver.request(self.save))
        streaming.ended.connect(self._on_ended)

    @property
    def here(self) -> bool:
        """Whether it belongs to the open chat."""
        return self._streaming.running and self.background.chat is None

    @property
    def chat(self) -> Chat | None:
        return self._history.chat if self.here else self.background.chat

    def open(self, chat: Chat) -> None:
        """Another chat in place of the open one, whose reply goes on."""
        if self.here:
            self.background.take(self._history.chat)
        self._history.open(self.background.give_back(chat))

    def save(self) -> None:
        """As far as it is written."""
        chat, unstored = self.chat, self._streaming.unstored()
        if chat is None:
            return
        match unstored:
            case ChatMessage() as message:
                self._saver.save_message(chat, message, ended=False)
            case ReplyPiece() as piece if piece.rounds:
                self._saver.append(self._streaming.message_id, piece)
            case _:
                pass

    def _on_streamed(self, piece: Piece) -> None:
        if self.here:
            self.streamed.emit(piece)

    def _on_ended(self, message: ChatMessage) -> None:
        left = self.background.chat
        if left is None:
            self._history.put(message)
            self._keep(self._history.chat, message)
            self.ended.emit(message)
        else:
            left = self.background.end(left, message)
            self._keep(left, message)
            self.ended_elsewhere.emit(left, message)

    def _keep(self, chat: Chat, message: ChatMessage) -> None:
        self._saver.finish(lambda: self._saver.save_message(chat, message))
