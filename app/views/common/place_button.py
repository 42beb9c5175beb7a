"""A place below the list of chats: a row of the sidebar that opens something else than a chat."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QPushButton

from app.views.common.icons import icon
from app.views.common.theme import Theme, ThemeController

_ICON = 16


class PlaceButton(QPushButton):
    """Checked while its place is shown. `help_text` has a {shortcut} in it."""

    def __init__(
        self, name: str, text: str, help_text: str, shortcut: str, theme: ThemeController
    ) -> None:
        super().__init__(text)
        self._name = name
        self.setProperty("shape", "row")
        self.setCheckable(True)
        self.setIconSize(QSize(_ICON, _ICON))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        keys = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
        self.setToolTip(help_text.format(shortcut=keys))
        theme.changed.connect(self._paint)
        self._paint(theme.current)

    def _paint(self, theme: Theme) -> None:
        self.setIcon(icon(self._name, theme.color("text"), _ICON))
