"""The conditional acceptance a_i at each position, learned from rounds. Pure.

Judged drafts are counted by position and forgotten exponentially with the tokens that pass, so
counts from before a long parking weigh little when a probe comes. A position's prior is the
estimate of the position before: auto need not explore blindly on its way to a deep K.

The drafter's confidence in the last round shifts all a_i together, on the logit scale, by a slope
that is learned too (online logistic regression). The host has read that confidence before it builds
the next round. The confidence of the next round's own drafts would predict more, but reading it
would cost a second wait for the device in every round.

`docs/depth.md` explains the model and says what each constant was measured to give.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy

from mtp_mlx.api import MAX_DEPTH

PRIOR = 0.7  # acceptance at the first position before any draft was judged
PRIOR_WEIGHT = 4.0  # drafts that the estimate of the position before counts as
FLOOR = 4.0  # drafts at the first position that are never forgotten
MEMORY = 400.0  # tokens after which a judged draft weighs 1/e
LIMIT = 0.01  # the least distance of estimates from 0 and 1, where a logit is infinite

SHIFT = 1.5  # the shift of the logit, up or down, that the test for a change of text assumes
ALARM = 4.0  # the sum of log likelihood ratios above which the text has changed
RAISE = 2.0  # each change raises the alarm by so many times ALARM
RAISE_TOKENS = 100.0  # tokens after which a raise weighs 1/e
KEPT_AT_CHANGE = 0.3  # the part of the counts that a change of text leaves

RIDGE = 10.0  # information, in drafts, that holds the slope near 0: it is learned the more slowly
CONFIDENCE_MEMORY = 1000.0  # drafts for the slope, rounds for mean and variance, until 1/e is left
PERSISTENCE = 0.9  # the part of the last confidence that each token decoded plainly leaves
MOST_SIGMAS = 3.0  # standard deviations at which confidence is cut, so that exp stays finite


class Acceptance:
    """Learns from rounds: `estimates` are the mean a_i, `expected` the a_i of the next round."""

    def __init__(self, hits: Sequence[float] = (), counts: Sequence[float] = ()) -> None:
        self.hits = list(hits) or [PRIOR * FLOOR] + [0.0] * (MAX_DEPTH - 1)
        self.counts = list(counts) or [FLOOR] + [0.0] * (MAX_DEPTH - 1)
        self.confidence = Confidence()
        self._change = ChangeDetector()
        self.estimates = self._estimated()
        self.expected = self.estimates

    def copy(self) -> Acceptance:
        """Return the start of another sequence: these counts, without the last confidence."""
        other = Acceptance(self.hits, self.counts)
        other.confidence = self.confidence.copy()
        return other

    def observe(self, accepted: int, reached: int, confidence: Sequence[float]) -> None:
        """Learn from a round whose first `reached` drafts were judged and `accepted` accepted."""
        self._decay(math.exp(-(accepted + 1) / MEMORY))
        for i in range(reached):
            right = float(i < accepted)
            residual = right - self.expected[i]
            # Only the part that the confidence did not predict is put down to the position.
            self.counts[i] += 1
            hits = self.hits[i] + self.estimates[i] + residual
            self.hits[i] = min(max(hits, 0.0), self.counts[i])
            self.confidence.learn(residual, self.expected[i])
            if self._change.happened(right, self.expected[i]):
                self._decay(KEPT_AT_CHANGE)
        self._change.passed(accepted + 1)
        self.confidence.move(accepted + 1, confidence)
        self.estimates = self._estimated()
        self.expected = self.confidence.shifted(self.estimates)

    def _decay(self, keep: float) -> None:
        first = max(keep, min(1.0, FLOOR / self.counts[0]))
        self.hits = [self.hits[0] * first, *(keep * hits for hits in self.hits[1:])]
        self.counts = [self.counts[0] * first, *(keep * counts for counts in self.counts[1:])]

    def _estimated(self) -> list[float]:
        estimates: list[float] = []
        prior, weight = PRIOR, 0.0
        for hits, counts in zip(self.hits, self.counts, strict=True):
            a = (hits + weight * prior) / (counts + weight)
            prior, weight = min(max(a, LIMIT), 1 - LIMIT), PRIOR_WEIGHT
            estimates.append(prior)
        return estimates


class ChangeDetector:
    """Notices when more or fewer drafts are accepted than the estimates predict (Page 1954).

    A text that changes all the time is better described by its mean, so each change raises the
    alarm for the next.
    """

    def __init__(self) -> None:
        self._sums = dict.fromkeys((math.exp(SHIFT), math.exp(-SHIFT)), 0.0)  # by shift of the odds
        self._raised = 0.0

    def passed(self, tokens: int) -> None:
        """Lower a raised alarm by the `tokens` that passed."""
        self._raised *= math.exp(-tokens / RAISE_TOKENS)

    def happened(self, right: float, estimate: float) -> bool:
        """Add a judged draft (`right` is 1 or 0); return whether the text has changed."""
        for shift, total in self._sums.items():
            shifted = _shift(estimate, shift)
            ratio = shifted / estimate if right else (1 - shifted) / (1 - estimate)
            self._sums[shift] = max(0.0, total + math.log(ratio))
        if max(self._sums.values()) <= ALARM * (1 + self._raised):
            return False
        self._sums = dict.fromkeys(self._sums, 0.0)
        self._raised += RAISE
        return True


class Confidence:
    """Learns how strongly acceptance depends on the drafter's confidence in the last round."""

    def __init__(self) -> None:
        self._slope = 0.0
        self._curvature = 0.0
        self._rounds = 0.0
        self._mean = self._variance = 0.0  # of the mean logit of a round's confidence
        self.last = 0.0  # the last round's confidence, in standard deviations from the mean

    def copy(self) -> Confidence:
        """Return the same without the last confidence, which belongs to this sequence."""
        other = copy(self)
        other.last = 0.0
        return other

    def shifted(self, estimates: list[float]) -> list[float]:
        """Return the estimates, shifted by the last confidence."""
        factor = math.exp(self._slope * self.last)
        return [_shift(a, factor) for a in estimates] if factor != 1 else estimates

    def learn(self, residual: float, expected: float) -> None:
        """Move the slope by one Newton step on the log loss of a draft, with a ridge.

        `residual` is its outcome less `expected`, the acceptance that was predicted for it.
        """
        information = expected * (1 - expected) * self.last**2
        self._curvature += information - self._curvature / CONFIDENCE_MEMORY
        step = self._curvature + RIDGE
        self._slope += residual * self.last / step
        self._slope *= 1 - RIDGE / CONFIDENCE_MEMORY / step

    def move(self, tokens: int, confidence: Sequence[float]) -> None:
        """Note the confidence of a round that emitted `tokens`; empty: it drafted nothing."""
        if not confidence:
            self.last *= PERSISTENCE**tokens
            return
        raw = sum(map(logit, confidence)) / len(confidence)
        self._rounds = min(self._rounds + 1, CONFIDENCE_MEMORY)
        off = raw - self._mean
        self._mean += off / self._rounds
        self._variance += (off * (raw - self._mean) - self._variance) / self._rounds
        sigmas = (raw - self._mean) / math.sqrt(self._variance) if self._variance > 1e-6 else 0.0
        self.last = min(max(sigmas, -MOST_SIGMAS), MOST_SIGMAS)


def logit(p: float) -> float:
    """Return the logit of a probability."""
    p = min(max(p, 0.001), 0.999)  # confidences come in steps of 1/1000
    return math.log(p / (1 - p))


def _shift(a: float, factor: float) -> float:
    """Return `a` with its odds multiplied by `factor`."""
    odds = a * factor
    return min(max(odds / (odds + 1 - a), LIMIT), 1 - LIMIT)
