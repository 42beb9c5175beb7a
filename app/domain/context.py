"""Which part of a chat is sent to the model, and how much of its context that takes. Pure.

Only the engine counts tokens, and only of what it was sent: what comes after its last count, or is
left out, is estimated by the characters.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.conversation import ChatMessage, content

ROOM = 0.5
"""The share of the context that the oldest turns make free when they are left out."""

_CHARACTERS = 3  # of a token, where nothing was counted


def sent(messages: Sequence[ChatMessage], first: str | None) -> tuple[ChatMessage, ...]:
    """Return a branch from `first` on; all of it where that is None or elsewhere."""
    at = next((at for at, message in enumerate(messages) if message.id == first), 0)
    return tuple(messages[at:])


def tokens(messages: Sequence[ChatMessage], first: str | None) -> int:
    """Return how many tokens the branch takes from `first` on, as far as that is known."""
    counts = ((i, _counted(messages[i])) for i in reversed(range(len(messages))))
    counted, known = next((pair for pair in counts if pair[1]), (None, 0))
    now = sent(messages, first)
    if counted is None:
        return _length(now) // _CHARACTERS if any(m.role == "assistant" for m in now) else 0
    reply = messages[counted].reply
    before = sent(messages[: counted + 1], None if reply is None else reply.sent_from)
    characters = _length(before)
    if now == before or not characters:
        return known
    return round(known * _length(now) / characters)


def without_oldest(
    messages: Sequence[ChatMessage], first: str | None, used: int, length: int
) -> str | None:
    """Return the question that would be sent first, so that ROOM of the context is free.

    `used` is what the branch takes from `first` on, `length` the context's length, in tokens. None
    where not even the last turn is short enough.
    """
    now = sent(messages, first)
    whole = _length(now)
    left = whole
    for at, message in enumerate(now):
        if at and message.role == "user" and used * left <= whole * length * (1 - ROOM):
            return message.id
        left -= len(content(message))
    return None


def _length(messages: Sequence[ChatMessage]) -> int:
    return sum(len(content(message)) for message in messages)


def _counted(message: ChatMessage) -> int:
    """Return the tokens up to the end of a reply; 0 where they were not counted.

    A reply's thoughts are not sent again.
    """
    reply = message.reply
    if reply is None or reply.stats is None:
        return 0
    thoughts = sum(token.thought for record in reply.rounds for token in record.tokens)
    return reply.prompt_tokens + max(0, reply.stats.generated_tokens - thoughts)
