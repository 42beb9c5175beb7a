"""The chat database's schema, step by step; step n leads from version n - 1 to n.

A step is statements separated by semicolons, none of which may hold one itself, or a function.
Steps are run without foreign keys: with them, a table that is made anew empties those below it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import msgspec

_DIED = "engine died: it "
_FAILED = "ended by an error: "

Step = str | Callable[[sqlite3.Connection], None]


def _revise_replies(connection: sqlite3.Connection) -> None:
    """Take the rounds out of each reply's record, as one piece, and say how it ended as a value.

    A damaged record stays as it is.
    """
    numbers = connection.execute("SELECT number FROM messages WHERE reply IS NOT NULL").fetchall()
    for (number,) in numbers:  # one at a time: a reply may have a megabyte, a file thousands
        row = "SELECT id, reply FROM messages WHERE number = ?"
        message_id, reply = connection.execute(row, (number,)).fetchone()
        try:
            record = msgspec.json.decode(reply, type=dict[str, msgspec.Raw])
            rounds = record.pop("rounds", msgspec.Raw(b"[]"))
            count = len(msgspec.json.decode(rounds, type=list[msgspec.Raw]))
            finish = msgspec.json.decode(record.get("finish", b'""'), type=str)
        except msgspec.DecodeError:
            continue
        record["finish"] = msgspec.Raw(msgspec.json.encode(_finish(finish)))
        if count:
            connection.execute(
                "INSERT INTO pieces (message_id, first, count, rounds) VALUES (?, 0, ?, ?)",
                (message_id, count, bytes(rounds).decode()),
            )
        connection.execute(
            "UPDATE messages SET reply = ?, merged = ? WHERE number = ?",
            (msgspec.json.encode(record).decode(), count, number),
        )


def _finish(sentence: str) -> object:
    """Return the value that a word of the engine or a sentence of the window stood for."""
    if sentence == "stop":
        return "finished"
    if sentence in {"length", "cancelled"}:
        return sentence
    if sentence.startswith("interrupted: "):
        return "interrupted"
    if sentence.startswith(_DIED):
        return {"type": "died", "text": sentence.removeprefix(_DIED)}
    return {"type": "failed", "text": sentence.removeprefix(_FAILED)}


STEPS: tuple[Step, ...] = (
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
    CREATE INDEX messages_of_chat ON messages (chat_id, position)
    """,
    # `number` is the order of writing, and the search index's key: declared, or VACUUM would
    # renumber it. A reply is long and comes last, so that whoever wants another column does not
    # have to read over it.
    """
    ALTER TABLE chats ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE chats ADD COLUMN tip TEXT;
    ALTER TABLE chats ADD COLUMN draft TEXT NOT NULL DEFAULT '';
    ALTER TABLE chats ADD COLUMN deleted REAL;
    CREATE TABLE tree (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        chat_id TEXT NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        parent TEXT,
        role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
        created REAL NOT NULL,
        deleted REAL,
        indexed INTEGER NOT NULL DEFAULT 0,
        text TEXT NOT NULL,
        thought TEXT NOT NULL,
        thought_seconds REAL,
        attachments TEXT NOT NULL DEFAULT '[]',
        reply TEXT
    );
    INSERT INTO tree (id, chat_id, parent, role, created, text, thought, thought_seconds, reply)
        SELECT id, chat_id, lag(id) OVER (PARTITION BY chat_id ORDER BY position, rowid),
            role, created, text, thought, thought_seconds, reply
        FROM messages ORDER BY chat_id, position, rowid;
    DROP TABLE messages;
    ALTER TABLE tree RENAME TO messages;
    CREATE INDEX messages_of_chat ON messages (chat_id);
    CREATE INDEX messages_to_index ON messages (number) WHERE NOT indexed;
    CREATE INDEX deleted_messages ON messages (deleted) WHERE deleted IS NOT NULL
    """,
    # Apart from the chat, whose row is written each second: these are up to a megabyte each.
    """
    CREATE TABLE draft_files (
        chat_id TEXT PRIMARY KEY REFERENCES chats(id) ON DELETE CASCADE,
        files TEXT NOT NULL
    )
    """,
    # The index alone tells what was written since: no row is read for that.
    """
    ALTER TABLE messages ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX revisions_of_chat ON messages (chat_id, revision)
    """,
    # A title that a chat does not have is NULL. A reply's rounds are appended while it is written:
    # `first` is the index of a piece's first round in the reply, `text` and `thought` what the
    # piece adds to the message's own. The message holds the text of its first `merged` rounds.
    """
    CREATE TABLE pieces (
        message_id TEXT NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
        first INTEGER NOT NULL,
        count INTEGER NOT NULL,
        text TEXT NOT NULL DEFAULT '',
        thought TEXT NOT NULL DEFAULT '',
        thought_seconds REAL,
        rounds TEXT NOT NULL,
        PRIMARY KEY (message_id, first)
    );
    ALTER TABLE messages ADD COLUMN merged INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE chats ADD COLUMN name TEXT;
    UPDATE chats SET name = nullif(title, 'New chat');
    ALTER TABLE chats DROP COLUMN title;
    ALTER TABLE chats RENAME COLUMN name TO title
    """,
    _revise_replies,
)


class NewerSchemaError(Exception):
    """The file was written by a newer release; touching it could lose what that one added."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date, each step in a transaction of its own."""
    version = _version(connection)
    if version > len(STEPS):
        raise NewerSchemaError(f"schema {version}, known up to {len(STEPS)}")
    for number in range(version + 1, len(STEPS) + 1):
        _step_to(connection, number)


def _step_to(connection: sqlite3.Connection, number: int) -> None:
    """Another process may be about the same: the version counts once the file is locked."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        if _version(connection) < number:
            step = STEPS[number - 1]
            if isinstance(step, str):
                for statement in step.split(";"):
                    connection.execute(statement)
            else:
                step(connection)
            connection.execute(f"PRAGMA user_version = {number}")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
