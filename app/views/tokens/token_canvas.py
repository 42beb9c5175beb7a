"""Tokens painted by their origin, in lines; keyboard and mouse point at a round.

Colour never carries meaning alone: accepted drafts stand on a filled and underlined box, the
target's own choices are plain text, rejected drafts are small and struck through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip, QWidget

from app import strings
from app.domain.conversation import RoundRecord
from app.viewmodels.tokens.token_view import Item, Kind, TokenLayout, round_text, token_runs
from app.views.common import fonts
from app.views.common.theme import Theme, ThemeController


def token_font(kind: Kind) -> QFont:
    font = fonts.small() if kind == "rejected" else fonts.reading()
    font.setStrikeOut(kind == "rejected")
    return font


def paint_token(painter: QPainter, theme: Theme, box: QRectF, text: str, kind: Kind) -> None:
    """Paint in the painter's font, in the middle of `box`, which is as wide as the text."""
    if kind == "drafted":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("drafted_soft"))
        painter.drawRect(box)
        painter.setPen(QPen(theme.color("drafted"), 1.5))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
    painter.setPen(theme.color({"drafted": "drafted", "target": "text"}.get(kind, "rejected")))
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, text)


_MARGIN = 48  # pixels kept between what is scrolled to and the edge


def reveal(view: QWidget, y: int) -> None:
    """Scroll pixel `y` of `view` into sight; no effect where nothing scrolls `view`."""
    area = view.parentWidget()
    while area is not None and not isinstance(area, QScrollArea):
        area = area.parentWidget()
    page = None if area is None else area.widget()
    if area is not None and page is not None:
        place = view.mapTo(page, QPoint(0, y))
        area.ensureVisible(place.x(), place.y(), 0, _MARGIN)


_MARK = 5.0  # pixels before a round for the mark of its beginning
_TICK = 7.0  # pixels, the mark's height
_LEADING = 1.5  # line height over text height
_SLICE = 200  # rounds laid out in one turn of the event loop
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class TokenCanvas(QWidget):
    """Paints the tokens of `rounds`, to which a reply being written appends."""

    pointed = Signal(object)  # a round's index in the list, or None

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme.current
        self._rounds: Sequence[RoundRecord] = ()
        self._set = 0  # rounds laid out
        self._at: int | None = None  # the round that is pointed at
        self._widths: dict[tuple[str, Kind], float] = {}
        self._more = QTimer(self, singleShot=True, interval=0)
        self._more.timeout.connect(self._lay_out)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(strings.TOKENS_OF_REPLY)
        self._choose_fonts()
        self.layout_ = TokenLayout(self.width(), self._measure, _MARK)
        theme.changed.connect(self._on_theme)

    @property
    def settled(self) -> bool:
        """Return whether all rounds are laid out."""
        return self._set == len(self._rounds)

    def show_rounds(self, rounds: Sequence[RoundRecord]) -> None:
        self._rounds = rounds
        if not self._more.isActive():
            self._lay_out()

    def show_others(self, rounds: Sequence[RoundRecord]) -> None:
        self._at = None
        self._rounds = rounds
        self._start_over()

    def point_at(self, place: int | None) -> None:
        if place == self._at:
            return
        self._update_round(self._at)
        self._at = place
        self._update_round(place)
        text = "" if place is None else round_text(self._rounds[place])
        self.setAccessibleDescription(text)
        self.pointed.emit(place)

    def item_at(self, position: QPointF) -> Item | None:
        return self.layout_.at(position.x(), int(position.y() // self.line_height))

    # Events

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._start_over()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() is QEvent.Type.ApplicationFontChange:
            self.change_fonts()

    def change_fonts(self) -> None:
        """Lay the tokens out again in the fonts of now."""
        self._choose_fonts()
        self._start_over()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        item = self.item_at(event.position())
        self.point_at(None if item is None else item.run.round)
        text = "" if item is None else round_text(self._rounds[item.run.round])
        QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def leaveEvent(self, _event: QEvent) -> None:  # noqa: N802
        if not self.hasFocus():
            self.point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None or not self._rounds:
            super().keyPressEvent(event)
            return
        place = -1 if self._at is None and step > 0 else self._at or 0
        place = max(0, min(place + step, len(self._rounds) - 1))
        self.point_at(place)
        lines = self.layout_.lines_of(place)
        if lines is not None:
            reveal(self, int((sum(lines) / 2 + 0.5) * self.line_height))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        seen = event.rect()
        first = int(seen.top() // self.line_height)
        last = int(seen.bottom() // self.line_height)
        for item in self.layout_.within(first, last):
            self.paint_item(painter, item)

    # Painting

    def paint_item(self, painter: QPainter, item: Item) -> None:
        box = self.box(item)
        if item.mark:
            painter.setPen(QPen(self._theme.color("text_muted"), 1))
            foot = QPointF(item.x + _MARK / 2, box.bottom() + 3)
            painter.drawLine(foot, foot - QPointF(0, _TICK))
        painter.setFont(self._fonts[item.run.kind])
        paint_token(painter, self._theme, box, item.text, item.run.kind)
        if item.run.round == self._at:
            painter.setPen(QPen(self._theme.color("accent"), 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box)

    def box(self, item: Item) -> QRectF:
        """Return where an item is painted, in pixels."""
        left = item.x + (_MARK if item.mark else 0)
        top = item.line * self.line_height + (self.line_height - self._text_height) / 2
        return QRectF(left, top, item.x + item.width - left, self._text_height)

    def _update_round(self, place: int | None) -> None:
        lines = None if place is None else self.layout_.lines_of(place)
        if lines is not None:
            self._update_lines(*lines)

    def _update_lines(self, first: int, last: int) -> None:
        top = int(first * self.line_height)
        height = int((last - first + 1) * self.line_height) + 2
        self.update(QRect(0, top, self.width(), height))

    def _on_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    # Layout

    def _choose_fonts(self) -> None:
        self._widths.clear()
        self._fonts: dict[Kind, QFont] = {kind: token_font(kind) for kind in get_args(Kind)}
        self._metrics = {kind: QFontMetricsF(font) for kind, font in self._fonts.items()}
        self._text_height = self._metrics["target"].height()
        self.line_height = self._text_height * _LEADING

    def _measure(self, text: str, kind: Kind) -> float:
        key = (text, kind)
        if key not in self._widths:
            self._widths[key] = self._metrics[kind].horizontalAdvance(text)
        return self._widths[key]

    def _start_over(self) -> None:
        self.layout_ = TokenLayout(self.width(), self._measure, _MARK)
        self._set = 0
        self._lay_out()

    def _lay_out(self) -> None:
        changed = max(0, len(self.layout_.lines) - 2)
        end = min(self._set + _SLICE, len(self._rounds))
        for place in range(self._set, end):
            for run in token_runs(self._rounds[place], place):
                self.layout_.add(run)
        self._set = end
        lines = len(self.layout_.lines)
        self.setFixedHeight(max(1, round(lines * self.line_height)))
        self._update_lines(changed, lines)
        if not self.settled:
            self._more.start()
