"""Notices an engine that lives but no longer answers."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from app.engine.state import EngineState, Generating, Loading, Ready
from app.engine.supervisor import Supervisor
from app.engine.worker import Worker
from mtp_mlx.wire import Ping

PING_MS = 5_000
SILENCE_S = 20.0


class Watch(QObject):
    """The worker answers a ping from a thread of its own, also in mid-reply and while it loads.

    It is never killed for being silent: only its user knows what it may be busy with.
    """

    silent = Signal(float)  # for how many seconds; 0: it speaks again

    def __init__(
        self,
        worker: Worker,
        supervisor: Supervisor,
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
        supervisor.state_changed.connect(self._on_state)

    def look(self) -> None:
        silence = self._clock() - self._heard
        if silence > SILENCE_S:
            self._is_silent = True
            self.silent.emit(silence)
        self._worker.send(Ping())

    def _on_event(self) -> None:
        self._heard = self._clock()
        if self._is_silent:
            self._is_silent = False
            self.silent.emit(0.0)

    def _on_state(self, state: EngineState) -> None:
        """A process that is starting, dead or given up has nothing to answer."""
        if not isinstance(state, Loading | Ready | Generating):
            self._timer.stop()
        elif not self._timer.isActive():
            self._heard = self._clock()
            self._timer.start()
