"""How one chat of the list is drawn: title, mark, and what a search found in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QPainter,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import (
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app import strings
from app.domain.conversation import ChatMark, ChatSummary
from app.render.direction import direction as text_direction
from app.viewmodels.common.format import TITLE_LENGTH
from app.viewmodels.sidebar.chat_list_model import CHAT_ROLE, Index
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

_START = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter  # of right-to-left, the right


class ChatDelegate(QStyledItemDelegate):
    def __init__(self, theme: ThemeController, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.open_id = ""
        self.words: tuple[str, ...] = ()  # that are searched for
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
        marks = self._marks(shown)
        if marks:
            _draw_marked(painter, line, shown, font, marks)
            return
        painter.setLayoutDirection(direction(words))
        painter.drawText(line, _START, shown)

    def _marks(self, shown: str) -> list[QTextLayout.FormatRange]:
        """Return where the words that are searched for stand, in the look of what was found."""
        theme, look = self._theme.current, QTextCharFormat()
        look.setBackground(theme.color("selection"))
        look.setForeground(theme.color("text"))
        marks: list[QTextLayout.FormatRange] = []
        for start, end in places(shown, self.words):
            mark = QTextLayout.FormatRange()
            mark.start, mark.length, mark.format = start, end - start, look
            marks.append(mark)
        return marks

    def _paint_ground(
        self, painter: QPainter, row: QRect, open_: bool, hovered: bool, focused: bool
    ) -> None:
        theme = self._theme.current
        veil = QColor(theme.color("text"))
        veil.setAlphaF(OPEN if open_ else _HOVER if hovered else 0.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = theme.color("border") if open_ and theme.strong else Qt.PenStyle.NoPen
        painter.setPen(theme.color("accent") if focused else edge)
        painter.setBrush(veil)
        painter.drawRoundedRect(row.toRectF().adjusted(0.5, 1.5, -0.5, -1.5), _RADIUS, _RADIUS)


def places(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Return where each of `words` begins and ends in `text`, in UTF-16 units, capitals or not."""
    return [
        (_units(text[: match.start()]), _units(text[: match.end()]))
        for word in words
        for match in re.finditer(re.escape(word), text, re.IGNORECASE)
    ]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _draw_marked(
    painter: QPainter, line: QRect, text: str, font: QFont, marks: list[QTextLayout.FormatRange]
) -> None:
    """Draw one line of text from the side it begins at, with marks in it."""
    option = QTextOption(_START)
    option.setTextDirection(direction(text))
    option.setWrapMode(QTextOption.WrapMode.NoWrap)
    layout = QTextLayout(text, font)
    layout.setTextOption(option)
    layout.setFormats(marks)
    layout.beginLayout()
    row = layout.createLine()
    row.setLineWidth(line.width())
    layout.endLayout()
    layout.draw(painter, line.topLeft().toPointF())


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
