"""The chat database's schema, step by step; step n leads from version n - 1 to n.

A step is statements separated by semicolons, none of which may hold one itself, or a function. It
changes a table, so that the tables tell a newer release's file from one whose number is damaged.
Steps are run without foreign keys: with them, a table that is made anew empties those below it.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import lru_cache

import msgspec

from app.domain.tree import mended

_DIED = "engine died: it "
_FAILED = "ended by an error: "
_ABSURD = 200  # no release will ever have as many steps
_BLANKS = re.compile(r'["\s]+')  # which SQLite's own changes add and remove

Step = str | Callable[[sqlite3.Connection], int]
"""A function returns how many messages it had to give another parent."""


def _revise_replies(connection: sqlite3.Connection) -> int:
    """Take the rounds out of each reply's record, as one piece, and say how it ended as a value.

    A damaged record stays as it is, and so does one that has been through this already.
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
        if not count and _finish(finish) == finish:
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
    return 0


def _finish(sentence: str) -> object:
    """Return the value that a word of the engine or a sentence of the window stood for."""
    if sentence == "stop":
        return "finished"
    if sentence in {"finished", "length", "cancelled", "interrupted"}:
        return sentence
    if sentence.startswith("interrupted: "):
        return "interrupted"
    if sentence.startswith(_DIED):
        return {"type": "died", "text": sentence.removeprefix(_DIED)}
    return {"type": "failed", "text": sentence.removeprefix(_FAILED)}


def _link_messages(connection: sqlite3.Connection) -> int:
    """Have SQLite see to it that what a message follows is in the file.

    The table `unreadable` takes damaged values before anything is written over them.

    An earlier release may have lost a message and kept what followed it, which now follows what
    was written before.
    """
    lost = reattach(connection)
    for statement in _LINKED.split(";"):
        connection.execute(statement)
    return lost


def reattach(connection: sqlite3.Connection) -> int:
    """Give messages that have lost what they followed another parent; return how many these are.

    What is not deleted follows what is not either. Part of the caller's transaction.
    """
    return sum(_reattach(connection, which) for which in ("deleted IS NULL", "1"))


def _reattach(connection: sqlite3.Connection, which: str) -> int:
    lost = f"{which} AND parent NOT IN (SELECT id FROM messages)"  # noqa: S608  (our own words)
    chats = connection.execute(f"SELECT DISTINCT chat_id FROM messages WHERE {lost}").fetchall()  # noqa: S608
    count = 0
    for (chat_id,) in chats:
        numbers = connection.execute(
            f"SELECT number, id FROM messages WHERE chat_id = ? AND {lost}",  # noqa: S608
            (chat_id,),
        ).fetchall()
        rows = connection.execute(
            f"SELECT id, parent FROM messages WHERE chat_id = ? AND {which} ORDER BY number",  # noqa: S608
            (chat_id,),
        )
        new = mended(dict(rows.fetchall()))
        connection.executemany(
            "UPDATE messages SET parent = ? WHERE number = ?",
            [(new[id_], number) for number, id_ in numbers],
        )
        count += len(numbers)
    return count


_LINKED = """
    CREATE TABLE tree (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        chat_id TEXT NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        parent TEXT REFERENCES messages(id) DEFERRABLE INITIALLY DEFERRED,
        role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
        created REAL NOT NULL,
        deleted REAL,
        indexed INTEGER NOT NULL DEFAULT 0,
        revision INTEGER NOT NULL DEFAULT 0,
        merged INTEGER NOT NULL DEFAULT 0,
        text TEXT NOT NULL,
        thought TEXT NOT NULL,
        thought_seconds REAL,
        attachments TEXT NOT NULL DEFAULT '[]',
        reply TEXT
    );
    INSERT INTO tree (number, id, chat_id, parent, role, created, deleted, indexed, revision,
            merged, text, thought, thought_seconds, attachments, reply)
        SELECT number, id, chat_id, parent, iif(role = 'user', 'user', 'assistant'),
            coalesce(created, 0.0), deleted, coalesce(indexed, 0), coalesce(revision, 0),
            coalesce(merged, 0), coalesce(text, ''), coalesce(thought, ''), thought_seconds,
            coalesce(attachments, '[]'), reply
        FROM messages ORDER BY number;
    DROP TABLE messages;
    ALTER TABLE tree RENAME TO messages;
    CREATE INDEX messages_of_chat ON messages (chat_id);
    CREATE INDEX messages_to_index ON messages (number) WHERE NOT indexed;
    CREATE INDEX deleted_messages ON messages (deleted) WHERE deleted IS NOT NULL;
    CREATE INDEX revisions_of_chat ON messages (chat_id, revision);
    CREATE INDEX children ON messages (parent) WHERE parent IS NOT NULL;
    CREATE TABLE unreadable (of TEXT, id TEXT, name TEXT, value)
"""


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
    _link_messages,
    # `unread`: a reply has ended that nobody has seen. Messages before `sent_from` are not sent.
    """
    ALTER TABLE chats ADD COLUMN unread INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE chats ADD COLUMN sent_from TEXT
    """,
)


class NewerSchemaError(sqlite3.OperationalError):
    """The file was written by a newer release; touching it could lose what that one added."""


def refuse_newer(connection: sqlite3.Connection) -> None:
    """Raise NewerSchemaError."""
    version = schema(connection)
    if len(STEPS) < version < _ABSURD and not _same_tables(connection):
        raise NewerSchemaError(f"schema {version}, known up to {len(STEPS)}")


def migrate(connection: sqlite3.Connection) -> int:
    """Bring the schema up to date, each step in a transaction of its own.

    Returns how many messages had lost what they followed, and follow another one now.
    """
    refuse_newer(connection)
    version = schema(connection)
    return sum(_step_to(connection, number) for number in range(version + 1, len(STEPS) + 1))


def is_as_made(connection: sqlite3.Connection) -> bool:
    """Return whether the file has the schema of its number; False for a number that is absurd.

    The number is one field of 32 bits that no checksum guards, the tables say the same again: where
    both differ, one of them is damaged. A newer release is believed where its tables are none that
    any release up to this one has made, and so each step from this one's on changes a table.
    """
    version = schema(connection)
    if len(STEPS) < version < _ABSURD:
        return not _same_tables(connection)
    return 0 <= version < _ABSURD and _alike(statements(connection), made_by(version))


def number_anew(connection: sqlite3.Connection) -> None:
    """Give the file the number that its tables have; of several the one with the fewest other bits.

    Nothing happens where no release up to this one has made such tables.
    """
    version = schema(connection) % 2**32
    numbers = _same_tables(connection)
    if numbers:
        right = min(numbers, key=lambda number: (number ^ version).bit_count())
        connection.execute(f"PRAGMA user_version = {right}")


def _same_tables(connection: sqlite3.Connection) -> list[int]:
    """Return the steps after which a file has the tables of this one."""
    present = statements(connection)
    return [number for number in range(len(STEPS) + 1) if _alike(present, made_by(number))]


@lru_cache
def made_by(steps: int) -> dict[str, str]:
    """Return the statements of a file that these steps have made."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        for number in range(1, steps + 1):
            _step_to(fresh, number)
        return statements(fresh)


def statements(connection: sqlite3.Connection) -> dict[str, str]:
    """Return how everything but the search index was made, by name."""
    made = connection.execute(
        "SELECT name, sql FROM sqlite_master"
        " WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'found%' AND name NOT LIKE 'sqlite%'"
    )
    return {str(name): str(sql) for name, sql in made}


def _alike(first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Whether two files were made the same way, but for quotes and spaces of SQLite's own."""
    blank = [{name: _BLANKS.sub("", sql) for name, sql in one.items()} for one in (first, second)]
    return blank[0] == blank[1]


def _step_to(connection: sqlite3.Connection, number: int) -> int:
    """Another process may be about the same: the version counts once the file is locked."""
    reattached = 0
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        if schema(connection) < number:
            step = STEPS[number - 1]
            if isinstance(step, str):
                for statement in step.split(";"):
                    connection.execute(statement)
            else:
                reattached = step(connection)
            connection.execute(f"PRAGMA user_version = {number}")
    return reattached


def schema(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
