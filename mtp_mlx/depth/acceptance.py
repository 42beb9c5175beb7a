"""a_i, the conditional acceptance at each position, learned from rounds. Pure.

Outcomes are counted with a memory of tokens, so that what was learned before a long parking weighs
little when a probe comes back. A position's prior is the estimate of the one before it: climbing
to a deep K needs no blind exploration.

How sure the drafter was in the round before shifts all a_i together, on the logit scale, by a
slope that is learned too (online logistic regression). It is known before the next round is built:
the confidence of that round's own drafts would tell more, but to wait for it would cost a second
wait for the device in every round.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mtp_mlx.api import MAX_DEPTH

PRIOR = 0.7  # of the first position, before anything is known
PRIOR_WEIGHT = 4.0  # outcomes that the position before stands for
FLOOR = 4.0  # outcomes of the first position that are never forgotten: what is known while parked
MEMORY = 400.0  # tokens after which an outcome weighs 1/e
LIMIT = 0.01  # estimates stay this far from 0 and 1, where a logit ends

# A sudden change of text: Page's cumulative sums of log likelihood ratios against a shift.
SHIFT = 1.5  # of the logit, up or down
SURPRISE = 4.0  # the sum at which a change is believed
FATIGUE, RESTED = 2.0, 100.0  # more of it after each change, wearing off over so many tokens
FORGET = 0.3  # what the counts keep at a change

RIDGE = 10.0  # shrinks the slope to 0: an uninformative confidence must cost nothing
SLOPE_MEMORY = 1000.0  # outcomes
SPREAD_MEMORY = 1000.0  # rounds over which confidence is centred and scaled
PERSISTENCE = 0.9  # a token, of the last confidence while nothing is drafted
SETTLED = 5  # rounds before a spread is believed
MOST_SIGMAS = 3.0


class Acceptance:
    """Observe rounds; `estimates` are the a_i of any round, `expected` those of the next."""

    def __init__(self, hits: Sequence[float] = (), counts: Sequence[float] = ()) -> None:
        self.hits = list(hits) or [PRIOR * FLOOR] + [0.0] * (MAX_DEPTH - 1)
        self.counts = list(counts) or [FLOOR] + [0.0] * (MAX_DEPTH - 1)
        self.slope = _Slope()
        self._surprise = _Surprise()
        self.estimates = self._estimated()
        self.expected = self.estimates

    def observe(self, accepted: int, reached: int, confidence: Sequence[float]) -> None:
        """A round whose first `reached` positions were judged, `accepted` of them right."""
        self._decay(math.exp(-(accepted + 1) / MEMORY))
        for i in range(reached):
            right = float(i < accepted)
            residual = right - self.expected[i]
            # What the confidence explained is not the position's doing.
            self.counts[i] += 1
            hits = self.hits[i] + self.estimates[i] + residual
            self.hits[i] = min(max(hits, 0.0), self.counts[i])
            self.slope.learn(residual, self.expected[i])
            if self._surprise.at(right, self.expected[i]):
                self._decay(FORGET)
        self._surprise.rest(accepted + 1)
        self.slope.move(accepted + 1, confidence)
        self.estimates = self._estimated()
        self.expected = [self.slope.shifted(a) for a in self.estimates]

    def _decay(self, keep: float) -> None:
        floor = min(1.0, FLOOR / self.counts[0])
        for i in range(MAX_DEPTH):
            kept = keep if i else max(keep, floor)
            self.hits[i] *= kept
            self.counts[i] *= kept

    def _estimated(self) -> list[float]:
        estimates: list[float] = []
        for i, (hits, counts) in enumerate(zip(self.hits, self.counts, strict=True)):
            weight, prior = (PRIOR_WEIGHT, estimates[-1]) if i else (0.0, PRIOR)
            estimates.append(_inside((hits + weight * prior) / (counts + weight)))
        return estimates


class _Surprise:
    """Tells when outcomes no longer fit their estimates, upwards or downwards.

    A text that changes all the time is better described by its mean: each alarm makes the next
    one harder.
    """

    def __init__(self) -> None:
        self._sums = {SHIFT: 0.0, -SHIFT: 0.0}
        self._fatigue = 0.0

    def rest(self, tokens: int) -> None:
        self._fatigue *= math.exp(-tokens / RESTED)

    def at(self, right: float, estimate: float) -> bool:
        for shift, total in self._sums.items():
            other = _shift(estimate, shift)
            ratio = other / estimate if right else (1 - other) / (1 - estimate)
            self._sums[shift] = max(0.0, total + math.log(ratio))
        if max(self._sums.values()) <= SURPRISE * (1 + self._fatigue):
            return False
        self._sums = dict.fromkeys(self._sums, 0.0)
        self._fatigue += FATIGUE
        return True


class _Slope:
    """How much acceptance follows the drafter's confidence, and where that stands now."""

    def __init__(self) -> None:
        self._slope = 0.0
        self._curvature = 0.0
        self._rounds = 0.0
        self._mean = self._variance = 0.0  # of the mean logit of a round's confidence
        self._x = 0.0  # the last one, in standard deviations from the mean

    def shifted(self, a: float) -> float:
        return _shift(a, self._slope * self._x)

    def learn(self, residual: float, expected: float) -> None:
        """One Newton step of the log loss, with a ridge."""
        information = expected * (1 - expected) * self._x**2
        self._curvature += information - self._curvature / SLOPE_MEMORY
        step = self._curvature + RIDGE
        self._slope += residual * self._x / step
        self._slope *= 1 - RIDGE / SLOPE_MEMORY / step

    def move(self, tokens: int, confidence: Sequence[float]) -> None:
        """The round at hand becomes the one before."""
        if not confidence:
            self._x *= PERSISTENCE**tokens
            return
        raw = sum(map(logit, confidence)) / len(confidence)
        self._rounds = min(self._rounds + 1, SPREAD_MEMORY)
        off = raw - self._mean
        self._mean += off / self._rounds
        self._variance += (off * (raw - self._mean) - self._variance) / self._rounds
        known = self._rounds > SETTLED and self._variance > 1e-6
        x = (raw - self._mean) / math.sqrt(self._variance) if known else 0.0
        self._x = min(max(x, -MOST_SIGMAS), MOST_SIGMAS)


def logit(p: float) -> float:
    p = min(max(p, 0.001), 0.999)  # confidences come in steps of 1/1000
    return math.log(p / (1 - p))


def _shift(a: float, by: float) -> float:
    """`a` moved on the logit scale."""
    odds = a * math.exp(by)
    return _inside(odds / (odds + 1 - a))


def _inside(a: float) -> float:
    return min(max(a, LIMIT), 1 - LIMIT)
