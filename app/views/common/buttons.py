"""Buttons that keep up with the theme and have a name for those who cannot see them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QIcon
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from app.views.common.icons import icon
from app.views.common.theme import Theme, ThemeController

_ICON = 16


class IconButton(QToolButton):
    """`label` is its tooltip and its name."""

    focus_changed = Signal()

    def __init__(
        self,
        name: str,
        label: str,
        theme: ThemeController,
        parent: QWidget | None = None,
        *,
        token: str = "text_muted",  # noqa: S107  (a colour's name)
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._token = token
        self._shown = True
        self.setIconSize(QSize(_ICON, _ICON))
        self.setAutoRaise(True)
        self.setProperty("compact", True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_label(label)
        self._paint(theme.current)
        self._theme = theme
        theme.changed.connect(self._paint)

    def set_label(self, label: str) -> None:
        self.setToolTip(label)
        self.setAccessibleName(label.removesuffix("…"))

    def set_icon(self, name: str, token: str | None = None) -> None:
        self._name = name
        self._token = token or self._token
        self._paint(self._theme.current)

    def set_shown(self, shown: bool) -> None:
        """Without its picture it keeps its place, and can be reached by the keyboard."""
        if shown != self._shown:
            self._shown = shown
            self._paint(self._theme.current)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def _paint(self, theme: Theme) -> None:
        drawing = icon(self._name, theme.color(self._token), _ICON) if self._shown else QIcon()
        self.setIcon(drawing)


def push_button(text: str, shape: str, parent: QWidget | None = None) -> QPushButton:
    """`shape` as the style sheet knows it: outline, filled or card."""
    button = QPushButton(text, parent)
    button.setProperty("shape", shape)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    return button
