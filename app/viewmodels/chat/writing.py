"""The reply being written and its chat, which is the open one or one in the background."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QObject, Signal

from app.domain.conversation import Chat, ChatMessage, ChatSummary, ReplyPiece
from app.domain.tree import replaced
from app.viewmodels.chat.history import History, Removed, labelled, restored
from app.viewmodels.chat.reply import Piece, Streaming
from app.viewmodels.chat.saving import Saver


class Background:
    """The chat of the reply being written while another chat is open.

    This chat counts, not its stored copy, which may lack the last save.
    """

    def __init__(self) -> None:
        self.chat: Chat | None = None  # None: no reply is written in the background
        self._ended: dict[str, ChatMessage] = {}  # replies that nobody has read, by chat id

    @property
    def unseen(self) -> frozenset[str]:
        """Return the ids of the chats in which a reply has ended since they were left."""
        return frozenset(self._ended)

    def take(self, chat: Chat) -> None:
        """Take the open chat, which is left while its reply goes on."""
        self.chat = chat

    def give_back(self, chat: Chat) -> Chat:
        """Return `chat`, about to be opened, with what was written in it in the background."""
        if self.chat is not None and self.chat.id == chat.id:
            chat, self.chat = labelled(self.chat, chat), None
        ended = self._ended.pop(chat.id, None)
        return chat if ended is None else _with(chat, ended)

    def end(self, chat: Chat, message: ChatMessage) -> Chat:
        """Take the whole reply of `chat`. Return the chat with it."""
        self.chat = None
        self._ended[chat.id] = message
        return _with(chat, message)

    def restore(self, removed: Removed) -> None:
        """Undo a deletion of messages; the tip stays at the reply being written."""
        if self.chat is not None and self.chat.id == removed.chat.id:
            self.chat = restored(self.chat, removed)

    def label(self, stored: ChatSummary) -> bool:
        """Take title and pin as they are stored. Return whether that changed the chat."""
        before = self.chat
        self.chat = None if before is None else labelled(before, stored)
        return self.chat is not before


def _sent_from(message: ChatMessage, first: str | None) -> ChatMessage:
    """Return the reply with the message that its prompt began with."""
    if message.reply is None or message.reply.sent_from == first:
        return message
    reply = msgspec.structs.replace(message.reply, sent_from=first)
    return msgspec.structs.replace(message, reply=reply)


def _with(chat: Chat, message: ChatMessage) -> Chat:
    return msgspec.structs.replace(chat, messages=replaced(chat.messages, message))


class Writing(QObject):
    """Saves the reply as it streams, and says in which chat it is written."""

    streamed = Signal(object)  # Piece of the open chat: the text since the last one
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
        """Return whether the reply being written belongs to the open chat."""
        return self._streaming.running and self.background.chat is None

    @property
    def chat(self) -> Chat | None:
        """Return the chat of the reply being written; None between replies."""
        return self._history.chat if self.here else self.background.chat

    def open(self, chat: Chat) -> None:
        """Open a chat in place of the open one; a reply being written there goes on."""
        if self.here:
            self.background.take(self._history.chat)
        self._history.open(self.background.give_back(chat))

    def save(self) -> None:
        """Save what the reply has gained since the last save."""
        chat, unstored = self.chat, self._streaming.unstored()
        if chat is None:
            return
        match unstored:
            case ChatMessage() as message:
                self._saver.save_message(chat, message, ended=False)
            case ReplyPiece() as piece if piece.rounds:
                answer = self._saver.append(self._streaming.message_id, piece)
                answer.failed(lambda _error: self._save_whole(chat))
            case _:
                pass

    def _save_whole(self, chat: Chat) -> None:
        """Save all of the reply so far: the store has lost its begin."""
        part = self._streaming.part()
        if part is not None:
            self._saver.save_message(chat, part, ended=False)

    def _on_streamed(self, piece: Piece) -> None:
        if self.here:
            self.streamed.emit(piece)

    def _on_ended(self, message: ChatMessage) -> None:
        left = self.background.chat
        chat = self._history.chat if left is None else left
        message = _sent_from(message, chat.sent_from)
        if left is None:
            self._history.put(message)
            self._keep(self._history.chat, message)
            self.ended.emit(message)
        else:
            left = self.background.end(left, message)
            self._keep(left, message)
            self._saver.mark(left.id, unread=True)
            self.ended_elsewhere.emit(left, message)

    def _keep(self, chat: Chat, message: ChatMessage) -> None:
        self._saver.finish(lambda: self._saver.save_message(chat, message))
