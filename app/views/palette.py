"""The command palette: every command of the menus, found by typing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import (
    QAction,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
)
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QMenuBar,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.viewmodels.common.palette import Entry, Match, matches
from app.views.common import fonts
from app.views.common.theme import ThemeController

MATCH = Qt.ItemDataRole.UserRole
ENTRY = Qt.ItemDataRole.UserRole + 1
ROW_HEIGHT = 34
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class PaletteRow(QStyledItemDelegate):
    """Draws a command: its words, its shortcut, or else its menu."""

    def __init__(self, theme: ThemeController, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(  # noqa: N802
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        del option, index
        return QSize(0, ROW_HEIGHT)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        theme = self._theme.current
        rect: QRect = option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        entry, match = index.data(ENTRY), index.data(MATCH)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent_soft"))
            painter.drawRoundedRect(rect.adjusted(0, 1, 0, -1), 8, 8)
        inner = rect.adjusted(12, 0, -12, 0)
        muted = theme.color("text" if selected else "text_muted")
        if not isinstance(entry, Entry) or not isinstance(match, Match):
            painter.setPen(muted)
            painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, str(index.data()))
            painter.restore()
            return
        painter.setPen(muted)
        painter.setFont(fonts.small())
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        note = entry.shortcut or entry.menu
        painter.drawText(inner, right, note)
        painter.setPen(theme.color("text") if entry.enabled else muted)
        room = inner.width() - QFontMetrics(fonts.small()).horizontalAdvance(note) - 16
        _draw(painter, inner.adjusted(0, 0, room - inner.width(), 0), entry.text, match.letters)
        painter.restore()


def _draw(painter: QPainter, rect: QRect, text: str, letters: tuple[int, ...]) -> None:
    """Draw the text with the typed letters bold, which shows why it was found."""
    at = rect.left()
    for start, end, bold in _runs(len(text), letters):
        font: QFont = fonts.strong() if bold else fonts.ui()
        painter.setFont(font)
        metrics = QFontMetrics(font)
        piece = metrics.elidedText(text[start:end], Qt.TextElideMode.ElideRight, rect.right() - at)
        painter.drawText(at, rect.top(), rect.width(), rect.height(), _LEFT, piece)
        at += metrics.horizontalAdvance(piece)


def _runs(length: int, letters: tuple[int, ...]) -> Iterator[tuple[int, int, bool]]:
    """Yield runs of letters that are drawn alike: start, end, and whether they were typed."""
    meant = set(letters)
    start = 0
    for i in range(1, length + 1):
        if i == length or (i in meant) != (start in meant):
            yield start, i, start in meant
            start = i


_WIDTH = 560
_ROWS = 9
_FROM_TOP = 0.12  # of the window's height
_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -8, Qt.Key.Key_PageDown: 8}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


@dataclass(frozen=True, slots=True)
class Command:
    """An action and its menu."""

    menu: str
    action: QAction

    def entry(self) -> Entry:
        shortcut = self.action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        return Entry(
            text=_plain(self.action.text()),
            menu=self.menu,
            shortcut=shortcut,
            enabled=self.action.isEnabled(),
        )


def commands_of(bar: QMenuBar) -> list[Command]:
    """Return all commands of the menus and submenus, each once."""
    commands: dict[QAction, Command] = {}
    for top in bar.actions():
        menu = top.menu()
        if isinstance(menu, QMenu):
            for command in _inside(menu):
                commands.setdefault(command.action, command)
    return list(commands.values())


def _inside(menu: QMenu) -> Iterator[Command]:
    for action in menu.actions():
        below = action.menu()
        if isinstance(below, QMenu):
            yield from _inside(below)
        elif not action.isSeparator() and action.isVisible():
            yield Command(_plain(menu.title()), action)


def _plain(text: str) -> str:
    """Return the text without the mark of a menu's access key."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")


class Palette(QWidget):
    """Lies over the whole window. Enter runs a command; Esc or a click beside it closes it."""

    def __init__(
        self, commands: Sequence[Command], theme: ThemeController, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._window = parent
        self._commands = commands
        self._entries = [command.entry() for command in commands]
        self._before = parent.window().focusWidget()
        self._frame = QFrame(self)
        self._frame.setObjectName("popover")
        self._frame.setAccessibleName(strings.PALETTE)
        self.query = QLineEdit()
        self.query.setPlaceholderText(strings.PALETTE_HINT)
        self.query.setAccessibleName(strings.PALETTE_HINT)
        self.query.setFont(fonts.reading())
        self.list = QListWidget()
        self.list.setObjectName("paletteList")
        self.list.setAccessibleName(strings.PALETTE)
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setItemDelegate(PaletteRow(theme, self.list))
        column = QVBoxLayout(self._frame)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(8)
        column.addWidget(self.query)
        column.addWidget(self.list)
        self.query.installEventFilter(self)
        parent.installEventFilter(self)
        self.query.textChanged.connect(self._refresh)
        self.list.itemClicked.connect(self._run)
        self._refresh("")

    def open(self) -> None:
        self._place()
        self.show()
        self.raise_()
        self.query.setFocus()

    def close(self) -> bool:
        """Close, and give the focus back."""
        closed = super().close()
        if self._before is not None:
            self._before.setFocus()
        self.deleteLater()
        return closed

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if not self._frame.geometry().contains(event.position().toPoint()):
            self.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Drive the list by the keys that the field gets."""
        if watched is not self.query:
            if event.type() == QEvent.Type.Resize:
                self._place()
            return False
        if not isinstance(event, QKeyEvent):
            return False
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
            event.accept()  # Esc closes the palette and does not stop the reply
            return True
        return event.type() == QEvent.Type.KeyPress and self._pressed(Qt.Key(event.key()))

    def _pressed(self, key: Qt.Key) -> bool:
        if key in _STEPS:
            self._step(_STEPS[key])
        elif key in _ENTER:
            self._run(self.list.currentItem())
        elif key == Qt.Key.Key_Escape:
            self.close()
        return key in _STEPS or key in _ENTER or key == Qt.Key.Key_Escape

    def _place(self) -> None:
        window = self._window
        self.setGeometry(window.rect())
        width = min(_WIDTH, window.width() - 48)
        self._frame.setFixedWidth(width)
        self._frame.adjustSize()
        self._frame.move((window.width() - width) // 2, int(window.height() * _FROM_TOP))

    def _refresh(self, query: str) -> None:
        self.list.clear()
        for match in matches(self._entries, query):
            entry = self._entries[match.row]
            item = QListWidgetItem(entry.text)
            item.setData(MATCH, match)
            item.setData(ENTRY, entry)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, _spoken(entry))
            if not entry.enabled:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self.list.addItem(item)
        if not self.list.count():
            nothing = QListWidgetItem(strings.PALETTE_NOTHING)
            nothing.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(nothing)
        self.list.setCurrentRow(0)
        rows = min(max(self.list.count(), 1), _ROWS)
        self.list.setFixedHeight(rows * ROW_HEIGHT)
        self._frame.adjustSize()

    def _step(self, by: int) -> None:
        self.list.setCurrentRow(min(max(0, self.list.currentRow() + by), self.list.count() - 1))

    def _run(self, item: QListWidgetItem | None) -> None:
        match = None if item is None else item.data(MATCH)
        if not isinstance(match, Match):
            return
        command = self._commands[match.row]
        if command.action.isEnabled():
            self.close()  # first: what the command opens must not be closed with it
            command.action.trigger()


def _spoken(entry: Entry) -> str:
    return ", ".join(part for part in (entry.text, entry.menu, entry.shortcut) if part)
