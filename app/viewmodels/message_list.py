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

    def append(self, message: ChatMessage) -> None:
        row = len(self._messages)
        self.beginInsertRows(QModelIndex(), row, row)
        self._messages.append(message)
        self.endInsertRows()

    def replace(self, row: int, message: ChatMessage) -> None:
        self._messages[row] = message
        index = self.index(row)
        self.dataChanged.emit(index, index)

    def cut(self, first: int) -> None:
        """Remove the messages from row `first` on."""
        if first < len(self._messages):
            self.beginRemoveRows(QModelIndex(), first, len(self._messages) - 1)
            del self._messages[first:]
            self.endRemoveRows()
