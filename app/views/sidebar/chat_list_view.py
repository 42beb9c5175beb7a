"""The list of chats: how a chat is drawn, opened, renamed, and what its menu offers."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QAction,
    QColor,
    QContextMenuEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
)
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QFrame,
    QLineEdit,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app import strings
from app.domain.conversation import ChatMark, ChatSummary
from app.render.direction import direction as text_direction
from app.viewmodels.common.format import TITLE_LENGTH
from app.viewmodels.sidebar.chat_list import ChatListViewModel
from app.viewmodels.sidebar.chat_list_model import CHAT_ROLE, Index
from app.views.commands import command
from app.views.common import fonts
from app.views.common.controls import icon
from app.views.common.theme import ThemeController

_SIDE = 10  # pixels between the list's edge and the words
_ABOVE = 8
_BETWEEN = 2
_RADIUS = 8.0
_ICON = 16
_MARK = 13
_DOT = 7.0
_HOVER = 0.05
OPEN = 0.07
"""Opacity of the text's colour over the open chat's row."""

_START = (
    Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
)  # for right-to-left titles Qt takes the right


class ChatDelegate(QStyledItemDelegate):
    """Draws the rows of the list and edits titles in them."""

    def __init__(self, theme: ThemeController, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.open_id = ""
        self.measure()

    def measure(self) -> None:
        """Measure once for each font, not for each of thousands of rows."""
        title = QFontMetrics(fonts.ui()).height()
        self._height = title + 2 * _ABOVE
        self._height_with_snippet = self._height + _BETWEEN + QFontMetrics(fonts.small()).height()

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """Give headings the height of chats: a list without snippets then has one row height."""
        chat = index.data(CHAT_ROLE)
        tall = isinstance(chat, ChatSummary) and bool(chat.snippet)
        return QSize(0, self._height_with_snippet if tall else self._height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        chat = index.data(CHAT_ROLE)
        words = str(index.data() or "")
        if isinstance(chat, ChatSummary):
            self._paint_chat(painter, option, chat, words)
        else:
            self._paint_heading(painter, _rect(option), words)
        painter.restore()

    def menu_area(self, row: QRect) -> QRect:
        """Return where a row shows its dots."""
        return QRect(row.right() - _ICON - _SIDE, row.top(), _ICON + _SIDE, row.height())

    def createEditor(  # noqa: N802
        self, parent: QWidget, _option: QStyleOptionViewItem, _index: Index
    ) -> QWidget:
        editor = QLineEdit(parent)
        editor.setMaxLength(TITLE_LENGTH)
        editor.setAccessibleName(strings.CHAT_RENAME)
        return editor

    def updateEditorGeometry(  # noqa: N802
        self, editor: QWidget, option: QStyleOptionViewItem, _index: Index
    ) -> None:
        editor.setGeometry(_rect(option).adjusted(0, 1, 0, -1))

    def _paint_heading(self, painter: QPainter, row: QRect, words: str) -> None:
        font = fonts.small()
        painter.setFont(font)
        painter.setPen(self._theme.current.color("text_muted"))
        area = row.adjusted(_SIDE, 0, -_SIDE, -3)
        shown = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, shown)

    def _paint_chat(
        self, painter: QPainter, option: QStyleOptionViewItem, chat: ChatSummary, title: str
    ) -> None:
        row, state = _rect(option), _state(option)
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        self._paint_ground(painter, row, chat.id == self.open_id, hovered, focused)
        area = row.adjusted(_SIDE, _ABOVE, -_SIDE, -_ABOVE)
        if hovered or focused:
            spot = self.menu_area(row)
            area.setRight(spot.left() - 4)
            dots = icon("more", self._theme.current.color("text_muted"), _ICON)
            corner = QPoint(spot.left(), spot.center().y() - _ICON // 2 + 1)
            dots.paint(painter, QRect(corner, QSize(_ICON, _ICON)))
        if chat.mark:
            corner = QPoint(area.right() - _MARK + 1, row.center().y() - _MARK // 2)
            self._paint_mark(painter, QRect(corner, QSize(_MARK, _MARK)), chat.mark)
            area.setRight(corner.x() - 6)
        self._line(painter, area, title, small=False)
        if chat.snippet:
            self._line(painter, area, chat.snippet, small=True)

    def _paint_mark(self, painter: QPainter, spot: QRect, mark: ChatMark) -> None:
        """Draw a pencil where a reply is being written, a dot where one waits to be read."""
        theme = self._theme.current
        if mark == "writing":
            icon("edit", theme.color("text_muted"), _MARK).paint(painter, spot)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(spot.toRectF().center(), _DOT / 2, _DOT / 2)

    def _line(self, painter: QPainter, area: QRect, words: str, *, small: bool) -> None:
        """Draw the words from the side they begin at: a title may run right to left."""
        font = fonts.small() if small else fonts.ui()
        metrics = QFontMetrics(font)
        line = QRect(area.left(), area.top(), area.width(), metrics.height())
        if small:
            line.moveBottom(area.bottom())
        painter.setFont(font)
        painter.setPen(self._theme.current.color("text_muted" if small else "text"))
        shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, line.width())
        painter.setLayoutDirection(direction(words))
        painter.drawText(line, _START, shown)

    def _paint_ground(
        self, painter: QPainter, row: QRect, open_: bool, hovered: bool, focused: bool
    ) -> None:
        theme = self._theme.current
        veil = QColor(theme.color("text"))
        veil.setAlphaF(OPEN if open_ else _HOVER if hovered else 0.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.color("accent") if focused else Qt.PenStyle.NoPen)
        painter.setBrush(veil)
        painter.drawRoundedRect(row.toRectF().adjusted(0.5, 1.5, -0.5, -1.5), _RADIUS, _RADIUS)


def direction(words: str) -> Qt.LayoutDirection:
    """Return the direction of the first letter that has one: Qt does not align by it."""
    from_right = text_direction(words) == "rtl"
    return Qt.LayoutDirection.RightToLeft if from_right else Qt.LayoutDirection.LeftToRight


def _rect(option: QStyleOptionViewItem) -> QRect:
    """Return the rectangle with its type: PySide's stubs leave out the fields of an option."""
    rect: QRect = option.rect
    return rect


def _state(option: QStyleOptionViewItem) -> QStyle.StateFlag:
    state: QStyle.StateFlag = option.state
    return state


_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ChatListView(QListView):
    """The list of chats. Its current row moves with its chat, and to a chat that is opened."""

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

    def edit_title(self) -> None:
        index = self.currentIndex()
        if index.data(CHAT_ROLE) is not None:
            self._chats.edit(going_on=True)
            self.edit(index)

    def menu_of(self, chat: ChatSummary) -> QMenu:
        menu = QMenu(self)
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
        self._delegate.open_id = opened
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
