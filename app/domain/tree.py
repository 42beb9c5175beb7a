"""The tree of a chat's messages. Pure.

All functions take the messages oldest first, so that parents come before children. Siblings follow
the same message: a question and its edited versions, or the versions of a reply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from app.domain.conversation import ChatMessage


def path(messages: Sequence[ChatMessage], tip: str | None) -> tuple[ChatMessage, ...]:
    """Return the messages from the first one to `tip`; () where no message has that id."""
    by_id = {message.id: message for message in messages}
    upwards: list[ChatMessage] = []
    at = by_id.pop(tip, None) if tip is not None else None
    while at is not None:
        upwards.append(at)
        at = by_id.pop(at.parent, None) if at.parent is not None else None
    return tuple(reversed(upwards))


def siblings(messages: Sequence[ChatMessage], message_id: str) -> tuple[str, ...]:
    """Return the ids of the message and its siblings, oldest first; () for an unknown id."""
    wanted = next((message for message in messages if message.id == message_id), None)
    if wanted is None:
        return ()
    return tuple(message.id for message in messages if message.parent == wanted.parent)


def replaced(messages: Sequence[ChatMessage], message: ChatMessage) -> tuple[ChatMessage, ...]:
    """Return the messages with `message` in place of the one that has its id, if any has."""
    return tuple(message if old.id == message.id else old for old in messages)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands among its siblings; `position` counts from 1."""

    position: int = 1
    count: int = 1


def places(messages: Sequence[ChatMessage]) -> dict[str, Place]:
    """Return the place of each message by its id, in one pass: a chat may have thousands."""
    families: dict[str | None, list[str]] = {}
    for message in messages:
        families.setdefault(message.parent, []).append(message.id)
    return {
        message_id: Place(position, len(family))
        for family in families.values()
        for position, message_id in enumerate(family, 1)
    }


def newest_tip(messages: Sequence[ChatMessage], message_id: str | None = None) -> str | None:
    """Return the message written last at or below `message_id`; None: in the whole chat."""
    inside = below(messages, message_id) if message_id is not None else None
    newest = (m.id for m in reversed(messages) if inside is None or m.id in inside)
    return next(newest, None)


def below(messages: Sequence[ChatMessage], message_id: str) -> frozenset[str]:
    """Return the ids of the message and of all that follow it, on any branch."""
    ids = {message_id}
    for message in messages:
        if message.parent in ids:
            ids.add(message.id)
    return frozenset(ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Changes that another window has stored in a chat."""

    written: tuple[ChatMessage, ...]  # messages that are new or were changed
    deleted: frozenset[str]  # ids
    order: tuple[str, ...]  # ids of all stored messages, oldest first


def taken_up(messages: Sequence[ChatMessage], changes: Changes) -> tuple[ChatMessage, ...]:
    """Return the messages with the changes of another window.

    Messages that are not stored stay, at the end: the disk may not have taken them yet.
    """
    by_id = {message.id: message for message in (*messages, *changes.written)}
    stored = changes.deleted.union(changes.order)
    own = (message for message in messages if message.id not in stored)
    return (*(by_id[id_] for id_ in changes.order if id_ in by_id), *own)


def mended(parents: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return a parent for each message that has lost its own, or that is below itself.

    `parents` is by message, the oldest first. Such a message follows the last one written before
    it; the oldest then opens the chat.
    """
    given = dict(parents)
    new: dict[str, str | None] = {}
    earlier: dict[str, None] = {}
    for one, parent in parents.items():
        lost = parent is not None and parent not in earlier
        if lost and (parent not in parents or _is_below(one, parent, given)):
            given[one] = None
            before = (other for other in reversed(earlier) if not _is_below(one, other, given))
            given[one] = new[one] = next(before, None)
        earlier[one] = None
    return new


def whole(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """Return the messages of a chat, each with a parent among them; see `mended`."""
    new = mended({message.id: message.parent for message in messages})
    if not new:
        return tuple(messages)
    return tuple(
        msgspec.structs.replace(message, parent=new[message.id]) if message.id in new else message
        for message in messages
    )


def _is_below(one: str, other: str | None, parents: Mapping[str, str | None]) -> bool:
    """Whether `other` is `one` or comes after it. A circle without `one` ends the search."""
    seen: set[str] = set()
    while other is not None and other not in seen:
        if other == one:
            return True
        seen.add(other)
        other = parents.get(other)
    return False
