"""Choosing K by measured cost and acceptance. A pure function of what was observed.

A round with K drafts emits F(K) = 1 + sum over k <= K of a_1 ... a_k tokens on average and takes
C(K) milliseconds; the best K has the most tokens a millisecond, K = 0 (plain decoding) included.
a_i is the conditional acceptance at position i. Costs are sampled only where the round before had
the same depth, since a change of depth pays for more than itself. Short probes of other depths
come back at growing intervals, so that what was learned does not go stale.
"""

from __future__ import annotations

from dataclasses import dataclass

from mtp_mlx.values import MAX_DEPTH

FIRST_DEPTH = 3  # drafted before anything is known
PRIOR_ACCEPTANCE = 0.7
ACCEPTANCE_RATE = 0.02  # of the moving average, once there are enough samples
COST_RATE = 0.3
STALL = 0.25  # a sample moves a cost by no more than this share of it: stalls do not count
MARGIN = 1.02  # by which another depth must be better, so that noise does not move it
PROBE_ROUNDS = 3  # the first only changes the depth and is not sampled
FIRST_PAUSE, LAST_PAUSE = 16, 512  # rounds between probes


@dataclass(frozen=True, slots=True)
class Choice:
    depth: int
    probe: bool


@dataclass(slots=True)
class _Average:
    """A mean at first, a moving average with `rate` later."""

    value: float
    rate: float
    count: int = 0

    def add(self, sample: float) -> None:
        self.count += 1
        self.value += (sample - self.value) * max(self.rate, 1 / (self.count + 1))


class AutoDepth:
    """Observe rounds, choose the next depth."""

    def __init__(self) -> None:
        self._acceptance = [_Average(PRIOR_ACCEPTANCE, ACCEPTANCE_RATE) for _ in range(MAX_DEPTH)]
        self._cost: dict[int, float] = {}
        self._last_depth: int | None = None
        self._probe: int | None = None
        self._probe_left = 0
        self._pause = FIRST_PAUSE
        self._until_probe = FIRST_PAUSE
        self._best = FIRST_DEPTH
        self._upward = True

    def choose(self) -> Choice:
        for depth in (FIRST_DEPTH, 0):
            if depth not in self._cost:
                return Choice(depth, probe=True)
        if self._probe_left > 0 and self._probe is not None:
            return Choice(self._probe, probe=True)
        return Choice(self._best, probe=False)

    def observe(self, depth: int, accepted: int, ms: float) -> None:
        for i in range(min(accepted + 1, depth)):
            self._acceptance[i].add(1.0 if i < accepted else 0.0)
        if depth == self._last_depth:
            self._sample_cost(depth, ms)
        self._last_depth = depth
        if FIRST_DEPTH in self._cost and 0 in self._cost:
            self._schedule(depth)

    def _sample_cost(self, depth: int, ms: float) -> None:
        old = self._cost.get(depth)
        if old is None:
            self._cost[depth] = ms
            return
        clamped = min(max(ms, old * (1 - STALL)), old * (1 + STALL))
        self._cost[depth] = old + (clamped - old) * COST_RATE

    def _schedule(self, depth: int) -> None:
        """Move on in the probe, or towards the next one."""
        best = max(range(MAX_DEPTH + 1), key=self.rate)
        if self.rate(best) > MARGIN * self.rate(self._best):
            self._best, self._pause = best, FIRST_PAUSE
            self._until_probe = min(self._until_probe, self._pause)
        if self._probe_left > 0:
            self._probe_left -= depth == self._probe
            return
        self._until_probe -= 1
        if self._until_probe <= 0:
            self._start_probe()

    def _start_probe(self) -> None:
        """Look at a neighbour of the best depth; from the parking place, at the best draft."""
        if self._best == 0:
            self._probe = max(range(1, MAX_DEPTH + 1), key=self.rate)
        else:
            self._upward = not self._upward
            step = 1 if self._upward else -1
            self._probe = min(max(self._best + step, 0), MAX_DEPTH)
        self._probe_left = PROBE_ROUNDS
        self._pause = min(2 * self._pause, LAST_PAUSE)
        self._until_probe = self._pause

    def rate(self, depth: int) -> float:
        """Expected tokens a millisecond with `depth` drafts a round."""
        return self.expected_tokens(depth) / self.expected_ms(depth)

    def expected_tokens(self, depth: int) -> float:
        """F(K) = 1 + sum of the survival probabilities of the K positions."""
        total = survival = 1.0
        for average in self._acceptance[:depth]:
            survival *= average.value
            total += survival
        return total

    def expected_ms(self, depth: int) -> float:
        """C(K): measured, or on the line through the nearest two measured depths."""
        if depth in self._cost:
            return self._cost[depth]
        first, second = sorted(self._cost, key=lambda known: (abs(known - depth), known))[:2]
        slope = (self._cost[second] - self._cost[first]) / (second - first)
        return max(self._cost[first] + slope * (depth - first), 0.5 * self._cost[first])
