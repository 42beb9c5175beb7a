"""How much of the model's context the open chat takes, and from where on it would fit."""

from __future__ import annotations

from app.domain import context
from app.domain.conversation import Failed
from app.viewmodels.chat.chat import ChatViewModel
from mtp_mlx.errors import PromptTooLong


class ContextRoom:
    def __init__(self, chat: ChatViewModel) -> None:
        self._chat = chat
        self._said: tuple[tuple[object, ...], int] = ((), 0)

    @property
    def length(self) -> int | None:
        """Tokens of the loaded model's context."""
        return None if self._chat.pair is None else self._chat.pair.context_length

    def said_tokens(self) -> int:
        """Return what the branch that is read takes as it will be sent: without thoughts."""
        chat, shown = self._chat.chat, self._chat.messages
        key = (chat.id, chat.tip, chat.sent_from, len(shown), self._chat.last_reply)
        if not _same(key, self._said[0]):
            self._said = (key, context.tokens(shown.messages, chat.sent_from))
        return self._said[1]

    def was_too_long(self) -> bool:
        """Return whether the engine refused the last prompt because of its length."""
        shown = self._chat.messages
        reply = shown.at(len(shown) - 1).reply if len(shown) else None
        finish = None if reply is None else reply.finish
        return isinstance(finish, Failed) and finish.code == PromptTooLong.code

    def first_that_fits(self, own: int) -> str | None:
        """Return the question to begin with, so that `own` tokens and a reply find room.

        None where nothing can be left out for that.
        """
        if self.length is None or own >= self.length:
            return None
        path, first = self._chat.messages.messages, self._chat.chat.sent_from
        return context.without_oldest(path, first, self.said_tokens(), self.length - own)


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Compare replies by identity: they have thousands of rounds."""
    return len(one) == len(other) and all(
        a is b or (isinstance(a, str | int) and a == b) for a, b in zip(one, other, strict=True)
    )
