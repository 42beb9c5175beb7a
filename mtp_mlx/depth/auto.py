"""Choosing K by measured cost and acceptance. A pure function of what was observed.

A round with K drafts emits F(K) = 1 + sum over k <= K of a_1 ... a_k tokens on average and takes
C(K) milliseconds; K = 0 is plain decoding. Where the a_i differ from round to round, what gets the
most tokens out of the time is K* = argmax F(K) - rho C(K), with rho the tokens a millisecond of
the whole (renewal reward; Dinkelbach 1967). Here rho is the best rate that costs and mean
acceptance promise: the rate that was really reached also holds stalls and probes.

Probes of other depths are paid out of a small share of the time since they were last looked at,
so they come back at growing intervals, and what they cost is bounded whatever the machine.
"""

from __future__ import annotations

from dataclasses import dataclass

from mtp_mlx.api import MAX_DEPTH
from mtp_mlx.depth.acceptance import Acceptance
from mtp_mlx.depth.costs import ENOUGH, CostCurve

FIRST_DEPTH = 3  # measured, with plain decoding, before anything is known
REACH = 2  # depths past the deepest measured one that may be tried
MARGIN = 0.01  # of the tokens of a round, by which another depth must be better
TRIAL_ROUNDS = 4  # spent at a new depth before it is judged; the first is not sampled
PROBE_ROUNDS = 3
SHARE, LEAST_SHARE = 0.002, 0.0005  # of the time, for probing each other depth
PARKED_SHARE, LEAST_PARKED_SHARE = 0.01, 0.002  # the same while parked, where one depth is probed
_ABSURD = 1e9  # milliseconds, or outcomes: more were never measured
BACK_OFF = 0.5  # a probe after which nothing changes
LEAST_LOSS = 0.02  # of a round's cost, that a probe counts as: as good a depth is not free to try


@dataclass(frozen=True, slots=True)
class Choice:
    depth: int
    probe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One round, as it went."""

    depth: int
    accepted: int  # drafts that stood, whether or not all of them were emitted
    ms: float
    whole: bool = True  # False: a part of its work was done in another round
    confidence: tuple[float, ...] = ()  # the drafter's top probability at each draft, if known


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What is worth keeping for another process. Raises ValueError where it makes no sense."""

    costs_ms: tuple[float | None, ...]  # C(0) ... C(MAX_DEPTH); None: not measured
    hits: tuple[float, ...] = ()  # by position; empty: nothing is known of acceptance
    counts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        costs = [ms for ms in self.costs_ms if ms is not None]
        sane = (
            len(self.costs_ms) == MAX_DEPTH + 1
            and all(0 < ms < _ABSURD for ms in costs)
            and len(self.hits) == len(self.counts)
            and len(self.hits) in (0, MAX_DEPTH)
            and all(0 <= h <= n < _ABSURD for h, n in zip(self.hits, self.counts, strict=False))
            and (not self.counts or self.counts[0] > 0)
        )
        if not sane:
            raise ValueError("these numbers cannot have been measured")


class AutoDepth:
    """Observe rounds, choose the next depth."""

    def __init__(self, learned: Learned | None = None) -> None:
        self.costs = CostCurve(learned.costs_ms if learned else ())
        self.acceptance = Acceptance(*((learned.hits, learned.counts) if learned else ()))
        self._time = 0.0  # ms observed
        self._seen = [0.0] * (MAX_DEPTH + 1)  # when each depth was last used
        self._share, self._parked_share = SHARE, PARKED_SHARE
        self._settled = FIRST_DEPTH  # the best depth for mean acceptance
        self._best = FIRST_DEPTH  # that of the next round
        self._visit: _Visit | None = None
        if not self._measuring():
            self._decide()
            self._visit = None

    def learned(self) -> Learned:
        return Learned(
            costs_ms=self.costs.measured(),
            hits=tuple(self.acceptance.hits),
            counts=tuple(self.acceptance.counts),
        )

    def choose(self) -> Choice:
        for depth in self._measuring():
            return Choice(depth, probe=True)
        if self._visit is not None:
            return Choice(self._visit.depth, probe=True)
        return Choice(self._best, probe=False)

    def observe(self, seen: Observation) -> None:
        if seen.whole:
            self.costs.observe(seen.depth, seen.ms)
        reached = min(seen.accepted + 1, seen.depth)
        self.acceptance.observe(seen.accepted, reached, seen.confidence)
        self._time += seen.ms
        self._seen[seen.depth] = self._time
        if self._measuring() or self._still_visiting(seen.depth):
            return
        self._decide()

    def _measuring(self) -> list[int]:
        """The depths that must be measured before any can be chosen."""
        return [depth for depth in (FIRST_DEPTH, 0) if self.costs.taken[depth] < ENOUGH]

    def _still_visiting(self, depth: int) -> bool:
        visit = self._visit
        if visit is None:
            return False
        visit.left -= depth == visit.depth
        if visit.left > 0:
            return True
        self._visit = None
        if visit.probe and visit.parked:
            self._parked_share = max(self._parked_share * BACK_OFF, LEAST_PARKED_SHARE)
        elif visit.probe:
            self._share = max(self._share * BACK_OFF, LEAST_SHARE)
        return False

    def _decide(self) -> None:
        top = min(max(d for d, n in enumerate(self.costs.taken) if n) + REACH, MAX_DEPTH)
        tokens = expected_tokens(self.acceptance.estimates)
        cost = self.costs.ms
        rho = max(tokens[k] / cost[k] for k in range(top + 1))
        settled = self._better(tokens, rho, top, self._settled)
        if settled != self._settled:
            self._settled = settled
            self._share, self._parked_share = SHARE, PARKED_SHARE
        expected = expected_tokens(self.acceptance.expected)
        best = self._better(expected, rho, top, self._best)
        if best != self._best and self.costs.taken[best] < ENOUGH:
            self._visit = _Visit(best, TRIAL_ROUNDS)
        self._best = best
        if self._visit is None:
            self._probe(tokens, rho)

    def _better(self, tokens: list[float], rho: float, top: int, current: int) -> int:
        """The depth with the greatest gain; `current` where no other is clearly better."""
        gain = [tokens[k] - rho * self.costs.ms[k] for k in range(top + 1)]
        best = max(range(top + 1), key=gain.__getitem__)
        if current <= top and gain[best] <= gain[current] + MARGIN * tokens[current]:
            return current
        return best

    def _probe(self, tokens: list[float], rho: float) -> None:
        """Look at a depth not seen for long, if a share of the time since then pays for it."""
        parked = self._settled == 0
        share = self._parked_share if parked else self._share
        due = [
            depth
            for depth in self._others(tokens)
            if share * (self._time - self._last_seen(depth)) >= self._loss(depth, tokens, rho)
        ]
        if due:
            oldest = min(due, key=self._last_seen)
            self._visit = _Visit(oldest, PROBE_ROUNDS, probe=True, parked=parked)

    def _others(self, tokens: list[float]) -> list[int]:
        """The neighbours of the best depth and plain decoding; from parking the best draft."""
        if self._settled == 0:
            return [max(range(1, MAX_DEPTH + 1), key=lambda k: tokens[k] / self.costs.ms[k])]
        near = {0, self._settled - 1, self._settled + 1}
        return sorted(depth for depth in near if depth <= MAX_DEPTH)

    def _last_seen(self, depth: int) -> float:
        """While parked any draft tells of acceptance, whatever its depth."""
        return max(self._seen[1:]) if self._settled == 0 else self._seen[depth]

    def _loss(self, depth: int, tokens: list[float], rho: float) -> float:
        """Milliseconds that a probe costs against the best depth."""
        cost = self.costs.ms[depth]
        return PROBE_ROUNDS * max(cost - tokens[depth] / rho, LEAST_LOSS * cost)


@dataclass(slots=True)
class _Visit:
    """Rounds to be spent at a depth: to try it, or only to look (a probe)."""

    depth: int
    left: int
    probe: bool = False
    parked: bool = False


def expected_tokens(acceptance: list[float]) -> list[float]:
    """F(0) ... F(K): 1 + the sum of the survival probabilities of K positions."""
    total = survival = 1.0
    found = [total]
    for a in acceptance:
        survival *= a
        total += survival
        found.append(total)
    return found
