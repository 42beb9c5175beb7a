"""C(K), the milliseconds of a round with K drafts, from noisy samples. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from mtp_mlx.api import MAX_DEPTH

WINDOW = 16  # samples a depth: enough to average noise out, few enough to follow heat
KEPT = 2  # of an older stay at a depth, so that the next stay decides what it costs now
ENOUGH = 3  # samples after which a cost is believed
STALL = 2.0  # times its cost, a round stalled: something else ran, unless it goes on like that
STALLS = 3  # in a row, which no longer are any
FRESH = 12  # samples of a stay that are the depth's; later ones are the machine's
FOLLOW = 0.06  # how fast its slowness follows a sample, on the logarithmic scale


class CostCurve:
    """Costs of all depths; those not measured lie on the line through measured ones.

    A round is sampled only where the round before had the same depth: a change of depth pays for
    more than itself, and so does the first plain step, which finds none in flight.

    A machine that gets slower (heat, another program) does so at every depth, and a choice needs
    the costs' ratios only. So what a long stay at one depth shows of its cost is put down to the
    machine, whose slowness all costs are multiplied by; what the first rounds of a stay show is
    put down to the depth.
    """

    def __init__(self, known: Sequence[float | None] = ()) -> None:
        self._samples = [deque[float](maxlen=WINDOW) for _ in range(MAX_DEPTH + 1)]
        self.taken = [0] * (MAX_DEPTH + 1)
        self._slowness = 1.0
        self._last: int | None = None
        self._stay = 0  # samples since the depth has changed
        self._stalls = 0  # in a row
        for depth, ms in enumerate(known):
            if ms is not None:
                self._samples[depth].append(ms)
                self.taken[depth] = ENOUGH
                self._stay = FRESH  # the machine may have become another since
        self._curve = self._through()
        self.ms = self._curve

    def observe(self, depth: int, ms: float) -> None:
        if depth == self._last:
            self._take(depth, ms / self._slowness)
        else:
            if self._last is not None:
                self._shorten(self._last)
                self._stay = 0
            self._last = depth

    def _take(self, depth: int, ms: float) -> None:
        stalled = self.taken[depth] >= ENOUGH and ms > STALL * self._curve[depth]
        self._stalls = self._stalls + 1 if stalled else 0
        if 0 < self._stalls < STALLS:
            return
        if self._stay < FRESH or self.taken[depth] < ENOUGH:
            if stalled:
                self._samples[depth].clear()
            self._samples[depth].append(ms)
            self.taken[depth] += 1
            self._curve = self._through()
        else:
            ratio = min(max(ms / self._curve[depth], 1 / STALL), STALL)
            self._slowness *= ratio**FOLLOW
        self._stay += 1
        self.ms = [self._slowness * cost for cost in self._curve]

    def _shorten(self, depth: int) -> None:
        samples = self._samples[depth]
        if len(samples) > KEPT:
            middle = midmean(samples)
            samples.clear()
            samples.extend([middle] * KEPT)

    def measured(self) -> tuple[float | None, ...]:
        return tuple(
            self._slowness * midmean(samples) if samples else None for samples in self._samples
        )

    def _through(self) -> list[float]:
        known = {depth: midmean(samples) for depth, samples in enumerate(self._samples) if samples}
        if not known:
            return [1.0] * (MAX_DEPTH + 1)  # any curve: the first rounds are measured anyway
        return [known.get(depth) or _on_line(known, depth) for depth in range(MAX_DEPTH + 1)]


def midmean(samples: Sequence[float]) -> float:
    """The mean of the middle half: as good as the mean against noise, blind to stalls."""
    ordered = sorted(samples)
    n = len(ordered)
    inner = ordered[(n + 1) // 4 : n - (n + 2) // 4] or ordered
    return sum(inner) / len(inner)


def _on_line(known: dict[int, float], depth: int) -> float:
    """Between the nearest measured depths on both sides, or on from the nearest two; rising."""
    below = [known_depth for known_depth in known if known_depth < depth]
    above = [known_depth for known_depth in known if known_depth > depth]
    nearest = [*below[-2:], *above[:2]] if not (below and above) else [below[-1], above[0]]
    if len(nearest) == 1:
        return known[nearest[0]]
    first, second = nearest
    slope = max(0.0, (known[second] - known[first]) / (second - first))
    start = second if not above else first
    return max(known[start] + slope * (depth - start), 0.5 * min(known.values()))
