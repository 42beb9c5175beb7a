"""Undo: what was done last is offered for a while to be taken back."""

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
    """A stack of offers, each made after its action was done. Letting one pass does nothing.

    A new offer restarts the time of all: each stands for the whole interval at least.
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
        """Take back what was done last, and offer what was done before it."""
        if self._offers:
            self._offers.pop().undo()
            self._show()

    def forget(self) -> None:
        """Withdraw all offers."""
        self._offers.clear()
        self._show()

    def hold(self) -> None:
        """Stop the time: the user is about to choose."""
        self._timer.stop()

    def release(self) -> None:
        """Start the time again."""
        if self._offers:
            self._timer.start()

    def _show(self) -> None:
        self._timer.stop()
        self.release()
        self.changed.emit(self.current)
