"""A ring around the widget that has the keyboard, where it draws none of its own."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QLineEdit,
    QPlainTextEdit,
    QSplitter,
    QWidget,
)
from shiboken6 import isValid

from app.views.common.theme import Theme, ThemeController

_GAP = 3  # pixels between the widget and the ring
_RADIUS = 6.0
_OWN = (QAbstractButton, QAbstractItemView, QAbstractSpinBox, QLineEdit, QPlainTextEdit)
"""These draw their focus, in the style sheet or by themselves."""
_OWN_NAMES = frozenset({"overlay"})
_NOT_OWN_NAMES = frozenset({"laneText"})


class FocusRing(QObject):
    """Follows the focus through all windows; a click leaves no ring behind."""

    def __init__(self, theme: ThemeController, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._around: QWidget | None = None
        self._ring: _Ring | None = None
        theme.changed.connect(self._on_theme)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() in {QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show}:
            self._place()
        return super().eventFilter(watched, event)

    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        if self._around is not None and isValid(self._around):
            self._around.removeEventFilter(self)
        self._around = None
        if self._ring is not None and isValid(self._ring):
            self._ring.hide()
        clicked = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
        if now is not None and not clicked and _needs_ring(now):
            self._around = now
            now.installEventFilter(self)
            self._show_beside(now)

    def _show_beside(self, widget: QWidget) -> None:
        """Make the ring a sibling of the widget, so that both scroll and are clipped alike."""
        parent = widget.parentWidget()
        if parent is None or isinstance(parent, QSplitter):  # which would make a pane of it
            parent = widget.window()
        if self._ring is None or not isValid(self._ring):  # it goes with its parent
            self._ring = _Ring()
        self._ring.color = self._theme.current.color("accent")
        self._ring.setParent(parent)
        self._place()
        self._ring.show()
        self._ring.raise_()

    def _place(self) -> None:
        around, ring = self._around, self._ring
        parent = ring.parentWidget() if ring is not None and isValid(ring) else None
        if around is None or ring is None or parent is None:
            return
        area = around.rect().translated(around.mapTo(parent, around.rect().topLeft()))
        ring.setGeometry(area.adjusted(-_GAP, -_GAP, _GAP, _GAP).intersected(parent.rect()))

    def _on_theme(self, theme: Theme) -> None:
        if self._ring is not None and isValid(self._ring):
            self._ring.color = theme.color("accent")
            self._ring.update()


class _Ring(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.color = QColor()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.color, 1.5))
        edge = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(edge, _RADIUS, _RADIUS)


def _needs_ring(widget: QWidget) -> bool:
    if widget.objectName() in _NOT_OWN_NAMES or isinstance(widget, QCheckBox):
        return True
    return not isinstance(widget, _OWN) and widget.objectName() not in _OWN_NAMES
