"""The folders that are looked through for models, as the Models page unfolds them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app import strings
from app.viewmodels.models.rows import PlaceRow
from app.views.common import fonts
from app.views.common.controls import ElidedLabel, push_button

_LINE = 26  # pixels, of a folder's line: as high as its button


def unfolding(places: tuple[PlaceRow, ...]) -> str:
    """Return what unfolds the folders; the models of one that is not connected are not listed."""
    gone = ", ".join(place.title for place in places if not place.is_connected)
    words = strings.MODELS_PLACES
    return strings.MODELS_PLACES_GONE.format(words=words, names=gone) if gone else words


class PlacesList(QFrame):
    """The folders that are looked through; those of the user's can be forgotten."""

    forget_asked = Signal(str)  # a folder's path

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("modelList")
        self._rows: tuple[PlaceRow, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 10, 10, 10)
        self._column.setSpacing(6)

    def show_rows(self, rows: tuple[PlaceRow, ...], *, shown: bool) -> None:
        self.setVisible(shown and bool(rows))
        if rows == self._rows:
            return
        self._rows = rows
        while (item := self._column.takeAt(0)) is not None:
            if (line := item.widget()) is not None:
                line.hide()
                line.deleteLater()
        for row in rows:
            self._column.addWidget(self._line(row))

    def _line(self, row: PlaceRow) -> QWidget:
        line = QWidget()
        line.setMinimumHeight(_LINE)
        words = ElidedLabel()
        words.setFont(fonts.small())
        words.set_text(f"{row.title} · {row.words} · {row.path}")
        layout = QHBoxLayout(line)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(words, 1)
        if row.is_own:
            forget = push_button(strings.MODELS_FORGET, "link")
            forget.setAccessibleName(strings.MODELS_FORGET_LABEL.format(name=row.title))
            forget.clicked.connect(lambda: self.forget_asked.emit(row.path))
            layout.addWidget(forget)
        return line
