"""Dragging a file out of a button: into a mail, a chat or a folder of another program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QAbstractButton, QApplication


def file_data(path: Path) -> QMimeData:
    """Return what another program takes as that file."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    return data


def carry(button: QAbstractButton, data: QMimeData) -> None:
    """Carry a copy of the file until the mouse button is released."""
    drag = QDrag(button)
    drag.setMimeData(data)
    drag.exec(Qt.DropAction.CopyAction)


class DragOut(QObject):
    """Makes a button give a file to whatever it is dragged to; a click stays a click.

    The file is asked for as the button is pressed, with `wanted`, and given with `give` once it is
    written. The drag begins when the mouse has moved and the file is there.
    """

    wanted = Signal()

    def __init__(
        self,
        button: QAbstractButton,
        carry: Callable[[QAbstractButton, QMimeData], None] = carry,
    ) -> None:
        super().__init__(button)
        self._button = button
        self._carry = carry
        self._pressed: QPoint | None = None
        self._moved = False
        self._file: Path | None = None
        button.installEventFilter(self)

    def give(self, file: Path) -> None:
        """Take the file that was asked for."""
        self._file = file
        if self._moved:
            self._begin()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if not isinstance(event, QMouseEvent):
            return super().eventFilter(watched, event)
        if event.type() is QEvent.Type.MouseButtonPress and event.button() == _LEFT:
            self._pressed, self._moved, self._file = event.position().toPoint(), False, None
            self.wanted.emit()
        elif event.type() is QEvent.Type.MouseMove and self._pressed is not None:
            way = (event.position().toPoint() - self._pressed).manhattanLength()
            if way >= QApplication.startDragDistance() and not self._moved:
                self._moved = True
                self._button.setDown(False)
                self._begin()
            return self._moved  # the button would go down again
        elif event.type() is QEvent.Type.MouseButtonRelease:
            self._pressed = None
            return self._moved  # a drag is no click
        return super().eventFilter(watched, event)

    def _begin(self) -> None:
        """Begin the drag, unless the file is still being written or the button was released."""
        if self._file is not None and self._pressed is not None:
            self._carry(self._button, file_data(self._file))


_LEFT = Qt.MouseButton.LeftButton
