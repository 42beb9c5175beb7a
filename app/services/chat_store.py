"""Chats in one SQLite file, which several windows may have open.

No write undoes another window's: titles and pins have methods of their own, and of the rest only
what this window changed is written. Nothing deleted is gone at once; it can be restored for
30 days. A file that cannot be opened or that fails its integrity check is set aside, never
overwritten, and `notice` says so.

Each write of a whole message takes the next number of its chat, its revision, so that other
windows find what is new. A reply that is still being written has none yet.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from app import strings
from app.domain.conversation import Chat, ChatMessage, ChatSummary, ReplyPiece
from app.domain.tree import Changes, newest_tip
from app.services import search_index
from app.services.chat_rows import (
    as_json,
    merge_pieces,
    put_message,
    put_piece,
    read_attachments,
    read_messages,
    read_settings,
)
from app.services.database import connect, set_aside, transaction
from app.services.migrations import NewerSchemaError
from app.services.search_index import SearchIndex

KEPT_S = 30 * 24 * 3600.0
"""How long what was deleted can be restored."""

# A chat nothing was ever written in, or attached to, is not listed.
_LISTED = """
    SELECT id, title, pinned, updated FROM chats
    WHERE deleted IS NULL AND (
        title IS NOT NULL OR draft != ''
        OR EXISTS (SELECT 1 FROM messages WHERE chat_id = chats.id)
        OR EXISTS (SELECT 1 FROM draft_files WHERE chat_id = chats.id)
    )
    ORDER BY pinned DESC, updated DESC, rowid DESC
"""


class ChatStore:
    """Lives on one thread. Raises sqlite3.Error where the disk refuses."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        notice: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._known: dict[str, Chat] = {}  # chats as this window last loaded or saved them
        self._revisions: dict[str, int] = {}  # by chat, the newest that this window has
        self._index = SearchIndex(connection)
        self.notice = notice
        self._purge(before=clock() - KEPT_S)
        with transaction(connection):
            merge_pieces(connection)
        self._index.catch_up()
        self._version = self._data_version()

    def close(self) -> None:
        self._connection.close()

    def interrupt(self) -> None:
        """End the statement that is running; from any thread."""
        self._connection.interrupt()

    # Writing

    def save_chat(self, chat: Chat) -> None:
        """The chat itself, without its messages: settings, tip, draft where they changed here.

        Title and pin are written with a new chat; later by `rename` and `pin` alone, so that an
        old value is never written back. A chat without a title takes the first one it is given.
        """
        known = self._known.get(chat.id)
        row = {
            "id": chat.id,
            "title": chat.title,
            "created": chat.created,
            "pinned": chat.pinned,
            "settings": as_json(chat.settings),
            "tip": chat.tip,
            "draft": chat.draft,
            "set": known is None or known.settings != chat.settings,
            "moved": known is None or known.tip != chat.tip,
            "typed": known is None or known.draft != chat.draft,
        }
        attached = () if known is None else known.draft_files
        with transaction(self._connection):
            self._connection.execute(
                "INSERT INTO chats (id, title, created, updated, settings, pinned, tip, draft)"
                " VALUES (:id, :title, :created, :created, :settings, :pinned, :tip, :draft)"
                " ON CONFLICT (id) DO UPDATE SET"
                " title = coalesce(title, excluded.title),"
                " settings = iif(:set, excluded.settings, settings),"
                " tip = iif(:moved, excluded.tip, tip),"
                " draft = iif(:typed, excluded.draft, draft)",
                row,
            )
            if attached != chat.draft_files:
                self._put_draft_files(chat)
        self._known[chat.id] = msgspec.structs.replace(chat, messages=())

    def save_message(self, chat_id: str, message: ChatMessage, *, ended: bool = True) -> None:
        """By its id; saved again it keeps its place. Needs its chat, which it brings back to life.

        `ended` is False where a reply begins to be written: it is not indexed yet, and another
        window would take it for one that was interrupted.
        """
        with self._revising(chat_id) as revision:
            put_message(self._connection, chat_id, message, revision if ended else 0)
            if ended:
                self._index.add(message.id)
                self._connection.execute(
                    "UPDATE chats SET updated = ?, deleted = NULL WHERE id = ?",
                    (self._clock(), chat_id),
                )

    def append(self, message_id: str, piece: ReplyPiece) -> None:
        """Add to a message that was saved before and has not ended."""
        with transaction(self._connection):
            put_piece(self._connection, message_id, piece)

    def rename(self, chat_id: str, title: str) -> None:
        self._set_chat(chat_id, "title", title)

    def pin(self, chat_id: str, *, pinned: bool) -> None:
        self._set_chat(chat_id, "pinned", pinned)

    def delete_chat(self, chat_id: str) -> None:
        self._set_chat(chat_id, "deleted", self._clock())

    def restore_chat(self, chat_id: str) -> None:
        self._set_chat(chat_id, "deleted", None)

    def delete_messages(self, chat_id: str, ids: Sequence[str]) -> None:
        self._set_deleted(chat_id, ids, self._clock())

    def restore_messages(self, chat_id: str, ids: Sequence[str]) -> None:
        self._set_deleted(chat_id, ids, None)

    # Reading

    def load(self, chat_id: str) -> Chat | None:
        """Return the chat with its undeleted messages of all branches, in the order of writing."""
        row = self._connection.execute(
            "SELECT id, title, created, settings, pinned, tip, draft, coalesce(files, '[]')"
            " FROM chats LEFT JOIN draft_files ON chat_id = id WHERE id = ? AND deleted IS NULL",
            (chat_id,),
        ).fetchone()
        if row is None:
            return None
        self._revisions[chat_id] = self._newest(chat_id)
        living = "chat_id = ? AND deleted IS NULL"
        messages = read_messages(self._connection, living, chat_id)
        id_, title, created, settings, pinned, tip, draft, files = row
        there = any(message.id == tip for message in messages)
        chat = Chat(
            id=id_,
            title=title,
            created=created,
            messages=messages,
            tip=tip if there else newest_tip(messages),
            pinned=bool(pinned),
            draft=draft,
            draft_files=read_attachments(files),
            settings=read_settings(settings),
        )
        self._known[id_] = msgspec.structs.replace(chat, messages=())
        return chat

    def chats(self, query: str = "") -> tuple[ChatSummary, ...]:
        """Pinned ones first, then by their last message; of a search, what holds all its words."""
        rows = self._connection.execute(_LISTED)
        every = [ChatSummary(id=i, title=t, pinned=bool(p), updated=u) for i, t, p, u in rows]
        wanted = search_index.words(query)
        if not wanted:
            return tuple(every)
        texts = self._index.matches(wanted)
        return tuple(
            msgspec.structs.replace(chat, snippet=search_index.snippet(texts[chat.id], wanted))
            if chat.id in texts
            else chat
            for chat in every
            if chat.id in texts or search_index.holds(chat.title or "", wanted)
        )

    def last_chat(self) -> str | None:
        """The id of the chat written to last."""
        last = max(self.chats(), key=lambda chat: chat.updated, default=None)
        return None if last is None else last.id

    def changed_elsewhere(self) -> bool:
        """Whether another window has written since this was last asked."""
        before, self._version = self._version, self._data_version()
        return self._version != before

    def changes(self, chat_id: str) -> Changes | None:
        """Return what was written since the chat was loaded, or this was last asked; or None.

        What this window has written itself is no news to it.
        """
        seen, newest = self._revisions.get(chat_id, 0), self._newest(chat_id)
        if newest == seen:
            return None
        news = "chat_id = ? AND revision > ? AND deleted IS"
        deleted = self._connection.execute(
            f"SELECT id FROM messages WHERE {news} NOT NULL",  # noqa: S608  (our own words)
            (chat_id, seen),
        )
        order = self._connection.execute(
            "SELECT id FROM messages WHERE chat_id = ? AND deleted IS NULL ORDER BY number",
            (chat_id,),
        )
        changes = Changes(
            written=read_messages(self._connection, f"{news} NULL", chat_id, seen),
            deleted=frozenset(id_ for (id_,) in deleted),
            order=tuple(id_ for (id_,) in order),
        )
        self._revisions[chat_id] = newest
        return changes

    # How it is done

    @contextmanager
    def _revising(self, chat_id: str) -> Iterator[int]:
        """A transaction on messages of this chat, and the revision they take."""
        with transaction(self._connection):
            before = self._newest(chat_id)
            yield before + 1
            newest = self._newest(chat_id)
        if before == self._revisions.get(chat_id, 0):
            self._revisions[chat_id] = newest

    def _newest(self, chat_id: str) -> int:
        """The index alone answers: no row is read for it."""
        newest: int = self._connection.execute(
            "SELECT coalesce(max(revision), 0) FROM messages WHERE chat_id = ?", (chat_id,)
        ).fetchone()[0]
        return newest

    def _purge(self, *, before: float) -> None:
        """Remove for good what was deleted before that time, in seconds since the epoch."""
        gone = (
            "SELECT number FROM messages WHERE deleted < :before"
            " OR chat_id IN (SELECT id FROM chats WHERE deleted < :before)"
        )
        with transaction(self._connection):
            rows = self._connection.execute(gone, {"before": before}).fetchall()
            self._index.remove([number for (number,) in rows])
            self._connection.executemany("DELETE FROM messages WHERE number = ?", rows)
            self._connection.execute("DELETE FROM chats WHERE deleted < ?", (before,))

    def _put_draft_files(self, chat: Chat) -> None:
        """Part of the caller's transaction."""
        self._connection.execute("DELETE FROM draft_files WHERE chat_id = ?", (chat.id,))
        if chat.draft_files:
            self._connection.execute(
                "INSERT INTO draft_files (chat_id, files) VALUES (?, ?)",
                (chat.id, as_json(chat.draft_files)),
            )

    def _data_version(self) -> int:
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _set_deleted(self, chat_id: str, ids: Sequence[str], when: float | None) -> None:
        with self._revising(chat_id) as revision:
            self._connection.executemany(
                "UPDATE messages SET deleted = ?, revision = ? WHERE chat_id = ? AND id = ?",
                [(when, revision, chat_id, id_) for id_ in ids],
            )

    def _set_chat(self, chat_id: str, column: str, value: str | float | None) -> None:
        with transaction(self._connection):
            self._connection.execute(
                f"UPDATE chats SET {column} = ? WHERE id = ?",  # noqa: S608  (our own words)
                (value, chat_id),
            )


def open_store(
    path: Path | None, clock: Callable[[], float] = time.time, *, alone: bool = True
) -> ChatStore:
    """None: for a session whose data folder cannot be used. Raises OSError or sqlite3.Error.

    Not `alone`, a file that cannot be opened is left where it is: another window may be using it.
    """
    if path is None:
        return ChatStore(connect(":memory:"), clock=clock)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _opened(path, "", clock)
    except sqlite3.OperationalError:  # locked, read-only, no room: the file itself is sound
        raise
    except (sqlite3.DatabaseError, NewerSchemaError) as error:
        if not alone:
            raise sqlite3.OperationalError(str(error)) from error
        kept = set_aside(path)
        notice = strings.CHATS_SET_ASIDE.format(reason=error, name=kept.name)
        return _opened(path, notice, clock)


def _opened(path: Path, notice: str, clock: Callable[[], float]) -> ChatStore:
    connection = connect(path)
    try:
        return ChatStore(connection, notice, clock)
    except BaseException:
        connection.close()
        raise
