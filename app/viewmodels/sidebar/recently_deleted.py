"""What was deleted within the last 30 days: listed, and restored to where it was."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec
from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.conversation import Chat
from app.domain.tree import newest_tip
from app.render.plain import first_words
from app.services.chat_store import KEPT_S
from app.services.data_folder import DataFolder
from app.services.recently_deleted import Deleted, deleted
from app.services.store_thread import StoreThread
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.history import Removed
from app.viewmodels.chat.saving import Saver
from app.viewmodels.common import format as fmt
from app.viewmodels.sidebar.chat_list import ChatListViewModel

_DAY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    title: str
    detail: str  # what it is, and how long it is kept


class RecentlyDeleted(QObject):
    changed = Signal()

    def __init__(
        self,
        store: StoreThread[DataFolder],
        saver: Saver,
        chat: ChatViewModel,
        chats: ChatListViewModel,
        clock: Callable[[], float] = time.time,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._saver = saver
        self._chat = chat
        self._chats = chats
        self._clock = clock
        self._deleted: tuple[Deleted, ...] = ()

    @property
    def rows(self) -> list[Row]:
        """The last deletion first."""
        return [self._row(one) for one in self._deleted]

    def refresh(self) -> None:
        answer = self._store.run(lambda folder: deleted(folder.chats.connection), self)
        answer.then(self._on_read).failed(self._on_unreadable)

    def restore(self, place: int) -> None:
        """Restore one of `rows` and open its chat where it is."""
        one = self._deleted[place]
        if one.ids:
            self._saver.restore_messages(one.chat_id, one.ids)
            answer = self._store.run(lambda folder: folder.chats.load(one.chat_id), self)
            answer.then(partial(self._on_restored, one)).failed(self._on_unreadable)
        else:
            self._saver.restore_chat(one.chat_id)
            self._chats.open(one.chat_id)
        self._chats.refresh()
        self.refresh()

    def _row(self, one: Deleted) -> Row:
        left = max(0, round((one.when + KEPT_S - self._clock()) / _DAY_S))
        count = fmt.count(one.messages)
        kept = strings.DELETED_KEPT_DAY if left == 1 else strings.DELETED_KEPT.format(days=left)
        if one.ids:
            title = first_words(one.first) or fmt.one_line(one.title)
            what = strings.DELETED_FROM if one.messages > 1 else strings.DELETED_ONE_FROM
            what = what.format(count=count, title=fmt.one_line(one.title))
        else:
            title = fmt.one_line(one.title)
            what = strings.DELETED_CHAT.format(count=count)
        return Row(title=title, detail=strings.SEPARATOR.join((what, kept)))

    def _on_read(self, deleted: tuple[Deleted, ...]) -> None:
        self._deleted = deleted
        self.changed.emit()

    def _on_restored(self, one: Deleted, chat: Chat | None) -> None:
        """Read the branch of what came back; a reply being written in the chat goes on."""
        if chat is None:
            return
        tip = newest_tip(chat.messages, one.ids[0])
        chat = msgspec.structs.replace(chat, tip=tip)
        written = self._chat.written
        if self._chat.chat.id == chat.id or (written is not None and written.id == chat.id):
            removed = Removed(chat=chat, ids=frozenset(one.ids), title=chat.title)
            self._chat.branches.restore(removed)
            self._chats.open(chat.id)
        else:
            self._chat.open(chat)

    def _on_unreadable(self, error: Exception) -> None:
        self._chats.trouble.emit(strings.CHATS_UNREADABLE.format(reason=error))
