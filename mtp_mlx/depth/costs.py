"""What rounds cost, in milliseconds, from noisy measurements. Pure.

`docs/depth.md` explains the model and says what each constant was measured to give.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mtp_mlx.api import MAX_DEPTH

Source = Literal["drafter", "copy"]

WINDOW = 16  # samples a cost is estimated from
SAMPLES_KEPT = 2  # samples that an earlier stay at the same cost is reduced to
ENOUGH = 3  # samples after which a cost is believed
STALL = 2.0  # times its expected cost, above which a round may have stalled
STALLS = 3  # stalls in succession, after which they are the cost
FRESH = 12  # samples of a stay that are put down to the cost; later ones to the machine's slowness
FOLLOW = 0.06  # of a sample's deviation (logarithmic) that the machine's slowness takes over
UNMEASURED_MS = 1.0  # any cost: the first rounds are spent at given depths


@dataclass(frozen=True, slots=True)
class DraftKey:
    """What the cost of drafting belongs to."""

    source: Source
    depth: int  # tokens drafted, 1 ... MAX_DEPTH


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """What the cost of a forward belongs to."""

    rows: int  # 1: a step of plain decoding, pipelined
    band: int  # of the context's length


@dataclass(frozen=True, slots=True)
class VerifyCost:
    """The measured cost of a forward; `with_draft` where it contains the cost of drafting."""

    key: VerifyKey
    ms: float
    with_draft: bool = False


@dataclass(frozen=True, slots=True)
class DraftCost:
    """The measured cost of drafting."""

    key: DraftKey
    ms: float


def band_of(context: int) -> int:
    """Return the band of a context's length in tokens: below 1024, 4096, 16384 and so on."""
    return max(0, (context.bit_length() - 9) // 2)


class Costs:
    """The costs of forwards and of drafting, learned from whole rounds.

    A round is timed as a whole, so only the sum of its forward and its drafting is measured. The
    sum is put down to the forward until that is measured without drafting (by a copy, or by a
    calibration); from then on the rest of the sum is put down to the drafting.

    A round is sampled only where the round before did the same: a change of depth costs more than
    the round itself, and so does the first plain step, which finds none in flight.

    A machine that becomes slower (heat, another program) does so at every depth, and a choice needs
    the costs' ratios only. So the first deviations of a stay at one cost are put down to the cost,
    and later ones to the machine's slowness, by which all costs are multiplied. Back at the cost
    of the last long stay, after a probe, all deviations are the machine's.
    """

    def __init__(self, verify: Sequence[VerifyCost] = (), draft: Sequence[DraftCost] = ()) -> None:
        self._verify = {cost.key: Samples(cost.ms) for cost in verify}
        self._with_draft = {cost.key for cost in verify if cost.with_draft}
        self._draft = {cost.key: Samples(cost.ms) for cost in draft}
        self._taken = Counter({cost.key.rows: ENOUGH for cost in verify})
        self._slowness = 1.0
        self._last: tuple[int, DraftKey | None] | None = None  # what the round before did
        self._stay: Samples | None = None  # the samples that rounds are added to at present
        self._stayed = 0  # samples of this stay
        self._home: Samples | None = None  # those of the last long stay
        self._stored = bool(verify)  # the machine may have become another since
        self._stalls = 0  # in succession
        self._curves: dict[int, list[float]] = {}  # by band, at slowness 1

    def verify_costs(self) -> tuple[VerifyCost, ...]:
        """Return the costs of forwards at present, for another process to start from."""
        return tuple(
            VerifyCost(key, self._slowness * samples.ms, with_draft=key in self._with_draft)
            for key, samples in self._verify.items()
        )

    def draft_costs(self) -> tuple[DraftCost, ...]:
        """Return the costs of drafting, where they are known apart from those of forwards."""
        return tuple(
            DraftCost(key, self._slowness * samples.ms) for key, samples in self._draft.items()
        )

    def taken(self, rows: int) -> int:
        """Return how many samples of rounds that verify `rows` were taken, in all bands."""
        return self._taken[rows]

    def most_rows(self) -> int:
        """Return the rows of the widest forward that was measured; 0 before any."""
        return max(self._taken, default=0)

    def by_depth(self, context: int) -> list[float]:
        """Return the milliseconds of rounds with 0 … MAX_DEPTH tokens of the drafter."""
        band = band_of(context)
        if band not in self._curves:
            drafts = [None, *(DraftKey("drafter", k) for k in range(1, MAX_DEPTH + 1))]
            self._curves[band] = [self._round(k + 1, drafts[k], band) for k in range(len(drafts))]
        return [self._slowness * ms for ms in self._curves[band]]

    def round_ms(self, rows: int, draft: DraftKey | None, context: int) -> float:
        """Return the milliseconds of a round that drafts `draft` and verifies `rows`."""
        return self._slowness * self._round(rows, draft, band_of(context))

    def observe(self, rows: int, draft: DraftKey | None, context: int, ms: float) -> None:
        """Learn from a round that took `ms` behind `context` tokens in the cache."""
        if self._last == (rows, draft):
            self._sample(VerifyKey(rows, band_of(context)), draft, ms / self._slowness)
        else:
            self._last = rows, draft
            self._leave()

    def _sample(self, key: VerifyKey, draft: DraftKey | None, ms: float) -> None:
        expected = self._round(key.rows, draft, key.band)
        share = self._share(key, draft, ms)
        samples = share.samples
        if samples is not self._stay:
            self._leave()
            self._stay = samples
            settled = samples is self._home or (self._home is None and self._stored)
            self._stayed = FRESH if settled else 0
        stalled = samples.taken >= ENOUGH and ms > STALL * expected
        self._stalls = self._stalls + 1 if stalled else 0
        if 0 < self._stalls < STALLS:
            return
        if self._stayed < FRESH or samples.taken < ENOUGH:
            samples.take(share.ms, afresh=stalled)
            self._taken[key.rows] += 1
            self._curves.clear()
        else:
            ratio = min(max(ms / expected, 1 / STALL), STALL)
            self._slowness *= ratio**FOLLOW
        self._stayed += 1
        if self._stayed > FRESH:
            self._home = samples

    def _leave(self) -> None:
        """End the stay: the next one decides what its cost is now."""
        if self._stay is not None:
            if self._stay is not self._home:
                self._stay.shorten()
            self._stay = None

    def _share(self, key: VerifyKey, draft: DraftKey | None, ms: float) -> _Share:
        """Return the cost that a round of `ms` is a sample of, and its part of the round."""
        if draft is None and key in self._with_draft:
            self._with_draft.remove(key)
            self._verify[key] = Samples()
        apart = key in self._verify and key not in self._with_draft
        if draft is not None and apart:
            # A whole round can be quicker than its forward was alone, on a busier machine.
            rest = max(ms - self._verify[key].ms, 0.0)
            return _Share(self._draft.setdefault(draft, Samples()), rest)
        if draft is not None:
            self._with_draft.add(key)
        return _Share(self._verify.setdefault(key, Samples()), ms)

    def _round(self, rows: int, draft: DraftKey | None, band: int) -> float:
        """Return a round's cost: measured in this band, else in the nearest, else on a line."""
        key = self._nearest(VerifyKey(rows, band))
        if key is None:
            return self._unmeasured(rows, draft, band)
        forward = self._verify[key].ms
        if key.band != band:
            forward *= self._between(key.band, band)
        if draft is None or key in self._with_draft:
            return forward
        return forward + self._drafting(draft)

    def _nearest(self, wanted: VerifyKey) -> VerifyKey | None:
        """Return the measured forward over as many rows whose band is nearest."""
        if wanted in self._verify:
            return wanted
        keys = [key for key in self._verify if key.rows == wanted.rows]
        return min(keys, key=lambda key: abs(key.band - wanted.band), default=None)

    def _unmeasured(self, rows: int, draft: DraftKey | None, band: int) -> float:
        """Return the cost of a round that was never measured: on the line through others."""
        points: dict[int, float] = {}
        for n in {key.rows for key in self._verify}:
            fewer = DraftKey(draft.source, n - 1) if draft and n > 1 else None
            points[n] = self._round(n, fewer, band)
        return on_line(points, rows) if points else UNMEASURED_MS

    def _between(self, measured: int, band: int) -> float:
        """Return how much more forwards cost in `band` than in the band `measured`."""
        ratios = [
            samples.ms / self._verify[other].ms
            for key, samples in self._verify.items()
            if key.band == band
            and (other := VerifyKey(key.rows, measured)) in self._verify
            and (key in self._with_draft) == (other in self._with_draft)
        ]
        return sum(ratios) / len(ratios) if ratios else 1.0

    def _drafting(self, draft: DraftKey) -> float:
        """Return the cost of drafting, as far as it is known apart from a forward."""
        measured = {
            key.depth: samples.ms
            for key, samples in self._draft.items()
            if key.source == draft.source
        }
        return max(0.0, on_line({0: 0.0, **measured}, draft.depth))


class Samples:
    """The last samples of one cost, and their midmean."""

    def __init__(self, ms: float | None = None) -> None:
        self._recent = deque[float](maxlen=WINDOW)
        self.taken = 0
        self.ms = UNMEASURED_MS
        if ms is not None:
            self._recent.append(ms)
            self.taken = ENOUGH
            self.ms = ms

    def take(self, ms: float, *, afresh: bool) -> None:
        """Add a sample; `afresh` drops those before."""
        if afresh:
            self._recent.clear()
        self._recent.append(ms)
        self.taken += 1
        self.ms = midmean(self._recent)

    def shorten(self) -> None:
        """Reduce the samples to a few, so that those to come soon outweigh them."""
        if len(self._recent) > SAMPLES_KEPT:
            self._recent.clear()
            self._recent.extend([self.ms] * SAMPLES_KEPT)


@dataclass(frozen=True, slots=True)
class _Share:
    """The cost that a round is a sample of, and its part of the round's milliseconds."""

    samples: Samples
    ms: float


def midmean(samples: Sequence[float]) -> float:
    """Return the mean of the middle half: as good as the mean against noise, blind to stalls."""
    ordered = sorted(samples)
    n = len(ordered)
    inner = ordered[(n + 1) // 4 : n - (n + 2) // 4] or ordered
    return sum(inner) / len(inner)


def on_line(points: dict[int, float], x: int) -> float:
    """Return the value at `x` on the line through the nearest points, which never falls.

    Between two points it is their line, beyond all of them the line through the nearest two.
    """
    if x in points:
        return points[x]
    below = sorted(place for place in points if place < x)
    above = sorted(place for place in points if place > x)
    nearest = [below[-1], above[0]] if below and above else [*below[-2:], *above[:2]]
    if len(nearest) == 1:
        return points[nearest[0]]
    first, second = nearest
    slope = max(0.0, (points[second] - points[first]) / (second - first))
    start = first if above else second
    return max(points[start] + slope * (x - start), 0.5 * min(points.values()))
