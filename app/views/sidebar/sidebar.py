"""The sidebar: a button for a new chat, the search, and the list of chats."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.viewmodels.sidebar.chat_list import ChatListViewModel
from app.views.commands import NEW_CHAT_KEYS
from app.views.common import fonts
from app.views.common.controls import claims_escape, icon
from app.views.common.theme import Theme, ThemeController
from app.views.sidebar.chat_list_view import ChatListView

_ICON = 16
_EDGE = 10
_LONGEST_SEARCH = 200


class Sidebar(QWidget):
    """`places` is the layout below the list, with the buttons of pages that are no chat."""

    new_asked = Signal()

    def __init__(
        self, chats: ChatListViewModel, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._chats = chats
        self.new = _NewChat()
        self.search = _Search()
        self.list = ChatListView(chats, theme)
        self.note = QLabel()
        self.note.setProperty("tone", "muted")
        self.note.setWordWrap(True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.note.setContentsMargins(8, 28, 8, 8)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.places = QVBoxLayout()
        self._lay_out()
        self.new.clicked.connect(self.new_asked)
        self.search.textChanged.connect(chats.search)
        self.search.leave_asked.connect(self._enter_list)
        self.search.returnPressed.connect(chats.open_first)
        self.list.search_left.connect(self.search.clear)
        self.list.search_left.connect(self.begin_search)
        chats.changed.connect(self._show)
        theme.changed.connect(self._paint)
        self._paint(theme.current)
        self._show()

    def begin_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _enter_list(self) -> None:
        self.list.setFocus(Qt.FocusReason.TabFocusReason)

    def _show(self) -> None:
        words = self._chats.empty_text
        self.note.setText(words)
        self._stack.setCurrentWidget(self.note if words else self.list)

    def _paint(self, theme: Theme) -> None:
        self.new.setIcon(icon("plus", theme.color("text"), _ICON))
        self.search.paint(theme)

    def _lay_out(self) -> None:
        self._stack = QStackedWidget()
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.note)
        column = QVBoxLayout(self)
        column.setContentsMargins(_EDGE, _EDGE, _EDGE, _EDGE)
        column.setSpacing(6)
        column.addWidget(self.new)
        column.addWidget(self.search)
        column.addWidget(self._stack, 1)
        column.addLayout(self.places)


class _NewChat(QPushButton):
    """A button as wide as the sidebar, with its shortcut at the far end."""

    def __init__(self) -> None:
        super().__init__(strings.NEW_CHAT)
        self.setProperty("shape", "row")
        self.setIconSize(QSize(_ICON, _ICON))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        keys = QKeySequence(NEW_CHAT_KEYS).toString(QKeySequence.SequenceFormat.NativeText)
        self.setToolTip(strings.NEW_CHAT_HELP.format(shortcut=keys))
        hint = QLabel(keys)
        hint.setFont(fonts.small())
        hint.setProperty("tone", "muted")
        hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 10, 0)
        row.addStretch(1)
        row.addWidget(hint)


class _Search(QLineEdit):
    """The search field. Esc empties it and, once empty, stops a reply; Down enters the list."""

    leave_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("search")
        self.setPlaceholderText(strings.SEARCH)
        self.setAccessibleName(strings.SEARCH_CHATS)
        self.setMaxLength(_LONGEST_SEARCH)
        self._glass = QAction(strings.SEARCH_CHATS, self)
        self._glass.setEnabled(False)
        self._empty = QAction(strings.SEARCH_CLEAR, self)
        self._empty.triggered.connect(self.clear)
        self._empty.setVisible(False)
        self.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self.addAction(self._empty, QLineEdit.ActionPosition.TrailingPosition)
        self.textChanged.connect(self._on_typed)

    def paint(self, theme: Theme) -> None:
        muted = theme.color("text_muted")
        self._glass.setIcon(icon("search", muted, _ICON))
        self._empty.setIcon(icon("close", muted, _ICON))

    def event(self, event: QEvent) -> bool:
        """Claim Esc before the window's shortcut takes it."""
        return (bool(self.text()) and claims_escape(event)) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() == Qt.Key.Key_Down:
            self.leave_asked.emit()
        else:
            super().keyPressEvent(event)

    def _on_typed(self, text: str) -> None:
        self._empty.setVisible(bool(text))
