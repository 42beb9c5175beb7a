"""The costs of rounds in milliseconds, estimated from noisy measurements. Pure.

`docs/depth.md` explains the model and says what each constant was measured to give.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mtp_mlx.api import MAX_DEPTH

Source = Literal["drafter", "copy"]

WINDOW = 16  # the last samples, from which a cost is estimated
SAMPLES_KEPT = 2  # the samples that are left of an earlier stay at the same cost
ENOUGH = 3  # samples after which a cost counts as measured
STALL = 2.0  # a round that takes more than so many times its expected cost may have stalled
STALLS = 3  # after so many stalls in succession, they are the cost
FRESH = 12  # the first samples of a stay change its cost; later ones the machine's slowness
FOLLOW = 0.06  # the part of a sample's logarithmic deviation by which the slowness moves
UNMEASURED_MS = 1.0  # stands for every cost before any was measured; no choice depends on it


@dataclass(frozen=True, slots=True)
class DraftKey:
    """The kind of drafting that a cost belongs to."""

    source: Source
    depth: int  # tokens drafted, 1 ... MAX_DEPTH


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """The kind of forward pass that a cost belongs to."""

    rows: int  # 1: a step of plain decoding, pipelined
    band: int  # of the context's length, by `band_of`


@dataclass(frozen=True, slots=True)
class VerifyCost:
    """The measured cost of a forward pass."""

    key: VerifyKey
    ms: float
    with_draft: bool = False  # it includes the cost of the drafting before it


@dataclass(frozen=True, slots=True)
class DraftCost:
    """The measured cost of drafting."""

    key: DraftKey
    ms: float


def band_of(context: int) -> int:
    """Return the band of a context's length in tokens: below 1024, 4096, 16384 and so on."""
    return max(0, (context.bit_length() - 9) // 2)


class Costs:
    """The costs of forward passes and of drafting, learned from whole rounds.

    A round is timed as a whole, so only the sum of its forward and its drafting is measured. The
    sum is put down to the forward until a forward over as many rows was measured alone (by a
    calibration, or by a copy, which costs nothing to draft); from then on the rest of the sum is
    put down to the drafting.

    A round is sampled only where the round before did the same: the first round at another depth
    takes longer, and so does the first plain step, which finds none in flight.

    A machine that becomes slower (by heat or another program) does so at every depth, and the
    choice of a depth needs only the ratios of costs. A stay is a run of samples of one cost. The
    first deviations in a stay change that cost; later ones change the machine's slowness, by which
    all costs are multiplied. After a return to the cost of the last long stay, as from a probe, all
    deviations change the slowness.
    """

    def __init__(self, verify: Sequence[VerifyCost] = (), draft: Sequence[DraftCost] = ()) -> None:
        self._verify = {cost.key: Samples(cost.ms) for cost in verify}
        self._with_draft = {cost.key for cost in verify if cost.with_draft}
        self._draft = {cost.key: Samples(cost.ms) for cost in draft}
        self._taken = Counter({cost.key.rows: ENOUGH for cost in verify})
        self._slowness = 1.0
        self._last: tuple[int, DraftKey | None] | None = None  # rows and drafting of the last round
        self._stay: Samples | None = None  # the samples of the present stay
        self._stayed = 0  # samples of this stay
        self._home: Samples | None = None  # the samples of the last long stay
        self._stored = bool(verify)  # costs come from another process: slowness may differ now
        self._stalls = 0  # in succession
        self._curves: dict[int, list[float]] = {}  # by band, at slowness 1

    def verify_costs(self) -> tuple[VerifyCost, ...]:
        """Return the costs of forwards at present, for another process to start from."""
        return tuple(
            VerifyCost(key, self._slowness * samples.ms, with_draft=key in self._with_draft)
            for key, samples in self._verify.items()
        )

    def draft_costs(self) -> tuple[DraftCost, ...]:
        """Return the costs of drafting, where they were measured apart from those of forwards."""
        return tuple(
            DraftCost(key, self._slowness * samples.ms) for key, samples in self._draft.items()
        )

    def taken(self, rows: int) -> int:
        """Return the number of samples of rounds that verify `rows`, in all bands."""
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
        """End the stay, and let the next one at this cost outweigh it."""
        if self._stay is not None:
            if self._stay is not self._home:
                self._stay.shorten()
            self._stay = None

    def _share(self, key: VerifyKey, draft: DraftKey | None, ms: float) -> _Share:
        """Return the cost of which a round of `ms` is a sample, and that cost's part of `ms`."""
        if draft is None and key in self._with_draft:
            self._with_draft.remove(key)
            self._verify[key] = Samples()
        apart = key in self._verify and key not in self._with_draft
        if draft is not None and apart:
            # A whole round can be faster than its forward was alone, measured on a busier machine.
            rest = max(ms - self._verify[key].ms, 0.0)
            return _Share(self._draft.setdefault(draft, Samples()), rest)
        if draft is not None:
            self._with_draft.add(key)
        return _Share(self._verify.setdefault(key, Samples()), ms)

    def _round(self, rows: int, draft: DraftKey | None, band: int) -> float:
        """Return a round's cost from this band, else from the nearest, else by interpolation."""
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
        """Return the measured forward over as many rows in the nearest band; None without one."""
        if wanted in self._verify:
            return wanted
        keys = [key for key in self._verify if key.rows == wanted.rows]
        return min(keys, key=lambda key: abs(key.band - wanted.band), default=None)

    def _unmeasured(self, rows: int, draft: DraftKey | None, band: int) -> float:
        """Return the cost of a round that was never measured, on the line through measured ones."""
        points: dict[int, float] = {}
        for n in {key.rows for key in self._verify}:
            fewer = DraftKey(draft.source, n - 1) if draft and n > 1 else None
            points[n] = self._round(n, fewer, band)
        return on_line(points, rows) if points else UNMEASURED_MS

    def _between(self, measured: int, band: int) -> float:
        """Return the mean ratio of forwards' costs in `band` to those in the band `measured`."""
        ratios = [
            samples.ms / self._verify[other].ms
            for key, samples in self._verify.items()
            if key.band == band
            and (other := VerifyKey(key.rows, measured)) in self._verify
            and (key in self._with_draft) == (other in self._with_draft)
        ]
        return sum(ratios) / len(ratios) if ratios else 1.0

    def _drafting(self, draft: DraftKey) -> float:
        """Return the cost of drafting, on the line through those measured apart from forwards."""
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
        """Add a sample; `afresh` first drops those before."""
        if afresh:
            self._recent.clear()
        self._recent.append(ms)
        self.taken += 1
        self.ms = midmean(self._recent)

    def shorten(self) -> None:
        """Reduce the samples to a few, so that later ones soon outweigh them."""
        if len(self._recent) > SAMPLES_KEPT:
            self._recent.clear()
            self._recent.extend([self.ms] * SAMPLES_KEPT)


@dataclass(frozen=True, slots=True)
class _Share:
    """The cost of which a round is a sample, and its part of the round's milliseconds."""

    samples: Samples
    ms: float


def midmean(samples: Sequence[float]) -> float:
    """Return the mean of the middle half, which averages noise out and ignores stalls."""
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
