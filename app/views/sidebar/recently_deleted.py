"""The dialog of what was deleted lately: Enter or a double click restores what is chosen."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.viewmodels.sidebar.recently_deleted import RecentlyDeleted
from app.views.common import fonts
from app.views.common.controls import push_button

_SIZE = (520, 420)
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class RecentlyDeletedDialog(QDialog):
    def __init__(self, deleted: RecentlyDeleted, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(strings.DELETED_LATELY.removesuffix("…"))
        self._deleted = deleted
        self.list = _List()
        self.list.setAccessibleName(strings.DELETED_LATELY.removesuffix("…"))
        self.list.setObjectName("deletedList")
        self.list.entered_row.connect(self.restore_chosen)
        self.list.itemDoubleClicked.connect(self.restore_chosen)
        self.list.currentRowChanged.connect(self._refresh)
        self.note = QLabel(strings.DELETED_NOTE)
        self.note.setWordWrap(True)
        self.note.setProperty("tone", "muted")
        self.note.setFont(fonts.small())
        self.restore = push_button(strings.RESTORE_DELETED, "filled")
        self.restore.setAutoDefault(False)
        self.restore.clicked.connect(self.restore_chosen)
        close = push_button(strings.CLOSE, "outline")
        close.setAutoDefault(False)
        close.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(close)
        buttons.addWidget(self.restore)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 18)
        column.setSpacing(12)
        column.addWidget(self.note)
        column.addWidget(self.list, 1)
        column.addLayout(buttons)
        self.resize(*_SIZE)
        deleted.changed.connect(self._show)
        deleted.refresh()

    def restore_chosen(self) -> None:
        if self.list.currentRow() >= 0:
            self._deleted.restore(self.list.currentRow())

    def _show(self) -> None:
        at = max(0, self.list.currentRow())
        self.list.clear()
        for row in self._deleted.rows:
            item = QListWidgetItem(f"{row.title}\n{row.detail}")
            self.list.addItem(item)
        self.list.setCurrentRow(min(at, self.list.count() - 1))
        self.note.setText(strings.DELETED_NOTE if self.list.count() else strings.DELETED_NOTHING)
        self._refresh()

    def _refresh(self) -> None:
        self.restore.setEnabled(self.list.currentRow() >= 0)


class _List(QListWidget):
    """A list whose Enter key is its own: it would else press the dialog's button."""

    entered_row = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in _ENTER:
            event.accept()
            self.entered_row.emit()
        else:
            super().keyPressEvent(event)
