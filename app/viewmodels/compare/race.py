"""The race: two finished runs replayed side by side in true time, from their first tokens on."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.comparison import Side
from app.domain.conversation import RoundRecord

TICK_MS = 34  # between two moments that are shown: 30 a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A lane at a moment of the race."""

    text: str = ""
    tokens: int = 0
    tps: float | None = None  # mean tokens a second from the first token up to the moment
    done: bool = False


class Lane:
    """A run as a function of time, in seconds since its first token."""

    def __init__(self, rounds: Sequence[RoundRecord]) -> None:
        start = rounds[0].at if rounds else 0.0
        texts = ["".join(token.text for token in record.tokens) for record in rounds]
        self._text = "".join(texts)
        self._ends = list(accumulate(len(text) for text in texts))
        self.times = [record.at - start for record in rounds]
        self.tokens = list(accumulate(len(record.tokens) for record in rounds))

    @property
    def duration(self) -> float:
        return self.times[-1] if self.times else 0.0

    def at(self, seconds: float) -> Shown:
        place = bisect_right(self.times, seconds) - 1
        if place < 0:
            return Shown(done=not self.times)
        done = place == len(self.times) - 1
        passed = self.duration if done else seconds
        tokens = self.tokens[place]
        return Shown(
            text=self._text[: self._ends[place]].lstrip("\n"),
            tokens=tokens,
            tps=(tokens - 1) / passed if passed > 0 and tokens > 1 else None,
            done=done,
        )


class Race(QObject):
    """Plays and pauses the race, and moves to any moment. The timer runs only while it plays."""

    moved = Signal()

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._lanes: dict[Side, Lane] = {}
        self._since = 0.0  # clock time at which position 0 was, or would have been
        self.position = 0.0  # the moment shown, in seconds since both first tokens
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.tick)

    @property
    def duration(self) -> float:
        return max((lane.duration for lane in self._lanes.values()), default=0.0)

    @property
    def playing(self) -> bool:
        return self._timer.isActive()

    def set_runs(self, off: Sequence[RoundRecord], on: Sequence[RoundRecord]) -> None:
        """Take the runs, and show the race at its end, where both texts are whole."""
        self._timer.stop()
        self._lanes = {"off": Lane(off), "on": Lane(on)}
        self.position = self.duration
        self.moved.emit()

    def lane(self, side: Side) -> Lane:
        return self._lanes.get(side) or Lane(())

    def shown(self, side: Side) -> Shown:
        return self.lane(side).at(self.position)

    def play(self) -> None:
        """Play on from the moment shown, or from the start if that is the end."""
        if self.position >= self.duration:
            self.position = 0.0
        self._since = self._clock() - self.position
        self._timer.start()
        self.moved.emit()

    def pause(self) -> None:
        self._timer.stop()
        self.moved.emit()

    def seek(self, seconds: float) -> None:
        """Pause and show the moment at `seconds`."""
        self._timer.stop()
        self.position = max(0.0, min(seconds, self.duration))
        self.moved.emit()

    def tick(self) -> None:
        self.position = min(self._clock() - self._since, self.duration)
        if self.position >= self.duration:
            self._timer.stop()
        self.moved.emit()
