"""Messages and settings as the database holds them.

What cannot be read costs itself only: it is read as if it were missing and is counted, and before
anything is written over it, it goes to the table `unreadable`.

A reply is a row of its own, without its rounds, and pieces that hold these: each is appended while
the reply is written, so that no second writes again what the one before it has written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from app.domain.conversation import (
    Attachment,
    Chat,
    ChatMessage,
    ReplyPiece,
    ReplyRecord,
    RoundRecord,
)
from app.domain.settings import ReplySettings
from app.services.database import Connection
from app.services.readable_row import MOST_ROUNDS, Row, Table

_COLUMNS = "id, parent, role, created, text, thought, thought_seconds, attachments, reply, merged"


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


def put_chat(connection: Connection, chat: Chat, known: Chat | None) -> None:
    """Write what has changed since it was `known`, but no messages. Part of a transaction.

    Title and pin are written with a new chat only; one without a title takes the first it gets.
    """
    row = {
        "id": chat.id,
        "title": chat.title,
        "created": chat.created,
        "pinned": chat.pinned,
        "settings": as_json(chat.settings),
        "tip": chat.tip,
        "draft": chat.draft,
        "sent_from": chat.sent_from,
        "cut": known is None or known.sent_from != chat.sent_from,
        "set": known is None or known.settings != chat.settings,
        "moved": known is None or known.tip != chat.tip,
        "typed": known is None or known.draft != chat.draft,
    }
    keep_unreadable(connection, "chats", chat.id)
    connection.execute(
        "INSERT INTO chats"
        " (id, title, created, updated, settings, pinned, tip, draft, sent_from) VALUES"
        " (:id, :title, :created, :created, :settings, :pinned, :tip, :draft, :sent_from)"
        " ON CONFLICT (id) DO UPDATE SET"
        " title = coalesce(title, excluded.title),"
        " settings = iif(:set, excluded.settings, settings),"
        " tip = iif(:moved, excluded.tip, tip),"
        " draft = iif(:typed, excluded.draft, draft),"
        " sent_from = iif(:cut, excluded.sent_from, sent_from)",
        row,
    )
    if (() if known is None else known.draft_files) != chat.draft_files:
        _put_draft_files(connection, chat)


def _put_draft_files(connection: Connection, chat: Chat) -> None:
    keep_unreadable(connection, "draft_files", chat.id)
    connection.execute("DELETE FROM draft_files WHERE chat_id = ?", (chat.id,))
    if chat.draft_files:
        connection.execute(
            "INSERT INTO draft_files (chat_id, files) VALUES (?, ?)",
            (chat.id, as_json(chat.draft_files)),
        )


def put_message(connection: Connection, chat_id: str, message: ChatMessage, revision: int) -> None:
    """Write a message whole, but of its rounds only those that no piece holds yet.

    Part of the caller's transaction. Saved again a message keeps its place.
    """
    rounds = () if message.reply is None else message.reply.rounds
    unreadable = keep_unreadable(connection, "messages", message.id)
    connection.execute(
        f"INSERT INTO messages (chat_id, revision, {_COLUMNS})"  # noqa: S608  (our own words)
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, text = excluded.text,"
        " thought = excluded.thought, thought_seconds = excluded.thought_seconds,"
        " attachments = excluded.attachments, reply = excluded.reply, merged = excluded.merged,"
        " indexed = 0, revision = max(revision, excluded.revision)",
        (chat_id, revision, *_message_row(message)),
    )
    kept = rounds_kept(connection, message.id)
    if kept is None or kept > len(rounds):
        # One is missing, or it is another reply: one that goes on never loses rounds.
        if unreadable:
            for column in ("text", "thought", "rounds"):
                connection.execute(
                    "INSERT INTO unreadable (of, id, name, value)"  # noqa: S608  (our own words)
                    f" SELECT 'pieces', message_id, first, {column} FROM pieces"
                    " WHERE message_id = ?",
                    (message.id,),
                )
        connection.execute("DELETE FROM pieces WHERE message_id = ?", (message.id,))
        kept = 0
    if kept < len(rounds):
        put_piece(connection, message.id, ReplyPiece(first=kept, rounds=rounds[kept:]))


def keep_unreadable(connection: Connection, table: Table, id_: str) -> bool:
    """Copy what could not be read of a row that is about to be written over, if anything."""
    columns = connection.flagged.get((table, id_), set())
    key = "chat_id" if table == "draft_files" else "id"
    for column in sorted(columns):
        connection.execute(
            "INSERT INTO unreadable (of, id, name, value)"  # noqa: S608  (our own words)
            f" SELECT ?1, {key}, ?2, {column} FROM {table} WHERE {key} = ?3 AND NOT EXISTS"
            " (SELECT 1 FROM unreadable WHERE of = ?1 AND id = ?3 AND name = ?2)",
            (table, column, id_),
        )
    return bool(columns)


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
    connection: Connection, condition: str, *values: object
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
    of_message: dict[str, list[Sequence[object]]] = {}
    for message_id, *piece in pieces:
        of_message.setdefault(message_id, []).append(piece)
    return tuple(_read_message(connection, row, of_message.get(row[0], ())) for row in rows)


def as_json(
    value: ReplySettings | ReplyRecord | tuple[Attachment, ...] | tuple[RoundRecord, ...],
) -> str:
    return msgspec.json.encode(value).decode()


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


def _read_message(
    connection: Connection, values: Sequence[object], stored: Sequence[Sequence[object]]
) -> ChatMessage:
    id_, parent, role, created, text, thought, seconds, attachments, reply, merged = values
    row = Row(connection, "messages", str(id_))
    pieces = [row.piece(*piece) for piece in stored]
    own = row.number("merged", merged, MOST_ROUNDS)
    later = [piece for piece in pieces if piece.first >= own]
    thought_seconds = row.seconds("thought_seconds", seconds)
    return ChatMessage(
        id=str(id_),
        parent=row.parent(parent),
        role=row.role(role, reply),
        created=row.number("created", created),
        text=row.text("text", text) + "".join(piece.text for piece in later),
        thought=row.text("thought", thought) + "".join(piece.thought for piece in later),
        thought_seconds=later[-1].thought_seconds if later else thought_seconds,
        attachments=row.attachments("attachments", attachments),
        reply=row.reply(reply, pieces),
    )


def rounds_kept(connection: sqlite3.Connection, message_id: str) -> int | None:
    """How many rounds of a reply its pieces hold; None where one in their middle is missing."""
    end, count = connection.execute(
        "SELECT coalesce(max(first + count), 0), coalesce(sum(count), 0) FROM pieces"
        " WHERE message_id = ?",
        (message_id,),
    ).fetchone()
    return int(end) if end == count else None
