"""Two finished runs side by side in true time: both start at their first token."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.comparison import Side
from app.domain.conversation import RoundRecord

TICK_MS = 34


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One lane at one moment."""

    text: str = ""
    tokens: int = 0
    tps: float | None = None  # from the first token up to now
    done: bool = False


class Lane:
    """A run as a function of time. Reading the prompt is left out: both runs read the same one."""

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
    """Plays, pauses, and can be put at any moment. The timer runs only while it plays."""

    moved = Signal()

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._lanes: dict[Side, Lane] = {}
        self._since = 0.0  # when it would have started, had it never paused
        self.position = 0.0  # seconds since both first tokens
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.tick)

    @property
    def duration(self) -> float:
        return max((lane.duration for lane in self._lanes.values()), default=0.0)

    @property
    def playing(self) -> bool:
        return self._timer.isActive()

    def set_runs(self, off: Sequence[RoundRecord], on: Sequence[RoundRecord]) -> None:
        """At its end, where everything can be read."""
        self._timer.stop()
        self._lanes = {"off": Lane(off), "on": Lane(on)}
        self.position = self.duration
        self.moved.emit()

    def lane(self, side: Side) -> Lane:
        return self._lanes.get(side) or Lane(())

    def shown(self, side: Side) -> Shown:
        return self.lane(side).at(self.position)

    def play(self) -> None:
        """From where it stands, or from the start where it stands at the end."""
        if self.position >= self.duration:
            self.position = 0.0
        self._since = self._clock() - self.position
        self._timer.start()
        self.moved.emit()

    def pause(self) -> None:
        self._timer.stop()
        self.moved.emit()

    def seek(self, seconds: float) -> None:
        self._timer.stop()
        self.position = max(0.0, min(seconds, self.duration))
        self.moved.emit()

    def tick(self) -> None:
        self.position = min(self._clock() - self._since, self.duration)
        if self.position >= self.duration:
            self._timer.stop()
        self.moved.emit()
