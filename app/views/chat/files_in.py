"""Files that are dropped or pasted, in whatever part of the window it happens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from app import strings


def local_files(mime: QMimeData) -> list[Path]:
    """What lies on this machine; an address from the web is text like any other."""
    urls = mime.urls() if mime.hasUrls() else []
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]


def ask_for_files(parent: QWidget) -> Sequence[Path]:
    chosen, _filter = QFileDialog.getOpenFileNames(parent, strings.ATTACH_TITLE)
    return [Path(name) for name in chosen]


class FileDrop(QObject):
    """Watches a window: what is dropped on any part of it that wants no drop itself."""

    dropped = Signal(list)  # Path
    hovering = Signal(bool)  # files are held over the window

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
