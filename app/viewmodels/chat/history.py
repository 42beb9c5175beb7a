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
        """The same, but from the first message that was changed on all are built again."""
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
    """What a deletion took, and the chat as it was: enough to undo it."""

    chat: Chat
    ids: frozenset[str]


def removed_text(removed: Removed) -> str:
    count = len(removed.ids)
    return strings.MESSAGE_DELETED if count == 1 else strings.MESSAGES_DELETED.format(count=count)


def restored(chat: Chat, removed: Removed) -> Chat:
    """Each message that was deleted where it stood; what was written since stays."""
    now = {m.id: m for m in chat.messages}
    old = [m for m in removed.chat.messages if m.id in now or m.id in removed.ids]
    known = {m.id for m in old}
    since = (m for m in chat.messages if m.id not in known)
    messages = (*(now.get(m.id, m) for m in old), *since)
    return msgspec.structs.replace(chat, messages=messages)


def labelled(chat: Chat, said: Chat | ChatSummary) -> Chat:
    """The chat with its title and pin as `said` has them; itself, where that changes nothing."""
    if chat.id != said.id or (chat.title, chat.pinned) == (said.title, said.pinned):
        return chat
    return msgspec.structs.replace(chat, title=said.title, pinned=said.pinned)


class History:
    """Invariant: `shown` is the path to `chat.tip`, and the tip has nothing below it."""

    def __init__(self, chat: Chat, shown: MessageList) -> None:
        self.shown = shown
        self.chat = chat
        self._places: dict[str, Place] = {}
        self.open(chat)

    @property
    def blank(self) -> bool:
        """Nothing was said in it, and nothing begun."""
        chat = self.chat
        return not (chat.messages or chat.draft.strip() or chat.draft_files)

    def open(self, chat: Chat) -> None:
        """A tip that is lost, or that something was written below, gives way to the newest."""
        tip = tree.newest_tip(chat.messages, chat.tip) or tree.newest_tip(chat.messages)
        self._become(msgspec.structs.replace(chat, tip=tip))
        self.shown.reset(self.path(self.chat.tip))

    def path(self, tip: str | None) -> tuple[ChatMessage, ...]:
        return tree.path(self.chat.messages, tip)

    def message(self, message_id: str) -> ChatMessage | None:
        return next((m for m in self.chat.messages if m.id == message_id), None)

    def place(self, message_id: str) -> Place:
        return self._places.get(message_id, Place())

    def append(self, message: ChatMessage) -> None:
        """A new message, which is read from now on."""
        messages = (*self.chat.messages, message)
        self._become(msgspec.structs.replace(self.chat, messages=messages, tip=message.id))
        self.shown.show(self.path(self.chat.tip))

    def put(self, message: ChatMessage) -> None:
        """In place of the message with its id."""
        messages = tree.replaced(self.chat.messages, message)
        self._become(msgspec.structs.replace(self.chat, messages=messages))
        self.shown.show(self.path(self.chat.tip))

    def show(self, message_id: str) -> None:
        """The branch of this message, to where something was written last."""
        tip = tree.newest_tip(self.chat.messages, message_id)
        self._become(msgspec.structs.replace(self.chat, tip=tip))
        self.shown.show(self.path(self.chat.tip))

    def sibling(self, message_id: str, step: int) -> str | None:
        """The message `step` places on; None past either end."""
        family = tree.siblings(self.chat.messages, message_id)
        at = family.index(message_id) + step if message_id in family else -1
        return family[at] if 0 <= at < len(family) else None

    def remove(self, message_id: str) -> Removed:
        """With all below it; shown is then the sibling before it, or else its parent."""
        before = self.chat
        family = tree.siblings(before.messages, message_id)
        gone = tree.below(before.messages, message_id)
        rest = tuple(m for m in before.messages if m.id not in gone)
        beside = [one for one in family if one != message_id]
        at = family.index(message_id)
        parent = next(m.parent for m in before.messages if m.id == message_id)
        tip = tree.newest_tip(rest, beside[max(0, at - 1)]) if beside else parent
        self._become(msgspec.structs.replace(before, messages=rest, tip=tip))
        self.shown.show(self.path(self.chat.tip))
        return Removed(chat=before, ids=gone)

    def restore(self, removed: Removed, *, read: bool) -> None:
        """Undo a deletion; where it is to be `read`, the branch is shown that was shown then."""
        chat = restored(self.chat, removed)
        messages, tip = chat.messages, removed.chat.tip
        if read and not any(m.id == tip for m in messages):
            first = next(m.id for m in messages if m.id in removed.ids)
            tip = tree.newest_tip(messages, first)
        self._become(msgspec.structs.replace(chat, tip=tip) if read else chat)
        self.shown.show(self.path(self.chat.tip))

    def take_up(self, changes: Changes) -> None:
        """The branch that is read goes on where another window has written below it."""
        messages = taken_up(self.chat.messages, changes)
        tip = tree.newest_tip(messages, self.chat.tip) or tree.newest_tip(messages)
        self._become(msgspec.structs.replace(self.chat, messages=messages, tip=tip))
        self.shown.renew(self.path(tip))

    def label(self, said: ChatSummary) -> bool:
        """Its title and pin, as they are stored already. Whether they were other ones."""
        before, self.chat = self.chat, labelled(self.chat, said)
        return self.chat is not before

    def change(self, **changes: object) -> None:
        """Change fields of the chat itself, such as its title or its settings."""
        self.chat = msgspec.structs.replace(self.chat, **changes)

    def _become(self, chat: Chat) -> None:
        self.chat = chat
        self._places = tree.places(chat.messages)
