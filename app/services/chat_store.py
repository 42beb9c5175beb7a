"""Chats in one SQLite file, which several windows may have open.

No write undoes another window's: titles and pins have methods of their own, and of the rest only
what this window changed is written. A message is written with all that it follows, or not at all.
Nothing deleted is gone at once; it can be restored for 30 days. A damaged file is kept, never
overwritten; what can be read of it is taken over, and `notice` says so.

Each write of a whole message takes the next number of its chat, its revision, so that other
windows find what is new. A reply that is still being written has none yet.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from app import strings
from app.domain.conversation import Chat, ChatMessage, ChatSummary, ReplyPiece
from app.domain.tree import Changes, newest_tip, whole
from app.services import search_index
from app.services.chat_rows import put_chat, put_message, put_piece, read_messages
from app.services.database import Connection, connect, is_unusable_now, transaction
from app.services.readable_row import Row
from app.services.recovery import mend
from app.services.search_index import SearchIndex
from app.services.tidying import tidy
from mtp_mlx.report.words import count as grouped

KEPT_S = 30 * 24 * 3600.0
"""How long what was deleted can be restored."""

# A chat nothing was ever written in, or attached to, is not listed.
_LISTED = """
    SELECT id, title, pinned, updated, unread FROM chats
    WHERE deleted IS NULL AND (
        title IS NOT NULL OR draft != ''
        OR EXISTS (SELECT 1 FROM messages WHERE chat_id = chats.id AND deleted IS NULL)
        OR EXISTS (SELECT 1 FROM draft_files WHERE chat_id = chats.id)
    )
    ORDER BY pinned DESC, updated DESC, rowid DESC
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A chat, None where it is gone, and how many of its values could not be read."""

    chat: Chat | None
    unreadable: int = 0


class ChatStore:
    """Lives on one thread. Raises sqlite3.Error where the disk refuses."""

    def __init__(
        self,
        connection: Connection,
        notice: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.connection = connection
        self._clock = clock
        self._known: dict[str, Chat] = {}  # chats as this window last loaded or saved them
        self._revisions: dict[str, int] = {}  # by chat, the newest that this window has
        self._index = SearchIndex(connection)
        self.notice = notice
        tidy(connection, self._index, before=clock() - KEPT_S)
        self._version = self._data_version()

    def close(self) -> None:
        self.connection.close()

    def interrupt(self) -> None:
        """End the statement that is running; from any thread."""
        self.connection.interrupt()

    # Writing

    def save_chat(self, chat: Chat) -> None:
        """The chat itself, without its messages: settings, tip, draft where they changed here.

        Title and pin are written with a new chat; later by `rename` and `pin` alone, so that an
        old value is never written back. A chat without a title takes the first one it is given.
        """
        with transaction(self.connection):
            put_chat(self.connection, chat, self._known.get(chat.id))
        self._known[chat.id] = msgspec.structs.replace(chat, messages=())

    def save(self, chat: Chat, message: ChatMessage, *, ended: bool = True) -> None:
        """Write the chat, the message, and those before it on its branch that the file lacks.

        In one transaction: what is in the file can be read from its begin on.
        """

        def write() -> None:
            with self._revising(chat.id) as revision:
                put_chat(self.connection, chat, self._known.get(chat.id))
                for lacking in self._lacking(chat, message):
                    self._put(chat.id, lacking, revision)
                self._put(chat.id, message, revision, ended=ended)

        self._index.bypassed(write)
        self._known[chat.id] = msgspec.structs.replace(chat, messages=())

    def save_message(self, chat_id: str, message: ChatMessage, *, ended: bool = True) -> None:
        """By its id; saved again it keeps its place. Needs its chat, which it brings back to life.

        `ended` is False where a reply begins to be written: it is not indexed yet, and another
        window would take it for one that was interrupted.
        """
        with self._revising(chat_id) as revision:
            self._put(chat_id, message, revision, ended=ended)

    def append(self, message_id: str, piece: ReplyPiece) -> None:
        """Add to a message that was saved before and has not ended."""
        with transaction(self.connection):
            put_piece(self.connection, message_id, piece)

    def rename(self, chat_id: str, title: str) -> None:
        self._set_chat(chat_id, "title", title)

    def retitle(self, chat_id: str, before: str | None, title: str | None) -> None:
        changed = "UPDATE chats SET title = ? WHERE id = ? AND title IS ?"
        with transaction(self.connection):
            self.connection.execute(changed, (title, chat_id, before))

    def pin(self, chat_id: str, *, pinned: bool) -> None:
        self._set_chat(chat_id, "pinned", pinned)

    def mark(self, chat_id: str, *, unread: bool) -> None:
        self._set_chat(chat_id, "unread", unread)

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
        return self.read(chat_id).chat

    def read(self, chat_id: str) -> Loaded:
        """As `load`, with what could not be read of it."""
        before = self.connection.unreadable
        chat = self._load(chat_id)
        return Loaded(chat, self.connection.unreadable - before)

    def _load(self, chat_id: str) -> Chat | None:
        row = self.connection.execute(
            "SELECT id, title, created, settings, pinned, tip, draft, sent_from,"
            " coalesce(files, '[]')"
            " FROM chats LEFT JOIN draft_files ON chat_id = id WHERE id = ? AND deleted IS NULL",
            (chat_id,),
        ).fetchone()
        if row is None:
            return None
        self._revisions[chat_id] = self._newest(chat_id)
        living = "chat_id = ? AND deleted IS NULL"
        messages = whole(read_messages(self.connection, living, chat_id))
        id_, title, created, settings, pinned, tip, draft, sent_from, files = row
        there = any(message.id == tip for message in messages)
        own = Row(self.connection, "chats", id_)
        chat = Chat(
            id=id_,
            title=None if title is None else own.text("title", title),
            created=own.number("created", created),
            messages=messages,
            tip=tip if there else newest_tip(messages),
            pinned=bool(pinned),
            draft=own.text("draft", draft),
            sent_from=None if sent_from is None else own.text("sent_from", sent_from),
            draft_files=Row(self.connection, "draft_files", id_).attachments("files", files),
            settings=own.settings(settings),
        )
        self._known[id_] = msgspec.structs.replace(chat, messages=())
        return chat

    def chats(self, query: str = "") -> tuple[ChatSummary, ...]:
        """Pinned ones first, then by their last message; of a search, what holds all its words."""
        rows = self.connection.execute(_LISTED)
        every = [self._summary(*row) for row in rows]
        wanted = search_index.words(query)
        if not wanted:
            return tuple(every)
        texts = self._index.matches(wanted)
        return tuple(
            texts[chat.id].put_on(chat, wanted) if chat.id in texts else chat
            for chat in every
            if chat.id in texts or search_index.holds(chat.title or "", wanted)
        )

    def unreadable(self) -> int:
        """Return how many values of the list of chats, and of what orders it, cannot be read."""
        self.chats()
        return self.connection.unreadable

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
        deleted = self.connection.execute(
            f"SELECT id FROM messages WHERE {news} NOT NULL",  # noqa: S608  (our own words)
            (chat_id, seen),
        )
        order = self.connection.execute(
            "SELECT id FROM messages WHERE chat_id = ? AND deleted IS NULL ORDER BY number",
            (chat_id,),
        )
        changes = Changes(
            written=read_messages(self.connection, f"{news} NULL", chat_id, seen),
            deleted=frozenset(id_ for (id_,) in deleted),
            order=tuple(id_ for (id_,) in order),
        )
        self._revisions[chat_id] = newest
        return changes

    # How it is done

    @contextmanager
    def _revising(self, chat_id: str) -> Iterator[int]:
        """A transaction on messages of this chat, and the revision they take."""
        with transaction(self.connection):
            before = self._newest(chat_id)
            yield before + 1
            newest = self._newest(chat_id)
        if before == self._revisions.get(chat_id, 0):
            self._revisions[chat_id] = newest

    def _newest(self, chat_id: str) -> int:
        """The index alone answers: no row is read for it."""
        newest: int = self.connection.execute(
            "SELECT coalesce(max(revision), 0) FROM messages WHERE chat_id = ?", (chat_id,)
        ).fetchone()[0]
        return newest

    def _summary(
        self, id_: str, title: object, pinned: object, updated: object, unread: object
    ) -> ChatSummary:
        row = Row(self.connection, "chats", id_)
        return ChatSummary(
            id=id_,
            title=None if title is None else row.text("title", title),
            pinned=bool(pinned),
            updated=row.number("updated", updated),
            unread=bool(unread),
        )

    def _put(
        self, chat_id: str, message: ChatMessage, revision: int, *, ended: bool = True
    ) -> None:
        """Part of the caller's transaction."""
        put_message(self.connection, chat_id, message, revision if ended else 0)
        if ended:
            self._index.add(message.id)
            self.connection.execute(
                "UPDATE chats SET updated = ?, deleted = NULL WHERE id = ?",
                (self._clock(), chat_id),
            )

    def _lacking(self, chat: Chat, message: ChatMessage) -> Sequence[ChatMessage]:
        """Return the messages above `message` that are not in the file, the first of them first."""
        by_id = {one.id: one for one in chat.messages}
        lacking: list[ChatMessage] = []
        above = by_id.pop(message.parent or "", None)
        while above is not None and not self._has(above.id):
            lacking.append(above)
            above = by_id.pop(above.parent or "", None)
        return lacking[::-1]

    def _has(self, message_id: str) -> bool:
        row = self.connection.execute("SELECT 1 FROM messages WHERE id = ?", (message_id,))
        return row.fetchone() is not None

    def _data_version(self) -> int:
        version: int = self.connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _set_deleted(self, chat_id: str, ids: Sequence[str], when: float | None) -> None:
        with self._revising(chat_id) as revision:
            self.connection.executemany(
                "UPDATE messages SET deleted = ?, revision = ? WHERE chat_id = ? AND id = ?",
                [(when, revision, chat_id, id_) for id_ in ids],
            )

    def _set_chat(self, chat_id: str, column: str, value: str | float | None) -> None:
        """Set a column; where it has the value already, other windows need not look again."""
        changed = f"UPDATE chats SET {column} = ?1 WHERE id = ?2 AND {column} IS NOT ?1"  # noqa: S608  (our own words)
        with transaction(self.connection):
            self.connection.execute(changed, (value, chat_id))


def open_store(
    path: Path, clock: Callable[[], float] = time.time, *, alone: bool = True
) -> ChatStore:
    """Raises OSError or sqlite3.OperationalError where the file cannot be used now.

    Not `alone`, a damaged file is left where it is: another window may be using it.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    notice = mend(path) if alone else ""
    try:
        return _opened(path, notice, clock, check=not alone)
    except sqlite3.DatabaseError as error:
        if is_unusable_now(error):
            raise
        if not alone:
            raise sqlite3.OperationalError(str(error)) from error
        return _opened(path, mend(path, str(error)), clock, check=False)


def _opened(path: Path, notice: str, clock: Callable[[], float], *, check: bool) -> ChatStore:
    connection = connect(path, check=check)
    try:
        if lost := connection.reattached:
            notice = f"{notice} {strings.MESSAGES_REATTACHED.format(count=grouped(lost))}".lstrip()
        return ChatStore(connection, notice, clock)
    except BaseException:
        connection.close()
        raise
