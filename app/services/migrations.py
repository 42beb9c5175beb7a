"""The chat database's schema, step by step; step n leads from version n to n + 1."""

from __future__ import annotations

import sqlite3

STEPS = (
    """
    CREATE TABLE chats (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        settings TEXT NOT NULL
    );
    CREATE TABLE messages (
        id TEXT PRIMARY KEY,
        chat_id TEXT NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
        text TEXT NOT NULL,
        thought TEXT NOT NULL,
        thought_seconds REAL,
        created REAL NOT NULL,
        reply TEXT
    );
    CREATE INDEX messages_of_chat ON messages (chat_id, position);
    """,
)


class NewerSchemaError(Exception):
    """The file was written by a newer release; touching it could lose what that one added."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date, each step in a transaction of its own."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(STEPS):
        raise NewerSchemaError(f"schema {version}, known up to {len(STEPS)}")
    for number, step in enumerate(STEPS[version:], start=version + 1):
        connection.executescript(f"BEGIN; {step} PRAGMA user_version = {number}; COMMIT;")
