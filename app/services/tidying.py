"""What is put in order when a file of chats is opened.

Nothing of it has to be done for the chats to be read: what the disk refuses is left to the next
start.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable

from app.services.chat_rows import read_messages, rounds_kept
from app.services.database import Connection, transaction
from app.services.search_index import SearchIndex

_log = logging.getLogger(__name__)

_UNFINISHED = (
    "SELECT DISTINCT message_id FROM messages JOIN pieces ON message_id = id"
    " WHERE NOT indexed AND first >= merged"
)


def tidy(connection: Connection, index: SearchIndex, *, before: float) -> None:
    """Remove what was deleted `before` that time, in seconds since the epoch, and the like."""
    chores: tuple[Callable[[], None], ...] = (
        lambda: _purge(connection, index, before),
        lambda: _merge_pieces(connection),
        index.catch_up,
    )
    for chore in chores:
        try:
            chore()
        except sqlite3.Error as error:
            _log.warning("the chats were not put in order: %s", type(error).__name__)


def _purge(connection: Connection, index: SearchIndex, before: float) -> None:
    """Remove it for good, unless something follows it that stays."""
    gone = (
        "SELECT number, id FROM messages WHERE deleted < :before"
        " OR chat_id IN (SELECT id FROM chats WHERE deleted < :before)"
    )
    if connection.execute(gone, {"before": before}).fetchone() is None:
        return  # and wait for no lock
    with transaction(connection):
        rows = connection.execute(gone, {"before": before}).fetchall()
        numbers = {id_: number for number, id_ in rows}
        while followed := _followed(connection, numbers):
            numbers = {id_: n for id_, n in numbers.items() if id_ not in followed}
        index.remove([*numbers.values()])
        connection.executemany(
            "DELETE FROM messages WHERE number = ?", [(number,) for number in numbers.values()]
        )
        connection.execute(
            "DELETE FROM chats WHERE deleted < ?"
            " AND NOT EXISTS (SELECT 1 FROM messages WHERE chat_id = chats.id)",
            (before,),
        )


def _followed(connection: Connection, ids: Iterable[str]) -> frozenset[str]:
    """Return those that a message follows which is not among them."""
    rows = connection.execute(
        "WITH these AS (SELECT value FROM json_each(?)) SELECT DISTINCT parent FROM messages"
        " WHERE parent IN these AND id NOT IN these",
        (json.dumps(list(ids)),),
    )
    return frozenset(parent for (parent,) in rows)


def _merge_pieces(connection: Connection) -> None:
    """Bring the texts of replies that a killed program left in pieces into their messages.

    Another window may be writing one: what it appends later is merged at its end.
    """
    if connection.execute(_UNFINISHED).fetchone() is not None:
        with transaction(connection):
            _merge_unfinished(connection)


def _merge_unfinished(connection: Connection) -> None:
    for (message_id,) in connection.execute(_UNFINISHED).fetchall():
        found = read_messages(connection, "id = ?", message_id)
        if not found or ("messages", message_id) in connection.flagged:
            continue
        (message,) = found
        connection.execute(
            "UPDATE messages SET text = ?, thought = ?, thought_seconds = ?, merged = ?"
            " WHERE id = ?",
            (
                message.text,
                message.thought,
                message.thought_seconds,
                rounds_kept(connection, message_id) or 0,
                message_id,
            ),
        )
