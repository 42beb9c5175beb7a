"""One line near the bottom that says what was done, and takes it back if asked."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QEnterEvent,
    QFocusEvent,
    QKeySequence,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from app import strings
from app.viewmodels.common.undo import Offer, Undo
from app.views.common.buttons import IconButton
from app.views.common.theme import ThemeController

SHORTCUT = "Ctrl+Z"
_GAP = 12


class Toast(QFrame):
    """Floats above `below`, in the same parent, and takes no focus. Pointed at, it stays."""

    def __init__(self, undo: Undo, theme: ThemeController, below: QWidget) -> None:
        super().__init__(below.parentWidget())
        self.setObjectName("toast")
        self._undo = undo
        self._below = below
        self.text = QLabel()
        self.button = _Holding(strings.UNDO, undo)
        self.button.clicked.connect(undo.undo)
        self.close_button = IconButton("close", strings.DISMISS, theme)
        self.close_button.clicked.connect(undo.forget)
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 6, 8, 6)
        row.setSpacing(10)
        row.addWidget(self.text)
        row.addWidget(self.button)
        row.addWidget(self.close_button)
        below.installEventFilter(self)
        undo.changed.connect(self._show)
        self._show(undo.current)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() in {QEvent.Type.Resize, QEvent.Type.Move}:
            self._place()
        return super().eventFilter(watched, event)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        super().enterEvent(event)
        self._undo.hold()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        super().leaveEvent(event)
        self._undo.release()

    def _show(self, offer: Offer | None) -> None:
        self.setVisible(offer is not None)
        if offer is None:
            return
        self.text.setText(offer.text)
        self.setAccessibleName(offer.text)
        self._place()
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, offer.text))

    def _place(self) -> None:
        self.adjustSize()
        base = self._below.geometry()
        self.move(
            max(0, base.center().x() - self.width() // 2),
            max(0, base.top() - _GAP - self.height()),
        )
        self.raise_()


class _Holding(QPushButton):
    """Whoever has reached it by keyboard has time to press it."""

    def __init__(self, text: str, undo: Undo) -> None:
        super().__init__(text)
        self.setProperty("shape", "link")
        keys = QKeySequence(SHORTCUT).toString(QKeySequence.SequenceFormat.NativeText)
        self.setToolTip(strings.UNDO_HELP.format(shortcut=keys))
        self._undo = undo

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        self._undo.hold()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self._undo.release()
