"""The application object, which the Finder tells of the files that it opens with this program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

Open = Callable[[Sequence[Path]], None]


class Application(QApplication):
    """Keeps what is opened before there is a window, and hands on what comes together at once.

    The files come as events of this object. A filter would see every event of the program, and
    cost time at each.
    """

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self._paths: list[Path] = []
        self._open: Open | None = None
        self._together = QTimer(self, singleShot=True, interval=0)
        self._together.timeout.connect(self._hand_on)

    def open_with(self, handle: Open | None) -> None:
        """Hand files to `handle` from now on, those that came before it too."""
        self._open = handle
        self._together.start()

    def event(self, event: QEvent) -> bool:
        if not isinstance(event, QFileOpenEvent):
            return super().event(event)
        if event.file():  # an address of the web has none: nothing here opens one
            self._paths.append(Path(event.file()))
            self._together.start()
        return True

    def _hand_on(self) -> None:
        if self._open is not None and self._paths:
            paths, self._paths = self._paths, []
            self._open(paths)
