"""What can be taken back: offered for a while, the last first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

OFFERED_MS = 10_000


@dataclass(frozen=True, slots=True)
class Offer:
    text: str  # what was done, in two or three words
    undo: Callable[[], None]


class Undo(QObject):
    """Every offer stands for the whole interval at least: a later one gives the earlier more time.

    What is offered has been done; letting the offer pass does nothing.
    """

    changed = Signal(object)  # Offer | None: what can be undone now

    def __init__(self, interval_ms: int = OFFERED_MS, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._offers: list[Offer] = []
        self._timer = QTimer(self, singleShot=True, interval=interval_ms)
        self._timer.timeout.connect(self.forget)

    @property
    def current(self) -> Offer | None:
        return self._offers[-1] if self._offers else None

    def offer(self, text: str, undo: Callable[[], None]) -> None:
        self._offers.append(Offer(text, undo))
        self._show()

    def undo(self) -> None:
        """The last one; what was done before it is offered next."""
        if self._offers:
            self._offers.pop().undo()
            self._show()

    def forget(self) -> None:
        self._offers.clear()
        self._show()

    def hold(self) -> None:
        """Someone is about to choose: no time passes."""
        self._timer.stop()

    def release(self) -> None:
        if self._offers:
            self._timer.start()

    def _show(self) -> None:
        self._timer.stop()
        self.release()
        self.changed.emit(self.current)
