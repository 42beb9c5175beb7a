"""What another window has written in a chat, and the messages with it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.conversation import ChatMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    written: tuple[ChatMessage, ...]  # new ones and changed ones
    deleted: frozenset[str]
    order: tuple[str, ...]  # ids of all that are stored, the oldest first


def taken_up(messages: Sequence[ChatMessage], changes: Changes) -> tuple[ChatMessage, ...]:
    """Those that only this window knows stay, at the end: saving them may have failed."""
    known = {message.id: message for message in (*messages, *changes.written)}
    elsewhere = changes.deleted.union(changes.order)
    own = (message for message in messages if message.id not in elsewhere)
    return (*(known[id_] for id_ in changes.order if id_ in known), *own)
