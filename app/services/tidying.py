"""Puts a file of chats in order when it is opened.

Nothing of it has to be done for the chats to be read: what the disk refuses is left to the next
start.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.services.chat_rows import read_messages, rounds_kept
from app.services.database import Connection, transaction
from app.services.search_index import SearchIndex

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Values of a column that cannot be, as an SQL condition; and what they become."""

    table: str
    column: str
    condition: str
    right: str


_NO_TIME = (
    "deleted IS NOT NULL AND"
    " (typeof(deleted) NOT IN ('integer', 'real') OR deleted NOT BETWEEN 0 AND 1000000000000000)"
)
_NO_REVISION = "typeof(revision) != 'integer' OR revision NOT BETWEEN 0 AND 1000000000000"
_WRONG = (
    _Wrong("messages", "deleted", _NO_TIME, "NULL"),
    _Wrong("chats", "deleted", _NO_TIME, "NULL"),
    _Wrong("messages", "revision", _NO_REVISION, "0"),
)
_UNFINISHED = (
    "SELECT DISTINCT message_id FROM messages JOIN pieces ON message_id = id"
    " WHERE NOT indexed AND first >= merged"
)


def tidy(connection: Connection, index: SearchIndex, *, before: float) -> None:
    """Remove what was deleted `before` that time, in seconds since the epoch, and the like."""
    chores: tuple[Callable[[], None], ...] = (
        lambda: _right_values(connection),
        lambda: _purge(connection, index, before),
        lambda: _merge_pieces(connection),
        index.catch_up,
    )
    for chore in chores:
        try:
            chore()
        except sqlite3.Error as error:
            _log.warning("the chats were not put in order: %s", type(error).__name__)


def _right_values(connection: Connection) -> None:
    """Give values that queries rely on, and that cannot be, ones that can.

    What was deleted at no time is not deleted; what it says goes to the table `unreadable`.
    """
    for wrong in _WRONG:
        found = f"FROM {wrong.table} WHERE {wrong.condition}"
        if connection.execute(f"SELECT 1 {found}").fetchone() is None:
            continue
        with transaction(connection):
            connection.execute(
                "INSERT INTO unreadable (of, id, name, value)"
                f" SELECT ?, id, ?, {wrong.column} {found}",
                (wrong.table, wrong.column),
            )
            changed = connection.execute(
                f"UPDATE {wrong.table} SET {wrong.column} = {wrong.right}"  # noqa: S608
                f" WHERE {wrong.condition}"
            )
            connection.unreadable += changed.rowcount


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
