"""The list of chats: how a chat is opened and renamed, and what its menu offers."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QFrame,
    QListView,
    QMenu,
    QWidget,
)

from app import strings
from app.domain.conversation import ChatSummary
from app.viewmodels.sidebar.chat_list import ChatListViewModel
from app.viewmodels.sidebar.chat_list_model import CHAT_ROLE, Index
from app.views.commands import command
from app.views.common.controls import Menu, claims_escape
from app.views.common.theme import ThemeController
from app.views.sidebar.chat_row import ChatDelegate

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ChatListView(QListView):
    """The list of chats. Its current row moves with its chat, and to a chat that is opened."""

    search_left = Signal()  # Esc, while the list is that of a search

    def __init__(
        self, chats: ChatListViewModel, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("chatList")
        self.setAccessibleName(strings.SIDEBAR)
        self._chats = chats
        self._delegate = ChatDelegate(theme, self)
        self._at, self._row = "", 0  # the current chat, and its row
        self._followed = ""  # the open chat, while it is listed
        self._elsewhere = False  # a page that is no chat is shown
        self.setModel(chats.rows)
        self.setItemDelegate(self._delegate)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self._delegate.closeEditor.connect(self._on_edited)
        chats.changed.connect(self._show)
        theme.changed.connect(self.viewport().update)
        self._show()

    def show_place(self, *, elsewhere: bool) -> None:
        """Mark no chat as open while a page that is no chat stands in its place."""
        self._elsewhere = elsewhere
        self._show()

    def edit_title(self) -> None:
        index = self.currentIndex()
        if index.data(CHAT_ROLE) is not None:
            self._chats.edit(going_on=True)
            self.edit(index)

    def menu_of(self, chat: ChatSummary) -> QMenu:
        menu = Menu(parent=self)
        pin = strings.CHAT_UNPIN if chat.pinned else strings.CHAT_PIN
        chats = self._chats
        rename = command(menu, strings.CHAT_RENAME, self.edit_title)
        delete = command(menu, strings.CHAT_DELETE, lambda: chats.delete(chat.id))
        for action, key in ((rename, Qt.Key.Key_F2), (delete, Qt.Key.Key_Delete)):
            action.setShortcut(key)  # shown beside the words; the list itself listens
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        actions: list[QAction] = [
            command(menu, strings.CHAT_OPEN, lambda: chats.open(chat.id)),
            rename,
            command(menu, pin, lambda: chats.pin(chat.id, pinned=not chat.pinned)),
        ]
        menu.addActions(actions)
        menu.addSeparator()
        menu.addAction(delete)
        return menu

    def doItemsLayout(self) -> None:  # noqa: N802
        self._delegate.measure()
        super().doItemsLayout()

    def event(self, event: QEvent) -> bool:
        """Claim Esc, while it clears a search, before the window's shortcut takes it."""
        if self._chats.searching and claims_escape(event):
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        chat = self._current()
        if self.state() == QListView.State.EditingState:  # Enter ends the edit and opens no chat
            event.accept()
        elif chat is None:
            super().keyPressEvent(event)
        elif event.key() in _ENTER:
            self._chats.open(chat.id)
        elif event.key() == Qt.Key.Key_F2:
            self.edit_title()
        elif event.key() == Qt.Key.Key_Escape and self._chats.searching:
            self.search_left.emit()
        elif _deletes(event):
            self._chats.delete(chat.id)
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mouseReleaseEvent(event)
        place = event.position().toPoint()
        index, chat = self.indexAt(place), self._current()
        if event.button() != Qt.MouseButton.LeftButton or index != self.currentIndex() or not chat:
            return
        dots = self._delegate.menu_area(self.visualRect(index))
        if dots.contains(place):
            self._pop_up(dots.bottomLeft(), chat)
        else:
            self._chats.open(chat.id)

    def currentChanged(self, current: Index, previous: Index) -> None:  # noqa: N802
        super().currentChanged(current, previous)
        chat = current.data(CHAT_ROLE)
        if isinstance(chat, ChatSummary):
            self._at, self._row = chat.id, current.row()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """Open the menu at the mouse or, from the keyboard, at the current row."""
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        place = self.visualRect(index).bottomLeft() if by_key else event.pos()
        chat = index.data(CHAT_ROLE)
        if isinstance(chat, ChatSummary):
            self.setCurrentIndex(index)
            self._pop_up(place, chat)

    def _current(self) -> ChatSummary | None:
        chat = self.currentIndex().data(CHAT_ROLE)
        return chat if isinstance(chat, ChatSummary) else None

    def _show(self) -> None:
        opened = self._chats.open_id
        self._delegate.open_id = "" if self._elsewhere else opened
        self._delegate.words = self._chats.words
        self.setUniformItemSizes(not self._chats.searching)
        listed = opened if self._chats.rows.row_of(opened) is not None else ""
        comes = listed not in ("", self._followed)
        self._followed = listed
        if comes:
            self._at = opened
        if comes or not self.currentIndex().isValid():
            self._take_up()
        self.viewport().update()

    def _take_up(self) -> None:
        """Make the same chat current or, where it is gone, the one in its row."""
        rows = self._chats.rows
        row = rows.row_of(self._at or self._chats.open_id)
        near = (self._row, self._row + 1, self._row - 1) if row is None else (row,)
        index = next((rows.index(r) for r in near if rows.chat_at(r) is not None), None)
        if index is not None:
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)

    def _pop_up(self, place: QPoint, chat: ChatSummary) -> None:
        menu = self.menu_of(chat)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.viewport().mapToGlobal(place))

    def _on_edited(self, _editor: QWidget, _hint: QAbstractItemDelegate.EndEditHint) -> None:
        self._chats.edit(going_on=False)


def _deletes(event: QKeyEvent) -> bool:
    """Return whether the key deletes: Delete, or on a Mac Command and Backspace."""
    control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
    key = event.key()
    return key == Qt.Key.Key_Delete or (control and key == Qt.Key.Key_Backspace)
