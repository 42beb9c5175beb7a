"""The folders in which models are looked for; those of the user's can be forgotten."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app import strings
from app.viewmodels.models.rows import PlaceRow
from app.views.common import fonts
from app.views.common.controls import ElidedLabel, push_button

_LINE = 26  # pixels, of a folder's line: as high as its button


class PlacesList(QFrame):
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
