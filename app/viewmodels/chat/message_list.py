"""The messages of one chat, as a list model."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from app.domain.conversation import ChatMessage

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
