"""Attached files: a chip each, with its name and how large it is."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app import strings
from app.domain.conversation import Attachment
from app.viewmodels.chat.composing import file_detail
from app.views.common import fonts
from app.views.common.buttons import IconButton
from app.views.common.flow_layout import FlowLayout
from app.views.common.icons import icon
from app.views.common.theme import Theme, ThemeController

_NAME_WIDTH = 220
_ICON = 15
_REMOVE = 22


class Chip(QFrame):
    """`remove` is there where the file can still be taken off."""

    def __init__(
        self, file: Attachment, theme: ThemeController, *, removable: bool, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("chip")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._picture = QLabel()
        name = QLabel()
        name.setFont(fonts.small())
        name.setTextFormat(Qt.TextFormat.PlainText)
        name.setText(
            name.fontMetrics().elidedText(file.name, Qt.TextElideMode.ElideMiddle, _NAME_WIDTH)
        )
        self.detail = QLabel()
        self.detail.setFont(fonts.small())
        self.detail.setProperty("tone", "muted")
        self.setToolTip(file.name)
        self.show_detail(file)
        row = QHBoxLayout(self)
        row.setContentsMargins(9, 3, 4 if removable else 11, 3)
        row.setSpacing(7)
        for part in (self._picture, name, self.detail):
            row.addWidget(part)
        self.remove: IconButton | None = None
        if removable:
            self.remove = IconButton("close", strings.TAKE_OFF.format(name=file.name), theme)
            self.remove.setFixedSize(_REMOVE, _REMOVE)
            row.addWidget(self.remove)
        self.setFixedHeight(self.fontMetrics().height() + 14)
        theme.changed.connect(self._paint)
        self._paint(theme.current)

    def show_detail(self, file: Attachment) -> None:
        """Its tokens are known a moment later than the file."""
        self.detail.setText(file_detail(file))
        self.setAccessibleName(f"{file.name}, {self.detail.text()}")

    def _paint(self, theme: Theme) -> None:
        drawing = icon("file", theme.color("text_muted"), _ICON)
        self._picture.setPixmap(drawing.pixmap(_ICON, _ICON))


class ChipRow(QWidget):
    removed = Signal(str)  # the file's key

    def __init__(
        self, theme: ThemeController, *, removable: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._removable = removable
        self.chips: dict[str, Chip] = {}
        self._flow = FlowLayout(self, from_right=not removable)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(strings.ATTACHED)
        self.hide()

    def show_files(self, files: Mapping[str, Attachment]) -> None:
        """Chips of files that stay keep their places, and the focus that may be in them."""
        for key in self.chips.keys() - files.keys():
            chip = self.chips.pop(key)
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        for key, file in files.items():
            if key in self.chips:
                self.chips[key].show_detail(file)
            else:
                self.chips[key] = self._chip(key, file)
                self._flow.addWidget(self.chips[key])
        self.setVisible(bool(files))

    def _chip(self, key: str, file: Attachment) -> Chip:
        chip = Chip(file, self._theme, removable=self._removable, parent=self)
        if chip.remove is not None:
            chip.remove.clicked.connect(lambda: self.removed.emit(key))
        return chip
