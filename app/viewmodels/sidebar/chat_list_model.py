"""The list of chats as a list model: the pinned ones first, the others under their days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Literal

from PySide6.QtCore import (
    QAbstractListModel,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from app import strings
from app.domain.conversation import Chat, ChatSummary
from app.services.search_index import holds
from app.viewmodels.common.format import one_line

Group = Literal["pinned", "today", "yesterday", "week", "month"] | tuple[int, int]
"""A month of the past is (year, month)."""

_WEEK = 7
_MONTH = 30


def grouped(chats: Iterable[ChatSummary], today: date) -> Iterator[Group | ChatSummary]:
    """Yield each group before its chats, which keep the store's order."""
    last: Group | None = None
    for chat in chats:
        group = group_of(chat, today)
        if group != last:
            yield group
        yield chat
        last = group


def group_of(chat: ChatSummary, today: date) -> Group:
    """Return the group of a chat by local days. A day in the future counts as today."""
    if chat.pinned:
        return "pinned"
    day = date.fromtimestamp(chat.updated)  # noqa: DTZ012  (the user's own days)
    age = (today - day).days
    if age <= 0:
        return "today"
    if age == 1:
        return "yesterday"
    if age <= _WEEK:
        return "week"
    return "month" if age <= _MONTH else (day.year, day.month)


CHAT_ROLE = Qt.ItemDataRole.UserRole + 1  # ChatSummary; None for a heading

_HEADINGS = {
    "pinned": strings.GROUP_PINNED,
    "today": strings.GROUP_TODAY,
    "yesterday": strings.GROUP_YESTERDAY,
    "week": strings.GROUP_WEEK,
    "month": strings.GROUP_MONTH,
}
Index = QModelIndex | QPersistentModelIndex


class ChatListModel(QAbstractListModel):
    """Rows are headings, which cannot be chosen, and chats.

    `renamed` is emitted when the view has edited a title; the model changes with the next `show`.
    """

    renamed = Signal(str, str)  # chat id, title

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[str | ChatSummary] = []
        self._keys: list[str] = []

    def show(self, chats: Sequence[ChatSummary], today: date) -> None:
        """Show `chats`. Rows stay where only words have changed, and a view keeps its place."""
        rows = [
            row if isinstance(row, ChatSummary) else heading(row) for row in grouped(chats, today)
        ]
        keys = [row.id if isinstance(row, ChatSummary) else row for row in rows]
        if keys != self._keys:
            self.beginResetModel()
            self._rows, self._keys = rows, keys
            self.endResetModel()
            return
        changed = [
            row for row, (old, new) in enumerate(zip(self._rows, rows, strict=True)) if old != new
        ]
        self._rows = rows
        if changed:
            self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))

    @property
    def chats(self) -> tuple[ChatSummary, ...]:
        """Return the chats as they are listed, without the headings."""
        return tuple(row for row in self._rows if isinstance(row, ChatSummary))

    def row_of(self, chat_id: str) -> int | None:
        return self._keys.index(chat_id) if chat_id in self._keys else None

    def chat_at(self, row: int) -> ChatSummary | None:
        """Return the chat in a row; None for a heading and outside the list."""
        if not 0 <= row < len(self._rows):
            return None
        item = self._rows[row]
        return item if isinstance(item, ChatSummary) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == CHAT_ROLE:
            return row if isinstance(row, ChatSummary) else None
        if isinstance(row, str):
            return row if role == Qt.ItemDataRole.DisplayRole else None
        return _chat_data(row, role)

    def setData(  # noqa: N802
        self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        chat = self.chat_at(index.row())
        title = one_line(str(value))
        if role != Qt.ItemDataRole.EditRole or chat is None or title in {"", one_line(chat.title)}:
            return False
        self.renamed.emit(chat.id, title)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.chat_at(index.row()) is None:
            return Qt.ItemFlag.NoItemFlags
        return (
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsEditable
            | Qt.ItemFlag.ItemNeverHasChildren
        )


def heading(group: Group) -> str:
    if isinstance(group, str):
        return _HEADINGS[group]
    year, month = group
    name = QLocale().standaloneMonthName(month)
    return strings.GROUP_MONTH_OF_YEAR.format(month=name, year=year)


def _chat_data(chat: ChatSummary, role: int) -> str | None:
    title = one_line(chat.title)
    match role:
        case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
            return title
        case Qt.ItemDataRole.ToolTipRole:
            text = chat.snippet or title
            return f"{text}\n{strings.CHAT_MARKS[chat.mark]}" if chat.mark else text
        case Qt.ItemDataRole.AccessibleTextRole:
            text = strings.CHAT_PINNED.format(title=title) if chat.pinned else title
            return f"{text}, {strings.CHAT_MARKS[chat.mark]}" if chat.mark else text
        case _:
            return None


def with_unwritten(
    chats: Sequence[ChatSummary], unwritten: Iterable[Chat], wanted: tuple[str, ...]
) -> tuple[ChatSummary, ...]:
    """Return the store's list with the chats that it does not have yet, pinned and newest first.

    A new chat is listed with its first question, whether the disk has taken it or not; of a search,
    if it holds all the `wanted` words.
    """
    listed = {chat.id for chat in chats}
    new = [
        summary(chat) for chat in unwritten if chat.id not in listed and _is_listed(chat, wanted)
    ]
    return tuple(sorted((*new, *chats), key=lambda chat: (not chat.pinned, -chat.updated)))


def summary(chat: Chat) -> ChatSummary:
    updated = max((message.created for message in chat.messages), default=chat.created)
    return ChatSummary(id=chat.id, title=chat.title, pinned=chat.pinned, updated=updated)


def _is_listed(chat: Chat, wanted: tuple[str, ...]) -> bool:
    """Return whether something was begun in the chat and it holds all of the words."""
    begun = chat.title is not None or chat.messages or chat.draft or chat.draft_files
    texts = (chat.title or "", *(message.text for message in chat.messages))
    return bool(begun) and any(holds(text, wanted) for text in texts)
