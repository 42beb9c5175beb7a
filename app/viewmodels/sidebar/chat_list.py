"""The list of chats: searching, opening, renaming, pinning, deleting and restoring them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal

from app import strings
from app.domain.conversation import ChatSummary
from app.domain.tree import Changes
from app.services.chat_store import Loaded
from app.services.data_folder import DataFolder
from app.services.search_index import words
from app.services.store_thread import StoreThread
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.saving import Saver
from app.viewmodels.common.undo import Undo
from app.viewmodels.sidebar.chat_list_model import ChatListModel, summary, with_unwritten
from mtp_mlx.report.words import count as grouped

SEARCH_MS = 150  # pause in typing after which the search begins
LOOK_MS = 2000  # between two looks for the changes of other windows


class ChatListViewModel(QObject):
    """Follows the changes of this window and, while it is in use, those of other windows.

    The list shows at once what is known here; the store's answer corrects it.
    """

    changed = Signal()  # the rows, or which of them is open
    chosen = Signal()  # the user chose a chat, which may be open already
    hit_opened = Signal(str, object)  # message id and the words searched for, a tuple
    trouble = Signal(str)
    unreadable = Signal(object)  # Exception: why the chats cannot be read
    read = Signal()  # they can

    def __init__(
        self,
        store: StoreThread[DataFolder],
        saver: Saver,
        chat: ChatViewModel,
        undo: Undo,
        parent: QObject | None = None,
        today: Callable[[], date] = date.today,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._saver = saver
        self._chat = chat
        self._undo = undo
        self._today = today
        self._day = today()
        self._wanted = ""
        self._query = ""
        self._editing = False
        self._opening: str | None = None  # the chat that the store is reading
        self._hit = ""  # the message to be shown in it
        self._listed: tuple[ChatSummary, ...] = ()  # the store's last answer, and chats it lacks
        self._whole: tuple[ChatSummary, ...] = ()  # the last that was listed without a search
        self._behind = False  # changes of another window in the open chat are still to be read
        self._news: list[Changes] = []  # changes of the open chat that wait for its reply's end
        self._debounce = QTimer(self, singleShot=True, interval=SEARCH_MS)
        self._debounce.timeout.connect(self.search_now)
        self._watch = QTimer(self, interval=LOOK_MS)
        self._watch.timeout.connect(self.look)
        self.rows = ChatListModel(self)
        self.rows.renamed.connect(self.rename)
        chat.opened.connect(self._on_opened)  # before the list is asked for, which it changes
        here = (chat.opened, chat.reply_started, chat.reply_ended, chat.branches.changed)
        for signal in (*here, chat.started_elsewhere, chat.ended_elsewhere, store.caught_up):
            signal.connect(self.refresh)
        self.refresh()

    @property
    def open_id(self) -> str:
        return self._chat.chat.id

    @property
    def searching(self) -> bool:
        return bool(self._query)

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the user searches for."""
        return words(self._query)

    @property
    def unseen(self) -> int:
        """Return in how many chats a reply has ended that nobody has seen."""
        return sum(self._marked(chat).mark == "unseen" for chat in self._whole)

    @property
    def empty_text(self) -> str:
        """Return what stands in place of an empty list; "" where there are rows."""
        if self.rows.rowCount():
            return ""
        return strings.NOTHING_FOUND.format(words=self._query) if self._query else strings.NO_CHATS

    def neighbour(self, step: int) -> str | None:
        """Return the id of the chat `step` rows below the open one; None past either end.

        An open chat that is not listed stands above the first.
        """
        ids = [chat.id for chat in self.rows.chats]
        start = self._opening or self.open_id
        at = step + (ids.index(start) if start in ids else -1)
        return ids[at] if 0 <= at < len(ids) else None

    # What is asked

    def search(self, query: str) -> None:
        """Search after a pause in typing; show the whole list at once for an empty query."""
        self._wanted = query.strip()
        if self._wanted:
            self._debounce.start()
        else:
            self.search_now()

    def search_now(self) -> None:
        """Search without waiting for the pause."""
        self._debounce.stop()
        if self._wanted != self._query:
            self._query = self._wanted
            self.refresh()

    def open_first(self) -> None:
        """Open the first chat that the typed search lists."""
        self.search_now()
        query = self._query
        if query:
            answer = self._store.run(lambda folder: folder.chats.chats(query), self)
            answer.then(self._on_first).failed(self._on_unreadable)

    def open(self, chat_id: str, hit: str | None = None) -> None:
        """Open a chat: at once if it is in memory, else when the store has read it.

        One that a search found is opened at `hit`, the message with the words; None: as it is
        listed.
        """
        self.chosen.emit()
        self._opening = None
        self._hit = self._hit_in(chat_id) if hit is None else hit
        written = self._chat.written
        if chat_id == self.open_id:
            self._show_hit()
            return
        if written is not None and chat_id == written.id:
            self._return()
            return
        unwritten = self._saver.unwritten(chat_id)
        if unwritten is not None:
            self._chat.open(unwritten)
            self._show_hit()
            return
        self._opening = chat_id
        answer = self._store.run(lambda folder: folder.chats.read(chat_id), self)
        answer.then(partial(self._on_loaded, chat_id)).failed(self._on_unreadable)

    def step(self, by: int) -> None:
        """Open the chat `by` rows below the open one, if there is one."""
        wanted = self.neighbour(by)
        if wanted is not None:
            self.open(wanted)

    def new(self) -> None:
        self._chat.new_chat()

    def rename(self, chat_id: str, title: str) -> None:
        self._saver.rename(chat_id, title)
        self._follow_here()
        self.refresh()

    def pin(self, chat_id: str, *, pinned: bool) -> None:
        self._saver.pin(chat_id, pinned=pinned)
        self._follow_here()
        self.refresh()

    def delete(self, chat_id: str) -> None:
        """Delete a chat, after its reply being written has ended.

        It stays listed and can be opened until the deletion is written.
        """
        was_open = chat_id == self.open_id
        self._chat.abandon(chat_id)
        if was_open:
            self._chat.new_chat()
        self._saver.delete_chat(chat_id).then(
            lambda _: self._on_deleted(chat_id, was_open=was_open)
        )

    # How it keeps up

    def edit(self, *, going_on: bool) -> None:
        """Keep the rows in place while a title is edited: a row that moved would lose it."""
        self._editing = going_on
        if not going_on:
            self.refresh()

    def refresh(self) -> None:
        """Ask the store for the list; until it answers, renew the marks of this one."""
        if not self._editing:
            query = self._query
            self._show(self._listed)
            answer = self._store.run(lambda folder: folder.chats.chats(query), self)
            answer.then(partial(self._on_listed, query)).failed(self._on_unreadable)
        self.changed.emit()

    def watch(self, *, active: bool) -> None:
        """Begin or end looking for the changes of other windows every LOOK_MS."""
        if active:
            self.look()
            self._watch.start()
        else:
            self._watch.stop()

    def look(self) -> None:
        """Ask the store whether another window has written."""
        answer = self._store.run(lambda folder: folder.chats.changed_elsewhere(), self)
        answer.then(self._on_looked).failed(self._on_unreadable)

    def _hit_in(self, chat_id: str) -> str:
        listed = self._listed if self.searching else ()
        return next((chat.hit for chat in listed if chat.id == chat_id), "")

    def _show_hit(self) -> None:
        """Read the branch of the message that was found, and say where it is."""
        hit, self._hit = self._hit, ""
        if hit:
            self._chat.branches.show(hit)
            self.hit_opened.emit(hit, self.words)

    def _return(self) -> None:
        """Open the chat in which a reply is being written, from memory.

        Its title is asked for: another window may have renamed it while a search hid it here.
        """
        answer = self._store.run(lambda folder: folder.chats.chats(), self)
        answer.then(self._follow).failed(self._on_unreadable)
        self._chat.open_written()
        self._show_hit()

    def _catch_up(self) -> None:
        """Ask for the changes of the open chat, once no reply is being written in it."""
        if not self._chat.writing:
            chat_id = self.open_id
            answer = self._store.run(lambda folder: folder.chats.changes(chat_id), self)
            answer.then(partial(self._on_news, chat_id)).failed(self._on_unreadable)
        self._behind = self._chat.written is not None

    def _follow(self, chats: tuple[ChatSummary, ...]) -> None:
        """Set the stored title and pin in the open chat and in the chat of the running reply.

        A title or pin that the disk has not taken yet stays.
        """
        written = self._chat.written
        followed = {self.open_id, "" if written is None else written.id}
        for chat in self._saver.labelled(chats):
            if chat.id in followed:
                self._chat.label(chat)

    def _follow_here(self) -> None:
        here = filter(None, (self._chat.chat, self._chat.written))
        self._follow(tuple(map(summary, here)))

    def _show(self, chats: tuple[ChatSummary, ...]) -> None:
        """Show what the store has listed, and the chats that it does not have yet."""
        chats = self._saver.labelled(chats)
        self._listed = with_unwritten(chats, self._saver.unwritten_chats, self.words)
        self.rows.show([self._marked(chat) for chat in self._listed], self._day)

    def _with_read(self, chats: tuple[ChatSummary, ...]) -> tuple[ChatSummary, ...]:
        """Return the chats; the open one is not unread, whatever the store has."""
        return tuple(replace(c, unread=c.unread and c.id != self.open_id) for c in chats)

    def _marked(self, chat: ChatSummary) -> ChatSummary:
        written = self._chat.written
        if written is not None and written.id == chat.id:
            return replace(chat, mark="writing")
        unseen = chat.unread or chat.id in self._chat.background.unseen
        unseen = unseen and chat.id != self.open_id
        return replace(chat, mark="unseen") if unseen else chat

    def _restore(self, chat_id: str, *, reopen: bool) -> None:
        self._saver.restore_chat(chat_id)
        if reopen and self._chat.blank:
            self.open(chat_id)
        self.refresh()

    # What the store answers

    def _on_opened(self) -> None:
        """Drop what the store was asked for the chat before; the one that is open is read."""
        self._opening = None
        self._news.clear()
        self._saver.mark(self.open_id, unread=False)
        self._listed = self._with_read(self._listed)

    def _on_deleted(self, chat_id: str, *, was_open: bool) -> None:
        self._undo.offer(strings.CHAT_DELETED, lambda: self._restore(chat_id, reopen=was_open))
        self.refresh()

    def _on_loaded(self, chat_id: str, loaded: Loaded) -> None:
        if chat_id != self._opening:
            return
        self._opening = None
        if loaded.chat is not None:
            self._chat.open(loaded.chat)
            self._follow_here()
            self._show_hit()
            if (count := loaded.unreadable) > 0:
                self.trouble.emit(strings.VALUES_UNREADABLE.format(count=grouped(count)))
        else:
            self.trouble.emit(strings.CHAT_GONE)
            self.refresh()

    def _on_listed(self, query: str, chats: tuple[ChatSummary, ...]) -> None:
        """Show the list, unless the search has changed meanwhile or a title is being edited."""
        if query == self._query and not self._editing:
            self._day = self._today()
            self.read.emit()
            if any(chat.id == self.open_id and chat.unread for chat in chats):
                self._saver.mark(self.open_id, unread=False)
            self._show(self._with_read(chats))
            if not query:
                self._whole = self._listed
            self._follow(chats)
            self.changed.emit()

    def _on_first(self, chats: tuple[ChatSummary, ...]) -> None:
        if chats:
            self.open(chats[0].id, chats[0].hit)

    def _on_looked(self, changed: bool) -> None:
        if changed or self._day != self._today():
            self.refresh()
        if changed or self._behind:
            self._catch_up()

    def _on_news(self, chat_id: str, changes: Changes | None) -> None:
        """Take the changes in their order, or keep them until the open chat's reply has ended."""
        if chat_id != self.open_id:
            return
        if changes is not None:
            self._news.append(changes)
        self._behind = self._chat.written is not None
        if not self._chat.writing:
            news, self._news = self._news, []
            for waiting in news:
                self._chat.branches.take_up(waiting)

    def _on_unreadable(self, error: Exception) -> None:
        self.unreadable.emit(error)
