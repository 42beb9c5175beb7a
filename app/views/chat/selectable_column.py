"""A column of texts that are selected as one: from a paragraph over a list to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from app.views.chat.scrolled_column import ScrolledColumn
from app.views.chat.selecting import Selecting
from app.views.chat.selection import Selection
from app.views.common.theme import ThemeController

if TYPE_CHECKING:
    from app.views.chat.selectable import SelectableText


class SelectableColumn(ScrolledColumn):
    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.selection = Selection(self, self.texts)
        self.selecting = Selecting(self, self.selection)

    def texts(self) -> Sequence[Sequence[SelectableText]]:
        """For those who build on this: those of each message, in reading order."""
        return ()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Beside all texts."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.selection.clear()
        super().mousePressEvent(event)


def column_of(text: QWidget) -> SelectableColumn | None:
    """None where a text stands alone."""
    around = text.parentWidget()
    while around is not None and not isinstance(around, SelectableColumn):
        around = around.parentWidget()
    return around
