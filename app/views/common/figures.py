"""Numbers that say what they mean, where one points at them or reaches them by keyboard."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolTip, QWidget

from app import strings
from app.viewmodels.chat.footer import Figure
from app.views.common import fonts
from app.views.common.controls import plain_tip

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


def _reached(shown: Sized) -> Qt.FocusPolicy:
    """Return that Tab reaches what is shown, if there is anything."""
    return Qt.FocusPolicy.TabFocus if shown else Qt.FocusPolicy.NoFocus


class FigureLabel(QLabel):
    """One number; with the focus it shows its meaning as its tooltip."""

    def __init__(self, font: QFont, tone: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(font)
        self.setProperty("tone", tone)
        self.setProperty("figure", True)
        self.setIndent(0)  # its ring would else push the text aside
        self.setTextFormat(Qt.TextFormat.PlainText)

    def show_figure(self, text: str, meaning: str) -> None:
        self.setText(text)
        self.setFocusPolicy(_reached(text))
        self.setToolTip(plain_tip(meaning))
        self.setAccessibleDescription(meaning)

    def tell(self) -> None:
        """Show the meaning now."""
        QToolTip.showText(self.mapToGlobal(QPoint(0, self.height())), self.toolTip(), self)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        self.tell()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        QToolTip.hideText()


_BETWEEN = strings.SEPARATOR.rstrip()
"""Separates a number from the next one."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """The part of a number that stands in one line; most numbers stand in one line whole."""

    figure: int  # which of the numbers
    text: str
    area: QRect


class Figures(QWidget):
    """Numbers in a line, or in several where it is narrow, with one place in the order of Tab.

    The arrow keys go from one number to the next: a chat has hundreds, and Tab is to reach the next
    message. They are drawn, because a label for each would cost more than the text of the reply.
    """

    def __init__(self, tone: str = "muted", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._at = 0
        self._shown: tuple[Figure, ...] = ()
        self._pieces: list[_Piece] = []
        self.setObjectName("figures")
        self.setProperty("tone", tone)
        self.setFont(fonts.small())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._fit()

    @property
    def text(self) -> str:
        return strings.SEPARATOR.join(figure.text for figure in self._shown)

    @property
    def current(self) -> Figure | None:
        """The number that the arrow keys have gone to."""
        return self._shown[self._at] if self._shown else None

    @property
    def areas(self) -> tuple[QRect, ...]:
        """Where each number is drawn."""
        joined = [QRect() for _ in self._shown]
        for piece in self._pieces:
            joined[piece.figure] = joined[piece.figure].united(piece.area)
        return tuple(joined)

    def show_figures(self, figures: Sequence[Figure], tone: str | None = None) -> None:
        self._shown = tuple(figures)
        self._at = min(self._at, max(0, len(figures) - 1))
        self.setFocusPolicy(_reached(figures))
        if tone is not None and self.property("tone") != tone:
            self.setProperty("tone", tone)
            _polish(self)
        self.setAccessibleName(self.text)
        self._fit()
        self._mark()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(self.fontMetrics().horizontalAdvance(self.text) + 2, self.height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(self.fontMetrics().averageCharWidth() * 12, self.height())

    def event(self, event: QEvent) -> bool:
        """Say what the number under the pointer means."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = event.pos()
            at = next((p.figure for p in self._pieces if p.area.contains(place)), None)
            tip = "" if at is None else plain_tip(self._shown[at].meaning)
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        plain, marked = self.font(), self.font()
        marked.setUnderline(True)
        painter.setPen(self.palette().color(self.foregroundRole()))
        for piece in self._pieces:
            painter.setFont(marked if self.hasFocus() and piece.figure == self._at else plain)
            painter.drawText(piece.area, _DRAWN, piece.text)
        painter.setFont(plain)
        for piece, after in pairwise(self._pieces):
            if after.figure != piece.figure:
                beside = piece.area.translated(piece.area.width(), 0)
                painter.drawText(beside, _DRAWN | Qt.TextFlag.TextDontClip, _BETWEEN)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None or not self._shown:
            super().keyPressEvent(event)
            return
        self._at = (self._at + step) % len(self._shown)
        self._mark()
        self._tell()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        self._mark()
        self._tell()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self._mark()
        QToolTip.hideText()

    def _tell(self) -> None:
        """Show the meaning of the current number now."""
        if self._shown:
            place = self.areas[self._at].bottomLeft()
            tip = plain_tip(self._shown[self._at].meaning)
            QToolTip.showText(self.mapToGlobal(place), tip, self)

    def _mark(self) -> None:
        """Underline the number whose meaning is shown, and name it for assistive technology."""
        self.setAccessibleDescription("" if self.current is None else self.current.meaning)
        self.update()

    def _fit(self) -> None:
        """Place the numbers, and take on the height of their lines."""
        self._pieces = self._placed(max(1, self.width()))
        lines = self._pieces[-1].area.bottom() + 1 if self._pieces else self._line_height()
        if self.minimumHeight() != lines or self.maximumHeight() != lines:
            self.setFixedHeight(lines)
        self.update()

    def _line_height(self) -> int:
        return self.fontMetrics().height() + 2

    def _placed(self, room: int) -> list[_Piece]:
        """Return the numbers in lines of `room` pixels; only what needs more is cut at a space."""
        pieces: list[_Piece] = []
        metrics, height = self.fontMetrics(), self._line_height()
        gap = metrics.horizontalAdvance(strings.SEPARATOR)
        mark = metrics.horizontalAdvance(_BETWEEN)
        x = y = 0
        for at, figure in enumerate(self._shown):
            after = mark if at < len(self._shown) - 1 else 0
            for text in _cut(figure.text, metrics, room - after):
                width = metrics.horizontalAdvance(text)
                if x and x + width + after > room:
                    x, y = 0, y + height
                pieces.append(_Piece(at, text, QRect(x, y, width, height)))
                x += width + gap
        return pieces


_DRAWN = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def _cut(text: str, metrics: QFontMetrics, room: int) -> list[str]:
    """Return the text, in several lines where one of `room` pixels does not hold it."""
    if metrics.horizontalAdvance(text) <= room:
        return [text]
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and metrics.horizontalAdvance(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _polish(widget: QWidget) -> None:
    widget.style().unpolish(widget)
    widget.style().polish(widget)
