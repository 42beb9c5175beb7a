"""What was deleted too long ago goes for good."""

from __future__ import annotations

import sqlite3

from app.services.database import transaction
from app.services.search_index import SearchIndex

_GONE = """
    SELECT number FROM messages
    WHERE deleted < :before OR chat_id IN (SELECT id FROM chats WHERE deleted < :before)
"""


def purge(connection: sqlite3.Connection, index: SearchIndex, *, before: float) -> None:
    """Messages and chats deleted before that time, in seconds since the epoch."""
    with transaction(connection):
        numbers = [number for (number,) in connection.execute(_GONE, {"before": before})]
        index.forget(numbers)
        connection.executemany(
            "DELETE FROM messages WHERE number = ?", [(number,) for number in numbers]
        )
        connection.execute("DELETE FROM chats WHERE deleted < ?", (before,))
