"""Each write of a message takes the next number of its chat, so that other windows find it.

A reply that is still being written has none yet.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.changes import Changes
from app.services.chat_rows import MESSAGE_COLUMNS, read_message
from app.services.database import transaction

_CHANGED = f"""
    SELECT deleted IS NOT NULL, {MESSAGE_COLUMNS} FROM messages
    WHERE chat_id = ? AND revision > ?
"""  # noqa: S608  (our own words)
_ORDER = "SELECT id FROM messages WHERE chat_id = ? AND deleted IS NULL ORDER BY number"


class Revisions:
    """What this window has written itself is no news to it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._seen: dict[str, int] = {}  # by chat

    @contextmanager
    def writing(self, chat_id: str) -> Iterator[int]:
        """A transaction on messages of this chat, and the number they take."""
        with transaction(self._connection):
            before = self._newest(chat_id)
            yield before + 1
            newest = self._newest(chat_id)
        if before == self._seen.get(chat_id, 0):
            self._seen[chat_id] = newest

    def see(self, chat_id: str) -> None:
        """All of it is about to be loaded."""
        self._seen[chat_id] = self._newest(chat_id)

    def changes(self, chat_id: str) -> Changes | None:
        """Since it was loaded, or this was last asked; None where there are none."""
        seen, newest = self._seen.get(chat_id, 0), self._newest(chat_id)
        if newest == seen:
            return None
        rows = self._connection.execute(_CHANGED, (chat_id, seen)).fetchall()
        order = self._connection.execute(_ORDER, (chat_id,)).fetchall()
        self._seen[chat_id] = newest
        return Changes(
            written=tuple(read_message(fields) for gone, *fields in rows if not gone),
            deleted=frozenset(id_ for gone, id_, *_ in rows if gone),
            order=tuple(id_ for (id_,) in order),
        )

    def _newest(self, chat_id: str) -> int:
        newest: int = self._connection.execute(
            "SELECT coalesce(max(revision), 0) FROM messages WHERE chat_id = ?", (chat_id,)
        ).fetchone()[0]
        return newest
