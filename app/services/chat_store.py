"""Chats in one SQLite file that survives being killed at any moment.

Write-ahead logging keeps what was committed; a file that cannot be opened or that fails its
integrity check is set aside, never overwritten, and `notice` says so.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import msgspec

from app import strings
from app.domain.conversation import Chat, ChatMessage, ReplyRecord
from app.domain.settings import ReplySettings
from app.services.files import set_aside
from app.services.migrations import NewerSchemaError, migrate

_BUSY_TIMEOUT_S = 5.0


class ChatStore:
    """Raises sqlite3.Error where the disk refuses; the caller says so."""

    def __init__(self, connection: sqlite3.Connection, notice: str = "") -> None:
        self._connection = connection
        self.notice = notice

    def close(self) -> None:
        self._connection.close()

    def save_chat(self, chat: Chat) -> None:
        """The chat itself, without its messages."""
        with self._connection:
            self._connection.execute(
                "INSERT INTO chats (id, title, created, updated, settings) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET"
                " title = excluded.title, updated = excluded.updated, settings = excluded.settings",
                (chat.id, chat.title, chat.created, time.time(), _json(chat.settings)),
            )

    def save_message(self, chat_id: str, position: int, message: ChatMessage) -> None:
        with self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO messages (id, chat_id, position, role, text, thought,"
                " thought_seconds, created, reply) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    message.id,
                    chat_id,
                    position,
                    message.role,
                    message.text,
                    message.thought,
                    message.thought_seconds,
                    message.created,
                    None if message.reply is None else _json(message.reply),
                ),
            )

    def delete_messages(self, chat_id: str, first: int) -> None:
        """Forget the messages from position `first` on."""
        with self._connection:
            self._connection.execute(
                "DELETE FROM messages WHERE chat_id = ? AND position >= ?", (chat_id, first)
            )

    def load(self, chat_id: str) -> Chat | None:
        row = self._connection.execute(
            "SELECT id, title, created, settings FROM chats WHERE id = ?", (chat_id,)
        ).fetchone()
        if row is None:
            return None
        messages = self._connection.execute(
            "SELECT id, role, text, thought, thought_seconds, created, reply"
            " FROM messages WHERE chat_id = ? ORDER BY position",
            (chat_id,),
        )
        return Chat(
            id=row[0],
            title=row[1],
            created=row[2],
            settings=_settings(row[3]),
            messages=tuple(_message(*fields) for fields in messages),
        )

    def last_chat(self) -> str | None:
        """The id of the chat written to last."""
        row = self._connection.execute(
            "SELECT id FROM chats ORDER BY updated DESC LIMIT 1"
        ).fetchone()
        return None if row is None else row[0]


def open_store(path: Path | None) -> ChatStore:
    """None: for a session whose data folder cannot be used. Raises OSError or sqlite3.Error."""
    if path is None:
        return ChatStore(_open(":memory:"))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return ChatStore(_open(path))
    except sqlite3.OperationalError:  # locked, read-only, no room: the file itself is sound
        raise
    except (sqlite3.DatabaseError, NewerSchemaError) as error:
        kept = _set_aside_with_log(path)
        notice = strings.CHATS_SET_ASIDE.format(reason=error, name=kept.name)
        return ChatStore(_open(path), notice)


def _open(path: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)  # noqa: TRY301  (closed below, as any other)
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_aside_with_log(path: Path) -> Path:
    """The log belongs to its file: left behind, it would be applied to the new one."""
    for suffix in ("-wal", "-shm"):
        log = path.with_name(path.name + suffix)
        if log.exists():
            set_aside(log)
    return set_aside(path)


def _json(value: ReplySettings | ReplyRecord) -> str:
    return msgspec.json.encode(value).decode()


def _settings(text: str) -> ReplySettings:
    try:
        return msgspec.json.decode(text, type=ReplySettings)
    except msgspec.DecodeError:
        return ReplySettings()


def _message(
    id_: str,
    role: str,
    text: str,
    thought: str,
    seconds: float | None,
    created: float,
    reply: str | None,
) -> ChatMessage:
    return ChatMessage(
        id=id_,
        role="assistant" if role == "assistant" else "user",
        text=text,
        thought=thought,
        thought_seconds=seconds,
        created=created,
        reply=None if reply is None else _reply(reply),
    )


def _reply(text: str) -> ReplyRecord | None:
    """A record this release cannot read costs the message its numbers, not its text."""
    try:
        return msgspec.json.decode(text, type=ReplyRecord)
    except msgspec.DecodeError:
        return None
