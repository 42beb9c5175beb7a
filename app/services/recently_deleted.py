"""What was deleted within the last 30 days, and can be restored."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from app.services.readable_row import LATEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A chat, or the messages that one deletion took from a chat that is still there."""

    chat_id: str
    title: str | None  # the chat's
    when: float  # seconds since the epoch
    messages: int  # how many it has
    first: str = ""  # the first words of its first message
    ids: tuple[str, ...] = ()  # of the messages and what they follow; () for a whole chat


_CHATS = """
    SELECT chats.id, title, chats.deleted, count(messages.id)
    FROM chats LEFT JOIN messages ON chat_id = chats.id AND messages.deleted IS NULL
    WHERE chats.deleted IS NOT NULL GROUP BY chats.id
"""
_MESSAGES = """
    SELECT chat_id, title, messages.deleted, messages.id, parent, substr(text, 1, 300)
    FROM messages JOIN chats ON chats.id = chat_id
    WHERE messages.deleted IS NOT NULL AND chats.deleted IS NULL ORDER BY number
"""


def deleted(connection: sqlite3.Connection) -> tuple[Deleted, ...]:
    """Return what can be restored, the last deletion first. Raises sqlite3.Error."""
    found = [
        Deleted(chat_id=chat_id, title=title, when=min(when, LATEST), messages=count)
        for chat_id, title, when, count in connection.execute(_CHATS)
        if count or title
    ]
    groups: dict[tuple[str, float], list[tuple[str, str | None, str, str | None]]] = {}
    for chat_id, title, when, id_, parent, text in connection.execute(_MESSAGES):
        groups.setdefault((chat_id, when), []).append((id_, parent, text, title))
    for (chat_id, when), rows in groups.items():
        found.append(
            Deleted(
                chat_id=chat_id,
                title=rows[0][3],
                when=min(when, LATEST),
                messages=len(rows),
                first=rows[0][2],
                ids=_with_parents(connection, [row[0] for row in rows]),
            )
        )
    return tuple(sorted(found, key=lambda one: one.when, reverse=True))


def _with_parents(connection: sqlite3.Connection, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the messages and those deleted ones that they follow, without which none is read."""
    wanted = dict.fromkeys(ids)
    waiting = list(ids)
    while waiting:
        row = connection.execute(
            "SELECT parent FROM messages WHERE id = ?", (waiting.pop(),)
        ).fetchone()
        above = None if row is None else row[0]
        if above is None or above in wanted:
            continue
        gone = connection.execute(
            "SELECT 1 FROM messages WHERE id = ? AND deleted IS NOT NULL", (above,)
        ).fetchone()
        if gone is not None:
            wanted[above] = None
            waiting.append(above)
    return tuple(wanted)
