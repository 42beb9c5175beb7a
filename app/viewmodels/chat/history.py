"""A chat's tree of messages, and the branch of it that is shown as a list model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from app import strings
from app.domain import tree
from app.domain.conversation import Chat, ChatMessage, ChatSummary
from app.domain.tree import Changes, Place, taken_up
from app.viewmodels.common import format as fmt

MESSAGE_ROLE = Qt.ItemDataRole.UserRole + 1


class MessageList(QAbstractListModel):
    """Rows are never edited in place: a message is replaced by a new value."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._messages: list[ChatMessage] = []

    @property
    def messages(self) -> tuple[ChatMessage, ...]:
        return tuple(self._messages)

    def __len__(self) -> int:
        return len(self._messages)

    def at(self, row: int) -> ChatMessage:
        return self._messages[row]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self._messages)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if not index.isValid():
            return None
        message = self._messages[index.row()]
        if role == MESSAGE_ROLE:
            return message
        return message.text if role == Qt.ItemDataRole.DisplayRole else None

    def reset(self, messages: Sequence[ChatMessage]) -> None:
        self.beginResetModel()
        self._messages = list(messages)
        self.endResetModel()

    def show(self, messages: Sequence[ChatMessage]) -> None:
        """Change to another branch: rows that both have stay, so that nobody builds them again."""
        same = 0
        for old, new in zip(self._messages, messages, strict=False):
            if old.id != new.id:
                break
            if old != new:
                self.replace(same, new)
            same += 1
        self._cut(same)
        self._extend(messages[same:])

    def renew(self, messages: Sequence[ChatMessage]) -> None:
        """Show `messages`: rows before the first change stay, all others are inserted anew.

        Views do not follow a change of a finished message, and so are built anew.
        """
        pairs = zip(self._messages, messages, strict=False)
        same = next((i for i, (old, new) in enumerate(pairs) if old != new), None)
        if same is None:
            same = min(len(self._messages), len(messages))
        self._cut(same)
        self._extend(messages[same:])

    def replace(self, row: int, message: ChatMessage) -> None:
        self._messages[row] = message
        index = self.index(row)
        self.dataChanged.emit(index, index)

    def _extend(self, messages: Sequence[ChatMessage]) -> None:
        if messages:
            row = len(self._messages)
            self.beginInsertRows(QModelIndex(), row, row + len(messages) - 1)
            self._messages += messages
            self.endInsertRows()

    def _cut(self, first: int) -> None:
        if first < len(self._messages):
            self.beginRemoveRows(QModelIndex(), first, len(self._messages) - 1)
            del self._messages[first:]
            self.endRemoveRows()


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A deletion of messages, and what undoing it takes.

    `chat` is the chat before the deletion, `ids` are those of the deleted messages.
    """

    chat: Chat
    ids: frozenset[str]
    title: str | None = None  # the chat's, after the deletion


def removed_text(removed: Removed) -> str:
    count = len(removed.ids)
    if count == 1:
        return strings.MESSAGE_DELETED
    return strings.MESSAGES_DELETED.format(count=fmt.count(count))


def restored(chat: Chat, removed: Removed) -> Chat:
    """Return the chat with the deleted messages in their places; messages written since stay."""
    now = {m.id: m for m in chat.messages}
    old = [m for m in removed.chat.messages if m.id in now or m.id in removed.ids]
    old_ids = {m.id for m in old}
    since = (m for m in chat.messages if m.id not in old_ids)
    messages = (*(now.get(m.id, m) for m in old), *since)
    return msgspec.structs.replace(chat, messages=messages)


def labelled(chat: Chat, stored: Chat | ChatSummary) -> Chat:
    """Return the chat with title and pin of `stored`, itself where that changes nothing."""
    if chat.id != stored.id or (chat.title, chat.pinned) == (stored.title, stored.pinned):
        return chat
    return msgspec.structs.replace(chat, title=stored.title, pinned=stored.pinned)


class History:
    """The open chat, and the list of the messages that are shown.

    Invariant: `shown` is the path to `chat.tip`, and no message follows the tip.
    """

    def __init__(self, chat: Chat, shown: MessageList) -> None:
        self.shown = shown
        self.chat = chat
        self._places: dict[str, Place] = {}
        self.open(chat)

    @property
    def blank(self) -> bool:
        """Return whether the chat has no message, and no text or file that waits to be sent."""
        chat = self.chat
        return not (chat.messages or chat.draft.strip() or chat.draft_files)

    def open(self, chat: Chat) -> None:
        """Open `chat` with its tip moved down to the newest message; replace a lost tip."""
        tip = tree.newest_tip(chat.messages, chat.tip) or tree.newest_tip(chat.messages)
        self._become(msgspec.structs.replace(chat, tip=tip))
        self.shown.reset(self.path(self.chat.tip))

    def path(self, tip: str | None) -> tuple[ChatMessage, ...]:
        """Return the messages from the chat's first one to `tip`."""
        return tree.path(self.chat.messages, tip)

    def message(self, message_id: str) -> ChatMessage | None:
        return next((m for m in self.chat.messages if m.id == message_id), None)

    def place(self, message_id: str) -> Place:
        return self._places.get(message_id, Place())

    def append(self, message: ChatMessage) -> None:
        """Add a message and show its branch."""
        messages = (*self.chat.messages, message)
        self._become(msgspec.structs.replace(self.chat, messages=messages, tip=message.id))
        self.shown.show(self.path(self.chat.tip))

    def put(self, message: ChatMessage) -> None:
        """Put `message` in place of the one with its id."""
        messages = tree.replaced(self.chat.messages, message)
        self._become(msgspec.structs.replace(self.chat, messages=messages))
        self.shown.show(self.path(self.chat.tip))

    def show(self, message_id: str) -> None:
        """Show the branch of this message, down to the one written last."""
        tip = tree.newest_tip(self.chat.messages, message_id)
        self._become(msgspec.structs.replace(self.chat, tip=tip))
        self.shown.show(self.path(self.chat.tip))

    def sibling(self, message_id: str, step: int) -> str | None:
        """Return the id of the sibling `step` places on; None past either end."""
        family = tree.siblings(self.chat.messages, message_id)
        at = family.index(message_id) + step if message_id in family else -1
        return family[at] if 0 <= at < len(family) else None

    def remove(self, message_id: str) -> Removed:
        """Delete the message and all that follow it; show the sibling before it, or its parent."""
        before = self.chat
        family = tree.siblings(before.messages, message_id)
        gone = tree.below(before.messages, message_id)
        rest = tuple(m for m in before.messages if m.id not in gone)
        beside = [sibling for sibling in family if sibling != message_id]
        at = family.index(message_id)
        parent = next(m.parent for m in before.messages if m.id == message_id)
        tip = tree.newest_tip(rest, beside[max(0, at - 1)]) if beside else parent
        self._become(msgspec.structs.replace(before, messages=rest, tip=tip))
        self.shown.show(self.path(self.chat.tip))
        return Removed(chat=before, ids=gone)

    def restore(self, removed: Removed, *, read: bool) -> None:
        """Undo a deletion. With `read`, show the branch that was shown before it."""
        chat = restored(self.chat, removed)
        messages, tip = chat.messages, removed.chat.tip
        if read and not any(m.id == tip for m in messages):
            first = next(m.id for m in messages if m.id in removed.ids)
            tip = tree.newest_tip(messages, first)
        self._become(msgspec.structs.replace(chat, tip=tip) if read else chat)
        self.shown.show(self.path(self.chat.tip))

    def take_up(self, changes: Changes) -> None:
        """Take the changes of another window; the shown branch goes down to its newest message."""
        messages = taken_up(self.chat.messages, changes)
        tip = tree.newest_tip(messages, self.chat.tip) or tree.newest_tip(messages)
        self._become(msgspec.structs.replace(self.chat, messages=messages, tip=tip))
        self.shown.renew(self.path(tip))

    def label(self, stored: ChatSummary) -> bool:
        """Take title and pin as they are stored. Return whether that changed the chat."""
        before, self.chat = self.chat, labelled(self.chat, stored)
        return self.chat is not before

    def change(self, **changes: object) -> None:
        """Change fields of the chat itself, such as its title or its settings."""
        self.chat = msgspec.structs.replace(self.chat, **changes)

    def _become(self, chat: Chat) -> None:
        self.chat = chat
        self._places = tree.places(chat.messages)
