"""One of a few, side by side: all can be seen before one is chosen."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QToolButton, QWidget


class Segments(QFrame):
    """`names` maps what is chosen to its words."""

    chosen = Signal(str)

    def __init__(self, label: str, names: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("segments")
        self.setAccessibleName(label)
        self.buttons = {key: self._button(label, text) for key, text in names.items()}
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        for key, button in self.buttons.items():
            group.addButton(button)
            row.addWidget(button, 1)
            button.toggled.connect(lambda on, key=key: self._on_toggled(key, on=on))

    @property
    def value(self) -> str:
        return next(key for key, button in self.buttons.items() if button.isChecked())

    def choose(self, key: str) -> None:
        self.buttons[key].setChecked(True)

    def _on_toggled(self, key: str, *, on: bool) -> None:
        if on:
            self.chosen.emit(key)

    def _button(self, label: str, text: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setCheckable(True)
        button.setAccessibleName(f"{label}: {text}")
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = button.sizePolicy()
        policy.setHorizontalPolicy(policy.Policy.Expanding)
        button.setSizePolicy(policy)
        return button
