"""Acceptance by draft position: a bar each, with its number."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app import strings
from app.viewmodels.common import format as fmt
from app.views.common import fonts
from app.views.common.theme import Theme, ThemeController
from mtp_mlx.wire import MAX_DEPTH

_GAP = 6
_HEIGHT = 34


class PositionBars(QWidget):
    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme.current
        self._shares: tuple[float, ...] = ()
        self.setFixedHeight(_HEIGHT + self._label_height())
        self.setAccessibleName(strings.BY_POSITION)
        theme.changed.connect(self._on_theme)

    def show_shares(self, shares: tuple[float, ...]) -> None:
        if shares != self._shares:
            self._shares = shares
            self.setAccessibleDescription(", ".join(fmt.percent(share) for share in shares))
            self.setToolTip(
                "\n".join(
                    strings.POSITION.format(position=i, percent=fmt.percent(share))
                    for i, share in enumerate(shares, 1)
                )
            )
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        if not self._shares:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(fonts.small())
        count = MAX_DEPTH  # a bar keeps its place and width whatever K does
        width = (self.width() - _GAP * (count - 1)) / count
        for i, share in enumerate(self._shares):
            self._draw(painter, QRectF(i * (width + _GAP), 0, width, _HEIGHT), share)

    def _draw(self, painter: QPainter, slot: QRectF, share: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("chart_grid"))
        painter.drawRoundedRect(slot, 4, 4)
        bar = slot.adjusted(0, slot.height() * (1 - share), 0, 0)
        painter.setBrush(self._theme.color("chart_mtp"))
        painter.drawRoundedRect(bar, 4, 4)
        painter.setPen(self._theme.color("text_muted"))
        label = QRectF(slot.left(), slot.bottom() + 2, slot.width(), self._label_height())
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, f"{share * 100:.0f}")

    def _label_height(self) -> int:
        return self.fontMetrics().height() + 2

    def _on_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()
