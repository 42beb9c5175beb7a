"""What was done and can be undone, the last first; and what a toast says of it for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from app import strings

OFFERED_MS = 10_000
_MOST = 100  # deletions that can be undone in one session


@dataclass(frozen=True, slots=True)
class Offer:
    """`text` is what was done, in a few words; `act` is what the toast's button does.

    `undoes` is False for a button that leads on, such as to a file that was saved.
    """

    text: str
    act: Callable[[], None]
    label: str = strings.UNDO
    undoes: bool = True


class Undo(QObject):
    """A toast stands for the whole interval at least: a later one gives the earlier more time.

    What is offered has been done. A toast that passes takes nothing with it: `undo` undoes the last
    deletion of this session whenever it is called.
    """

    changed = Signal(object)  # Offer | None: the one that is shown

    def __init__(self, interval_ms: int = OFFERED_MS, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shown: list[Offer] = []
        self._done: list[Offer] = []  # those that undo something, shown or not
        self._timer = QTimer(self, singleShot=True, interval=interval_ms)
        self._timer.timeout.connect(self.forget)

    @property
    def current(self) -> Offer | None:
        """The offer that is shown."""
        return self._shown[-1] if self._shown else None

    @property
    def possible(self) -> bool:
        """Whether `undo` has something to undo."""
        return bool(self._done)

    def offer(self, text: str, undo: Callable[[], None]) -> None:
        offer = Offer(text, undo)
        self._done = [*self._done[1 - _MOST :], offer]
        self._shown.append(offer)
        self._show()

    def say(self, text: str, label: str, act: Callable[[], None]) -> None:
        """Show what was done, with a button that leads on from it."""
        self._shown.append(Offer(text, act, label, undoes=False))
        self._show()

    def undo(self) -> None:
        """Undo the last deletion; the one before it is offered next."""
        if self._done:
            self._take(self._done[-1])

    def accept(self) -> None:
        """Do what the toast's button says."""
        if self._shown:
            self._take(self._shown[-1])

    def forget(self) -> None:
        """Hide the toast."""
        self._shown.clear()
        self._show()

    def hold(self) -> None:
        """Stop the time: the user is about to choose."""
        self._timer.stop()

    def release(self) -> None:
        """Start the time again."""
        if self._shown:
            self._timer.start()

    def _take(self, offer: Offer) -> None:
        self._shown = [other for other in self._shown if other is not offer]
        self._done = [other for other in self._done if other is not offer]
        offer.act()
        self._show()

    def _show(self) -> None:
        self._timer.stop()
        self.release()
        self.changed.emit(self.current)
