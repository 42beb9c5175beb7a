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
from app.viewmodels.undo import Offer, Undo
from app.views.buttons import IconButton
from app.views.theme import ThemeController

SHORTCUT = "Ctrl+Z"
_ABOVE_COMPOSER = 132


class Toast(QFrame):
    """Floats over its parent, and takes no focus. While it is pointed at, it stays."""

    def __init__(self, undo: Undo, theme: ThemeController, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self._undo = undo
        self._around = parent
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
        parent.installEventFilter(self)
        undo.changed.connect(self._show)
        self._show(undo.current)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize:
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
        around = self._around.size()
        self.move(
            (around.width() - self.width()) // 2,
            max(0, around.height() - self.height() - _ABOVE_COMPOSER),
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
