"""A switch: a check box that looks like what it does."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from app.views.common.theme import Theme, ThemeController

_WIDTH = 38
_HEIGHT = 22
_RING = 2


class Switch(QAbstractButton):
    def __init__(self, name: str, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme.current
        self.setCheckable(True)
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.changed.connect(self._on_theme)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(_WIDTH + 2 * _RING + 2, _HEIGHT + 2 * _RING + 2)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(0, 0, _WIDTH, _HEIGHT)
        track.moveCenter(QRectF(self.rect()).center())
        on = self.isChecked()
        if not self.isEnabled():
            painter.setOpacity(0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("accent" if on else "text_muted"))
        painter.drawRoundedRect(track, _HEIGHT / 2, _HEIGHT / 2)
        painter.setBrush(self._theme.color("accent_text" if on else "surface"))
        knob = QRectF(0, 0, _HEIGHT - 6, _HEIGHT - 6)
        knob.moveTop(track.top() + 3)
        knob.moveLeft(track.right() - knob.width() - 3 if on else track.left() + 3)
        painter.drawEllipse(knob)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("accent"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            ring = track.adjusted(-_RING, -_RING, _RING, _RING)
            painter.drawRoundedRect(ring, ring.height() / 2, ring.height() / 2)

    def _on_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()
