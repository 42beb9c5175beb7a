"""Files of a message: dropping and choosing them, and a chip for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app import strings
from app.domain.conversation import Attachment
from app.viewmodels.chat.composing import file_detail
from app.views.common import fonts
from app.views.common.controls import IconButton, icon
from app.views.common.flow_layout import FlowLayout
from app.views.common.theme import Theme, ThemeController


def local_files(mime: QMimeData) -> list[Path]:
    """Return files on this computer; an address from the web is text like any other."""
    urls = mime.urls() if mime.hasUrls() else []
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]


def ask_for_files(parent: QWidget) -> Sequence[Path]:
    chosen, _filter = QFileDialog.getOpenFileNames(parent, strings.ATTACH_TITLE)
    return [Path(name) for name in chosen]


class FileDrop(QObject):
    """Takes files dropped on any part of a window that takes no drop itself."""

    dropped = Signal(list)  # Path
    hovering = Signal(bool)  # files are dragged over the window

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        match event:
            case QDropEvent() if event.type() == QEvent.Type.Drop:
                self.hovering.emit(False)
                return self._take(event)
            case QDragEnterEvent() | QDragMoveEvent() if local_files(event.mimeData()):
                self.hovering.emit(True)
                event.acceptProposedAction()
                return True
            case _ if event.type() == QEvent.Type.DragLeave:
                self.hovering.emit(False)
                return False
            case _:
                return super().eventFilter(watched, event)

    def _take(self, event: QDropEvent) -> bool:
        files = local_files(event.mimeData())
        if files:
            event.acceptProposedAction()
            self.dropped.emit(files)
        return bool(files)


_NAME_WIDTH = 220
_ICON = 15
_REMOVE = 22


class Chip(QFrame):
    """One file; `remove` exists where the file can still be removed."""

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
        """Show the size; the tokens are counted a moment later."""
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
        """Show a chip a file; chips of files that stay keep their places and the focus."""
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
