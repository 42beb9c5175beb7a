"""How far a benchmark is, and how long the rest will take."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from mtp_mlx.api import Mtp
from mtp_mlx.bench.plan import Turn
from mtp_mlx.wire import BenchPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    phase: BenchPhase
    done: int  # runs, kept ones of an earlier report included
    total: int
    turn: Turn | None = None  # the run at hand, or the next one
    elapsed_s: float = 0.0
    left_s: float | None = None  # None: not known before the first run


@dataclass(slots=True)
class Pace:
    """What a run took, by mode: a slow mode's runs are not reckoned with a fast one's."""

    cooldown_s: float
    _seconds: defaultdict[Mtp, list[float]] = field(default_factory=lambda: defaultdict(list))

    def took(self, mode: Mtp, seconds: float) -> None:
        self._seconds[mode].append(seconds)

    def left(self, turns: Sequence[Turn]) -> float | None:
        """For `turns`, with a pause before each; None where nothing was measured yet."""
        known = {mode: statistics.median(took) for mode, took in self._seconds.items()}
        if not known:
            return None
        usual = statistics.fmean(known.values())
        return sum(known.get(turn.mode, usual) + self.cooldown_s for turn in turns)
