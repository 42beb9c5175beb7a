"""Notices a worker that lives but no longer answers."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from app.engine.worker import Worker
from mtp_mlx.wire import Ping

PING_MS = 5_000
SILENCE_S = 20.0


class Watch(QObject):
    """Pings the worker from its first event to its death, and says when no answer comes.

    A worker answers from a thread of its own, also in mid-reply and while it loads. A silent one
    is not killed: only the user knows what it may be busy with.
    """

    silent = Signal(float)  # seconds without an answer; 0: the worker answers again

    def __init__(
        self,
        worker: Worker,
        clock: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._worker = worker
        self._clock = clock
        self._heard = clock()
        self._is_silent = False
        self._timer = QTimer(self, interval=PING_MS)
        self._timer.timeout.connect(self.look)
        worker.received.connect(self._on_event)
        worker.died.connect(self._timer.stop)

    @property
    def watching(self) -> bool:
        return self._timer.isActive()

    def look(self) -> None:
        """Send a ping; emit `silent` where the last answer is too long ago."""
        silence = self._clock() - self._heard
        if silence > SILENCE_S:
            self._is_silent = True
            self.silent.emit(silence)
        self._worker.send(Ping())

    def _on_event(self) -> None:
        self._heard = self._clock()
        if not self.watching:
            self._timer.start()
        if self._is_silent:
            self._is_silent = False
            self.silent.emit(0.0)
