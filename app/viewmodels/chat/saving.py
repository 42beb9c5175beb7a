"""Saving chats: once a second while a reply streams, and at once when it ends.

Every write of the window to its chats goes through here to the store thread. Drafts, the text and
files that wait to be sent, are saved within a second and when their chat is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
from PySide6.QtCore import QObject, Signal

from app.domain.conversation import Attachment, Chat, ChatMessage, ChatSummary, ReplyPiece
from app.services.chat_store import ChatStore
from app.services.data_folder import DataFolder
from app.services.store_thread import Answer, StoreThread
from app.viewmodels.chat.history import History
from app.viewmodels.common.throttle import Throttle

INTERVAL_MS = 1000


class Saver(QObject):
    """Hands writes to the store thread, which tries again what the disk refuses.

    A chat that is not written yet stays at hand in `unwritten`, a title or a pin in `labelled`.
    """

    def __init__(
        self,
        store: StoreThread[DataFolder],
        interval_ms: int = INTERVAL_MS,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._action: Callable[[], None] | None = None
        self._throttle = Throttle(interval_ms, self._run, self)
        self._unwritten: dict[str, _Unwritten] = {}  # by chat
        self._labels: dict[str, _Label] = {}  # by chat

    @property
    def unwritten_chats(self) -> tuple[Chat, ...]:
        """Chats as they stand here, while the store does not have all of them."""
        return tuple(waiting.chat for waiting in self._unwritten.values())

    def unwritten(self, chat_id: str) -> Chat | None:
        """Return this chat as it stands here; None where the store has all of it."""
        waiting = self._unwritten.get(chat_id)
        return None if waiting is None else waiting.chat

    def labelled(self, chats: Iterable[ChatSummary]) -> tuple[ChatSummary, ...]:
        """Return the chats with the titles and pins that the store does not have yet."""
        return tuple(
            msgspec.structs.replace(chat, **self._labels[chat.id].changes)
            if chat.id in self._labels
            else chat
            for chat in chats
        )

    def request(self, action: Callable[[], None]) -> None:
        """Run `action` within the interval; of several, the last."""
        self._action = action
        self._throttle.request()

    def finish(self, action: Callable[[], None]) -> None:
        """Run `action` now, in place of what was requested."""
        self._throttle.cancel()
        self._action = None
        action()

    def save_chat(self, chat: Chat) -> None:
        self._write_chat(chat, lambda chats: chats.save_chat(chat))

    def save_begun(self, chat: Chat) -> None:
        """Save the chat, unless it has no message."""
        if chat.messages:
            self.save_chat(chat)

    def save_message(self, chat: Chat, message: ChatMessage, *, ended: bool = True) -> None:
        """Save the message, its chat with the new tip, and what the store lacks of its branch."""
        self._write_chat(chat, lambda chats: chats.save(chat, message, ended=ended))

    def append(self, message_id: str, piece: ReplyPiece) -> Answer[None]:
        """Append a piece to a reply, which was saved when it began; fails where it is lost."""
        return self._write(lambda chats: chats.append(message_id, piece))

    def delete_messages(self, chat_id: str, ids: Sequence[str]) -> None:
        self._write(lambda chats: chats.delete_messages(chat_id, ids))

    def restore_messages(self, chat_id: str, ids: Sequence[str]) -> None:
        self._write(lambda chats: chats.restore_messages(chat_id, ids))

    def rename(self, chat_id: str, title: str) -> None:
        self._label(chat_id, lambda chats: chats.rename(chat_id, title), title=title)

    def retitle(self, chat_id: str, before: str | None, title: str | None) -> None:
        """Change the title, unless it is another one by now."""
        self._label(chat_id, lambda chats: chats.retitle(chat_id, before, title), title=title)

    def pin(self, chat_id: str, *, pinned: bool) -> None:
        self._label(chat_id, lambda chats: chats.pin(chat_id, pinned=pinned), pinned=pinned)

    def mark(self, chat_id: str, *, unread: bool) -> None:
        self._write(lambda chats: chats.mark(chat_id, unread=unread))

    def delete_chat(self, chat_id: str) -> Answer[None]:
        return self._write(lambda chats: chats.delete_chat(chat_id))

    def restore_chat(self, chat_id: str) -> None:
        self._write(lambda chats: chats.restore_chat(chat_id))

    def _run(self) -> None:
        if self._action is not None:
            self._action()

    def _label(
        self, chat_id: str, write: Callable[[ChatStore], None], **changes: str | bool | None
    ) -> None:
        """Change title or pin, also in a chat that the store does not have yet."""
        waiting = self._unwritten.get(chat_id)
        if waiting is not None:
            waiting.chat = msgspec.structs.replace(waiting.chat, **changes)
        label = self._labels.setdefault(chat_id, _Label())
        label.changes |= changes
        label.writes += 1

        def written(_result: None) -> None:
            label.writes -= 1
            if not label.writes:
                del self._labels[chat_id]

        self._write(write).then(written)

    def _write(self, write: Callable[[ChatStore], None]) -> Answer[None]:
        return self._store.write(lambda folder: write(folder.chats), self)

    def _write_chat(self, chat: Chat, write: Callable[[ChatStore], None]) -> None:
        """A write that can never succeed leaves the chat among those that are not saved."""
        waiting = self._unwritten.setdefault(chat.id, _Unwritten(chat))
        waiting.chat = chat
        waiting.writes += 1

        def written(_result: None) -> None:
            waiting.writes -= 1
            if not waiting.writes:
                del self._unwritten[chat.id]

        self._write(write).then(written)


@dataclass(slots=True)
class _Unwritten:
    chat: Chat
    writes: int = 0


@dataclass(slots=True)
class _Label:
    """Fields of a `ChatSummary`, as the user has set them."""

    changes: dict[str, str | bool | None] = field(default_factory=dict)
    writes: int = 0


DRAFT_MS = 1000  # between two saves of a draft


class Drafts(QObject):
    """Keeps the draft of the open chat. A text or a file alone makes a chat worth saving."""

    changed = Signal()  # the chat has become blank, or is blank no longer

    def __init__(self, history: History, saver: Saver, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._history = history
        self._saver = saver
        self._keep = Throttle(DRAFT_MS, self._save, self)

    def write(self, text: str) -> None:
        if text != self._history.chat.draft:
            self._change(draft=text)

    def attach(self, files: tuple[Attachment, ...]) -> None:
        """Replace the draft's files."""
        if files != self._history.chat.draft_files:
            self._change(draft_files=files)

    def flush(self) -> None:
        """Save now what waits for the next save."""
        self._keep.flush()

    def _change(self, **changes: object) -> None:
        was_blank = self._history.blank
        self._history.change(**changes)
        self._keep.request()
        if self._history.blank != was_blank:
            self.changed.emit()

    def _save(self) -> None:
        self._saver.save_chat(self._history.chat)
