"""The reply being written and the chat it belongs to: the open one, or one in the background."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.conversation import Chat, ChatMessage
from app.engine.supervisor import Supervisor
from app.viewmodels.chat.background import Background
from app.viewmodels.chat.history import History
from app.viewmodels.chat.reply import Piece
from app.viewmodels.chat.saving import Saver
from app.viewmodels.chat.streaming import Streaming


class Writing(QObject):
    """Saves it as it streams, under its own chat. Between replies `chat` is None."""

    streamed = Signal(object)  # Piece: what the open chat's reply has gained since the last one
    ended = Signal(object)  # ChatMessage, in the open chat
    ended_elsewhere = Signal(object, object)  # Chat, ChatMessage

    def __init__(
        self,
        supervisor: Supervisor,
        streaming: Streaming,
        history: History,
        saver: Saver,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._supervisor = supervisor
        self._streaming = streaming
        self._history = history
        self._saver = saver
        self.background = Background()
        streaming.streamed.connect(self._on_streamed)
        streaming.grown.connect(lambda: saver.request(self.save))
        streaming.ended.connect(self._on_ended)
        supervisor.received.connect(streaming.take)
        supervisor.reply_lost.connect(self._on_lost)

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

    def abandon(self, finish: str) -> None:
        """End it without its last word: what was written stays with its chat."""
        if self._streaming.running:
            self._supervisor.cancel()
        self._streaming.end(finish)

    def save(self) -> None:
        """As far as it is written."""
        part, chat = self._streaming.part(), self.chat
        if part is not None and chat is not None:
            self._saver.save_message(chat, part, ended=False)

    def _on_streamed(self, piece: Piece) -> None:
        if self.here:
            self.streamed.emit(piece)

    def _on_lost(self, reason: str) -> None:
        self._streaming.end(strings.FINISH_DIED.format(reason=reason))

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
