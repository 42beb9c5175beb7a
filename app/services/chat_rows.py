"""Messages and settings as the database holds them. What cannot be read costs itself only.

A reply is a row of its own, without its rounds, and pieces that hold these: each is appended while
the reply is written, so that no second writes again what the one before it has written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from app.domain.continued import recounted
from app.domain.conversation import (
    Attachment,
    ChatMessage,
    ReplyPiece,
    ReplyRecord,
    RoundRecord,
)
from app.domain.settings import ReplySettings

_COLUMNS = "id, parent, role, created, text, thought, thought_seconds, attachments, reply, merged"
_ROUNDS = msgspec.json.Decoder(tuple[RoundRecord, ...])


class _MessageRow(NamedTuple):
    """`merged` is how many of the reply's rounds `text` and `thought` already hold."""

    id: str
    parent: str | None
    role: str
    created: float
    text: str
    thought: str
    thought_seconds: float | None
    attachments: str
    reply: str | None
    merged: int


class _PieceRow(NamedTuple):
    message_id: str
    first: int
    text: str
    thought: str
    thought_seconds: float | None
    rounds: str


def put_message(
    connection: sqlite3.Connection, chat_id: str, message: ChatMessage, revision: int
) -> None:
    """Write a message whole, but of its rounds only those that no piece holds yet.

    Part of the caller's transaction. Saved again a message keeps its place.
    """
    rounds = () if message.reply is None else message.reply.rounds
    connection.execute(
        f"INSERT INTO messages (chat_id, revision, {_COLUMNS})"  # noqa: S608  (our own words)
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, text = excluded.text,"
        " thought = excluded.thought, thought_seconds = excluded.thought_seconds,"
        " attachments = excluded.attachments, reply = excluded.reply, merged = excluded.merged,"
        " indexed = 0, revision = max(revision, excluded.revision)",
        (chat_id, revision, *_message_row(message)),
    )
    kept = _rounds_kept(connection, message.id)
    if kept > len(rounds):  # another reply under this id: one that goes on never loses rounds
        connection.execute("DELETE FROM pieces WHERE message_id = ?", (message.id,))
        kept = 0
    if kept < len(rounds):
        put_piece(connection, message.id, ReplyPiece(first=kept, rounds=rounds[kept:]))


def put_piece(connection: sqlite3.Connection, message_id: str, piece: ReplyPiece) -> None:
    """Append a piece; written twice, it replaces itself. Part of the caller's transaction."""
    connection.execute(
        "INSERT OR REPLACE INTO pieces"
        " (message_id, first, count, text, thought, thought_seconds, rounds)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            message_id,
            piece.first,
            len(piece.rounds),
            piece.text,
            piece.thought,
            piece.thought_seconds,
            as_json(piece.rounds),
        ),
    )


def read_messages(
    connection: sqlite3.Connection, condition: str, *values: object
) -> tuple[ChatMessage, ...]:
    """Return the messages that meet an SQL condition, in the order they were written."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM messages WHERE {condition} ORDER BY number",  # noqa: S608
        values,
    ).fetchall()
    pieces = connection.execute(
        "SELECT message_id, first, text, thought, thought_seconds, rounds FROM pieces"  # noqa: S608
        f" WHERE message_id IN (SELECT id FROM messages WHERE {condition})"
        " ORDER BY message_id, first",
        values,
    )
    of_message: dict[str, list[_PieceRow]] = {}
    for row in pieces:
        piece = _PieceRow(*row)
        of_message.setdefault(piece.message_id, []).append(piece)
    return tuple(_read_message(_MessageRow(*row), of_message) for row in rows)


def merge_pieces(connection: sqlite3.Connection) -> None:
    """Bring the texts of replies that a killed program left in pieces into their messages.

    Another window may be writing one: what it appends later is merged at its end. Part of the
    caller's transaction.
    """
    unfinished = connection.execute(
        "SELECT DISTINCT message_id FROM messages JOIN pieces ON message_id = id"
        " WHERE NOT indexed AND first >= merged"
    )
    for (message_id,) in unfinished.fetchall():
        (message,) = read_messages(connection, "id = ?", message_id)
        connection.execute(
            "UPDATE messages SET text = ?, thought = ?, thought_seconds = ?, merged = ?"
            " WHERE id = ?",
            (
                message.text,
                message.thought,
                message.thought_seconds,
                _rounds_kept(connection, message_id),
                message_id,
            ),
        )


def as_json(
    value: ReplySettings | ReplyRecord | tuple[Attachment, ...] | tuple[RoundRecord, ...],
) -> str:
    return msgspec.json.encode(value).decode()


def read_settings(text: str) -> ReplySettings:
    try:
        return msgspec.json.decode(text, type=ReplySettings)
    except msgspec.DecodeError:
        return ReplySettings()


def read_attachments(text: str) -> tuple[Attachment, ...]:
    try:
        return msgspec.json.decode(text, type=tuple[Attachment, ...])
    except msgspec.DecodeError:
        return ()


def _message_row(message: ChatMessage) -> _MessageRow:
    reply = message.reply
    return _MessageRow(
        id=message.id,
        parent=message.parent,
        role=message.role,
        created=message.created,
        text=message.text,
        thought=message.thought,
        thought_seconds=message.thought_seconds,
        attachments=as_json(message.attachments),
        reply=None if reply is None else as_json(msgspec.structs.replace(reply, rounds=())),
        merged=0 if reply is None else len(reply.rounds),
    )


def _read_message(row: _MessageRow, of_message: Mapping[str, Sequence[_PieceRow]]) -> ChatMessage:
    pieces = of_message.get(row.id, ())
    later = [piece for piece in pieces if piece.first >= row.merged]
    return ChatMessage(
        id=row.id,
        parent=row.parent,
        role="assistant" if row.role == "assistant" else "user",
        created=row.created,
        text=row.text + "".join(piece.text for piece in later),
        thought=row.thought + "".join(piece.thought for piece in later),
        thought_seconds=later[-1].thought_seconds if later else row.thought_seconds,
        attachments=read_attachments(row.attachments),
        reply=None if row.reply is None else _read_reply(row.reply, pieces),
    )


def _read_reply(text: str, pieces: Sequence[_PieceRow]) -> ReplyRecord | None:
    """A record this release cannot read costs the message its numbers, not its text."""
    try:
        record = msgspec.json.decode(text, type=ReplyRecord)
        rounds = [record for piece in pieces for record in _ROUNDS.decode(piece.rounds)]
    except msgspec.DecodeError:
        return None
    return recounted(msgspec.structs.replace(record, rounds=tuple(rounds)))


def _rounds_kept(connection: sqlite3.Connection, message_id: str) -> int:
    """How many rounds of a reply its pieces hold."""
    count: int = connection.execute(
        "SELECT coalesce(max(first + count), 0) FROM pieces WHERE message_id = ?", (message_id,)
    ).fetchone()[0]
    return count
