"""Throttles: many requests to do something become few calls."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


class Throttle(QObject):
    """Calls `action` at most once an interval: at once when idle, else when the interval ends.

    The last request is never lost, and no timer runs while nothing is asked for.
    """

    def __init__(
        self, interval_ms: int, action: Callable[[], None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._action = action
        self._wanted = False
        self._interval = interval_ms
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_timeout)

    @property
    def waiting(self) -> bool:
        """Return whether a request made now would have to wait."""
        return self._timer.isActive()

    def set_interval(self, interval_ms: int) -> None:
        """Change the interval, from the next call on."""
        self._interval = interval_ms

    def request(self) -> None:
        """Have `action` called: now, or when the interval ends."""
        self._wanted = True
        if not self.waiting:
            self.flush()

    def flush(self) -> None:
        """Call `action` now, if it was requested; the next call waits its interval."""
        if self._wanted:
            self._wanted = False
            self._timer.start(self._interval)
            self._action()

    def cancel(self) -> None:
        """Withdraw a request that waits."""
        self._wanted = False
        self._timer.stop()

    def _on_timeout(self) -> None:
        self.flush()


GRACE_MS = 70
"""How long, in milliseconds beyond the interval, a call waits for an `offer`."""


class Pace(QObject):
    """Calls `action` once an interval: when a moment is offered, or GRACE_MS later by itself.

    A moment is offered when the window is painted anyway: a change at another time would have it
    painted once more.
    """

    def __init__(
        self,
        interval_ms: int,
        action: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._interval = interval_ms
        self._action = action
        self._clock = clock
        self._since = clock()
        self._timer = QTimer(self, interval=interval_ms + GRACE_MS)
        self._timer.timeout.connect(self._act)

    @property
    def running(self) -> bool:
        return self._timer.isActive()

    def start(self) -> None:
        self._since = self._clock()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def offer(self) -> None:
        """Call `action` now, if the interval has passed."""
        if self.running and 1000 * (self._clock() - self._since) >= self._interval:
            self._act()

    def _act(self) -> None:
        self.start()
        self._action()
