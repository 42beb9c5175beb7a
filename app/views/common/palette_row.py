"""How the palette draws a command."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.viewmodels.common.palette import Entry, Match
from app.views.common import fonts
from app.views.common.theme import ThemeController

MATCH = Qt.ItemDataRole.UserRole
ENTRY = Qt.ItemDataRole.UserRole + 1
ROW_HEIGHT = 34
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class PaletteRow(QStyledItemDelegate):
    """One row: what it does, where else it is found, and its shortcut."""

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
    """The letters that were typed are bold, so that one sees why this is here."""
    at = rect.left()
    for start, end, bold in _runs(len(text), letters):
        font: QFont = fonts.strong() if bold else fonts.ui()
        painter.setFont(font)
        metrics = QFontMetrics(font)
        piece = metrics.elidedText(text[start:end], Qt.TextElideMode.ElideRight, rect.right() - at)
        painter.drawText(at, rect.top(), rect.width(), rect.height(), _LEFT, piece)
        at += metrics.horizontalAdvance(piece)


def _runs(length: int, letters: tuple[int, ...]) -> Iterator[tuple[int, int, bool]]:
    """Neighbouring letters drawn alike: (start, end, whether they were meant)."""
    meant = set(letters)
    start = 0
    for i in range(1, length + 1):
        if i == length or (i in meant) != (start in meant):
            yield start, i, start in meant
            start = i
