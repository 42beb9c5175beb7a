"""The values of one row, which may be damaged: each that cannot be read costs itself only.

It is read as if it were missing, and flagged in the connection, so that it can be counted and is
not written over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from app.domain.continued import recounted
from app.domain.conversation import Attachment, ReplyRecord, Role, RoundRecord
from app.domain.settings import ReplySettings
from app.services.database import Connection
from app.services.readable import UNREADABLE, readable, readable_items

LATEST = 253402300799.0  # the end of the year 9999; dates go no further
MOST_ROUNDS = 10**9
_NOWHERE = "?"  # in place of a parent that cannot be read; no message has this id

_ROUNDS = msgspec.json.Decoder(tuple[RoundRecord, ...])

Table = Literal["chats", "messages", "draft_files"]


class Piece(NamedTuple):
    first: int
    text: str
    thought: str
    thought_seconds: float | None
    rounds: tuple[RoundRecord, ...] | None  # None: they cannot be read


class Row:
    """Reads the values of one row; those that it cannot read are flagged in the connection."""

    def __init__(self, connection: Connection, table: Table, id_: str) -> None:
        self._connection = connection
        self._key = (table, id_)

    def flag(self, column: str) -> None:
        self._connection.unreadable += 1
        self._connection.flagged.setdefault(self._key, set()).add(column)

    def text(self, column: str, value: object) -> str:
        """Bytes that are no text are read as far as they can be."""
        if isinstance(value, str):
            if value in self._connection.replaced:
                self.flag(column)
            return value
        self.flag(column)
        return value.decode(errors="replace") if isinstance(value, bytes) else ""

    def number(self, column: str, value: object, most: float = LATEST) -> float:
        if isinstance(value, int | float) and 0 <= value <= most:
            return value
        self.flag(column)
        return 0

    def seconds(self, column: str, value: object) -> float | None:
        return None if value is None else self.number(column, value)

    def settings(self, value: object) -> ReplySettings:
        read = readable(self._json("settings", value), ReplySettings)
        if read.lost:
            self.flag("settings")
        return read.value

    def attachments(self, column: str, value: object) -> tuple[Attachment, ...]:
        read = readable_items(self._json(column, value), Attachment)
        if read.lost:
            self.flag(column)
        return read.value

    def parent(self, value: object) -> str | None:
        if value is None or (isinstance(value, str) and value not in self._connection.replaced):
            return value
        self.flag("parent")
        return _NOWHERE

    def role(self, value: object, reply: object) -> Role:
        if value in {"user", "assistant"}:
            return "user" if value == "user" else "assistant"
        self.flag("role")
        return "user" if reply is None else "assistant"

    def reply(self, value: object, pieces: Sequence[Piece]) -> ReplyRecord | None:
        """A record this release cannot read costs the message its numbers, not its text."""
        if value is None:
            return None
        try:
            record = msgspec.json.decode(self._json("reply", value), type=ReplyRecord)
        except UNREADABLE:
            record = None
        if record is None or any(piece.rounds is None for piece in pieces):
            self.flag("reply")
            return None
        rounds = tuple(one for piece in pieces for one in piece.rounds or ())
        return recounted(msgspec.structs.replace(record, rounds=rounds))

    def piece(
        self, first: object, text: object, thought: object, seconds: object, rounds: object
    ) -> Piece:
        return Piece(
            first=int(self.number("reply", first, MOST_ROUNDS)),
            text=self.text("text", text),
            thought=self.text("thought", thought),
            thought_seconds=self.seconds("thought_seconds", seconds),
            rounds=_rounds(rounds),
        )

    def _json(self, column: str, value: object) -> bytes:
        return self.text(column, value).encode()


def _rounds(value: object) -> tuple[RoundRecord, ...] | None:
    try:
        return _ROUNDS.decode(value) if isinstance(value, str) else None
    except UNREADABLE:
        return None
