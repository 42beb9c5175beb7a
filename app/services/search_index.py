"""Full-text search over messages: FTS5 by trigrams, so that parts of words and CJK are found.

A search is words; a text matches if it holds all of them, whole or as parts of words, in any order.
Capitals do not matter, and no character has a meaning of its own.

The index can always be made anew from the messages; a message it lacks is marked
`NOT indexed`. Where this SQLite has no FTS5 or no trigrams, and for words shorter than a
trigram, the texts themselves are searched: slower, and with the same result.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from app.domain.conversation import ChatSummary

_BEFORE = 14
_AFTER = 106


def words(query: str) -> tuple[str, ...]:
    """Without what no text can hold: half of a surrogate pair, a zero."""
    text = query.encode("utf-8", "ignore").decode().replace("\0", " ")
    return tuple(dict.fromkeys(text.split()))


def holds(text: str, wanted: tuple[str, ...]) -> bool:
    folded = text.casefold()
    return all(word.casefold() in folded for word in wanted)


def snippet(text: str, wanted: tuple[str, ...]) -> str:
    """One line around the first of the words that is found."""
    folded = text.casefold()
    places = [place for word in wanted if (place := folded.find(word.casefold())) >= 0]
    start = max(0, min(places, default=0) - _BEFORE)
    end = start + _BEFORE + _AFTER
    line = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{line}{'…' if end < len(text) else ''}"


_TRIGRAM = 3
BATCH = 200  # messages a transaction: another process waits for no more than these


@dataclass(frozen=True, slots=True)
class FoundMessage:
    message: str  # its id
    text: str

    def put_on(self, chat: ChatSummary, wanted: tuple[str, ...]) -> ChatSummary:
        """Return the chat with the line that a search found in it."""
        found = snippet(self.text, wanted)
        return msgspec.structs.replace(chat, snippet=found, hit=self.message)


class SearchIndex:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.usable = make_table(connection)

    @staticmethod
    def drop(connection: sqlite3.Connection) -> None:
        """Have it made anew at the next open; nothing happens where there is none."""
        made = "SELECT 1 FROM sqlite_master WHERE name = 'found'"
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            if connection.execute(made).fetchone() is not None:
                connection.execute("DROP TABLE found")
                connection.execute("UPDATE messages SET indexed = 0")

    def add(self, message_id: str) -> None:
        """Bring in a message as it stands. Part of the caller's transaction."""
        if self.usable:
            number, text = self._connection.execute(
                "SELECT number, text FROM messages WHERE id = ?", (message_id,)
            ).fetchone()
            self._put(number, text)

    def bypassed(self, write: Callable[[], None]) -> None:
        """Run a transaction; where it fails, again without the index, which may be at fault.

        No message is lost for a damaged index: that one is dropped, and made anew at the next open.
        """
        try:
            write()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) or not self.usable:
                raise
            self.usable = False
            try:
                write()
            except sqlite3.Error:
                self.usable = True
                raise
            with suppress(sqlite3.Error):
                self.drop(self._connection)

    def catch_up(self) -> None:
        """Bring in what a killed or an older program left out."""
        while self.usable and self._catch_up_a_little():
            pass

    def remove(self, numbers: Sequence[int]) -> None:
        """Part of the caller's transaction."""
        if self.usable:
            rows = [(number,) for number in numbers]
            self._connection.executemany("DELETE FROM found WHERE rowid = ?", rows)

    def matches(self, words: Sequence[str]) -> dict[str, FoundMessage]:
        """By chat, its newest living message that holds all the words."""
        try:
            return self._matches(words)
        except sqlite3.DatabaseError as error:
            if not self.usable or isinstance(error, sqlite3.OperationalError):
                raise
            self.usable = False
            return self._matches(words)

    def _matches(self, words: Sequence[str]) -> dict[str, FoundMessage]:
        condition, values = _condition(words, indexed=self.usable)
        rows = self._connection.execute(
            "SELECT chat_id, id, text, max(number) FROM messages"  # noqa: S608  (words are bound)
            f" WHERE {condition} AND deleted IS NULL GROUP BY chat_id",
            values,
        )
        return {
            str(chat_id): FoundMessage(str(id_), str(text)) for chat_id, id_, text, _number in rows
        }

    def _catch_up_a_little(self) -> bool:
        left = "SELECT 1 FROM messages WHERE NOT indexed LIMIT 1"
        if self._connection.execute(left).fetchone() is None:
            return False  # without waiting for a lock
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            rows = self._connection.execute(
                "SELECT number, text FROM messages WHERE NOT indexed LIMIT ?", (BATCH,)
            ).fetchall()
            for number, text in rows:
                self._put(number, text)
        return bool(rows)

    def _put(self, number: int, text: str) -> None:
        self._connection.execute("DELETE FROM found WHERE rowid = ?", (number,))
        self._connection.execute("INSERT INTO found (rowid, text) VALUES (?, ?)", (number, text))
        self._connection.execute("UPDATE messages SET indexed = 1 WHERE number = ?", (number,))


def make_table(connection: sqlite3.Connection) -> bool:
    """Make the table where there is none. Return False where this SQLite lacks what it needs."""
    try:
        connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS found USING fts5 (text, tokenize = 'trigram')"
        )
        connection.execute("SELECT rowid FROM found LIMIT 0")
    except sqlite3.OperationalError as error:
        if str(error).startswith("no such"):  # module or tokenizer; else it is locked, or full
            return False
        raise
    return True


def _condition(words: Sequence[str], *, indexed: bool) -> tuple[str, list[str]]:
    """An SQL condition on a message, and what is bound in it."""
    long = [word for word in words if indexed and len(word) >= _TRIGRAM]
    parts: list[str] = []
    values: list[str] = []
    if long:
        parts.append("number IN (SELECT rowid FROM found WHERE found MATCH ?)")
        values.append(" AND ".join('"' + word.replace('"', '""') + '"' for word in long))
    for word in words:
        if word not in long:
            patterns = _patterns(word)
            parts.append("(" + " OR ".join(["text LIKE ? ESCAPE '\\'"] * len(patterns)) + ")")
            values.extend(patterns)
    return " AND ".join(parts), values


def _patterns(word: str) -> list[str]:
    """LIKE knows only the capitals of ASCII."""
    forms = {word} if word.isascii() else {word, word.lower(), word.upper(), word.title()}
    return [f"%{_escaped(form)}%" for form in sorted(forms)]


def _escaped(word: str) -> str:
    return word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
