"""What is to happen every so often, and best together with something else."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QObject, QTimer

GRACE_MS = 70
"""How long a call waits for company."""


class Pace(QObject):
    """Calls `action` at most once an interval: with what is offered, or a little later without.

    Whatever changes in a window by itself has it painted once more.
    """

    def __init__(
        self, interval_ms: int, action: Callable[[], None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._interval = interval_ms
        self._action = action
        self._since = QElapsedTimer()
        self._timer = QTimer(self, interval=interval_ms + GRACE_MS)
        self._timer.timeout.connect(self._act)

    @property
    def running(self) -> bool:
        return self._timer.isActive()

    def start(self) -> None:
        self._since.start()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def offer(self) -> None:
        """A good moment, if the time has come."""
        if self.running and self._since.hasExpired(self._interval - 1):
            self._act()

    def _act(self) -> None:
        self.start()
        self._action()
