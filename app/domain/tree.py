"""The tree that a chat's messages form. Pure; messages come oldest first, parents before children.

Siblings follow the same message: a question and its edited forms, a reply and its other versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.conversation import ChatMessage


def path(messages: Sequence[ChatMessage], tip: str | None) -> tuple[ChatMessage, ...]:
    """From the message that opens the chat to `tip`; empty where there is no such message."""
    by_id = {message.id: message for message in messages}
    found: list[ChatMessage] = []
    at = by_id.pop(tip, None) if tip is not None else None
    while at is not None:
        found.append(at)
        at = by_id.pop(at.parent, None) if at.parent is not None else None
    return tuple(reversed(found))


def siblings(messages: Sequence[ChatMessage], message_id: str) -> tuple[str, ...]:
    """Ids of the message and those beside it, the oldest first; empty where it is unknown."""
    one = next((message for message in messages if message.id == message_id), None)
    if one is None:
        return ()
    return tuple(message.id for message in messages if message.parent == one.parent)


def replaced(messages: Sequence[ChatMessage], message: ChatMessage) -> tuple[ChatMessage, ...]:
    """With this one in place of the one with its id, if there is one."""
    return tuple(message if one.id == message.id else one for one in messages)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands among its siblings; `position` counts from 1."""

    position: int = 1
    count: int = 1


def places(messages: Sequence[ChatMessage]) -> dict[str, Place]:
    """The place of each message, by id: all at once, for a chat may have thousands."""
    families: dict[str | None, list[str]] = {}
    for message in messages:
        families.setdefault(message.parent, []).append(message.id)
    return {
        message_id: Place(position, len(family))
        for family in families.values()
        for position, message_id in enumerate(family, 1)
    }


def newest_tip(messages: Sequence[ChatMessage], message_id: str | None = None) -> str | None:
    """The message written last at or below `message_id` (None: in the chat): a branch's end."""
    inside = below(messages, message_id) if message_id is not None else None
    newest = (m.id for m in reversed(messages) if inside is None or m.id in inside)
    return next(newest, None)


def below(messages: Sequence[ChatMessage], message_id: str) -> frozenset[str]:
    """Ids of the message and of everything that follows it, on any branch."""
    found = {message_id}
    for message in messages:
        if message.parent in found:
            found.add(message.id)
    return frozenset(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What another window has written in a chat."""

    written: tuple[ChatMessage, ...]  # new ones and changed ones
    deleted: frozenset[str]
    order: tuple[str, ...]  # ids of all that are stored, the oldest first


def taken_up(messages: Sequence[ChatMessage], changes: Changes) -> tuple[ChatMessage, ...]:
    """Those that only this window knows stay, at the end: saving them may have failed."""
    known = {message.id: message for message in (*messages, *changes.written)}
    elsewhere = changes.deleted.union(changes.order)
    own = (message for message in messages if message.id not in elsewhere)
    return (*(known[id_] for id_ in changes.order if id_ in known), *own)
