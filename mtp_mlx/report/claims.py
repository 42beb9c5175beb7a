"""What may be claimed of a speed-up: the one place that decides it, for reports and window. Pure.

A speed-up is a claim about MTP. It is sure where its 95 % interval excludes 1; one run each has no
interval. A round of drafts takes at least as long as a plain step, so drafts never explain a
speed-up above the tokens that a round emits: a greater ratio shows that the machine was busy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mtp_mlx.report.model import Group, Mode

Outcome = Literal["unmeasured", "busy", "parked", "even", "faster", "slower"]

LEAST_NOISE = 0.03
"""The share by which two equal runs differ on a quiet machine."""
MOST_NOISE = 0.10
"""The greatest share that noise may excuse: noisier runs are no evidence for a greater ratio."""
PARKED_SHARE = 1 / 8
"""The share of auto's rounds with drafts up to which auto counts as parked."""

WORDS: dict[Outcome, str] = {
    "unmeasured": "not measured",
    "busy": "machine was busy",
    "parked": "parked",
    "even": "no difference",
    "faster": "faster",
    "slower": "slower",
}
"""Each outcome in a word or two, for the places where a speed-up stands in a row of numbers."""
_BUSY = "the machine was busy: measure again"
_EVEN = "no clear difference in this run"
PARKED = "auto parked: the difference comes from the machine"
PARKED_EVEN = "auto parked: no difference"
_ONE_EACH = "{outcome} in one run each, which has no interval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafting:
    """How much of a text was drafted, over all of its rounds."""

    draft_rounds: int
    rounds: int  # verify passes and plain steps
    tokens_per_round: float

    @property
    def words(self) -> str:
        return f"drafted in {self.draft_rounds} of {self.rounds} rounds"

    @property
    def is_parked(self) -> bool:
        """Whether so few rounds drafted that drafts can hardly change the speed."""
        return self.draft_rounds <= PARKED_SHARE * self.rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A measured speed-up, and what tells whether drafts explain it. None means not measured."""

    ratio: float | None
    low: float | None = None  # of the 95 % interval; None with `high` for one run each
    high: float | None = None
    most: float | None = None  # the greatest speed-up that drafts explain
    noise: float | None = None  # of one run each: the share by which its speed varies
    mode: Mode = "auto"
    drafting: Drafting | None = None

    @property
    def has_interval(self) -> bool:
        return self.low is not None and self.high is not None

    @property
    def measured_noise(self) -> float:
        """The share of the ratio that chance explains, within `LEAST_NOISE` and `MOST_NOISE`."""
        share = self.noise or 0.0
        if self.ratio and self.low is not None:
            share = 1 - self.low / self.ratio
        return min(max(share, LEAST_NOISE), MOST_NOISE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a reader is told of a speed-up."""

    outcome: Outcome
    verdict: str
    is_sure: bool = False  # only then is it shown large or in colour
    ratio: float | None = None  # None where no number may be shown
    low: float | None = None
    high: float | None = None
    drafted: str = ""  # in how many of all rounds drafts were made; "" where nobody counted

    @property
    def word(self) -> str:
        return WORDS[self.outcome]

    @property
    def tone(self) -> Literal["faster", "warning", "plain"]:
        """The colour that the speed-up may be shown in."""
        if not self.is_sure:
            return "plain"
        return "warning" if self.outcome == "slower" else "faster"


def claim(evidence: Evidence) -> Claim:
    """Return what may be said of a speed-up, and whether its number may be shown."""
    drafted = "" if evidence.drafting is None else evidence.drafting.words
    outcome, ratio = _outcome(evidence), evidence.ratio
    if outcome == "unmeasured":
        return Claim(outcome=outcome, verdict=WORDS[outcome], drafted=drafted)
    if outcome == "busy":
        return Claim(outcome=outcome, verdict=_BUSY, drafted=drafted)
    return Claim(
        outcome=outcome,
        verdict=_verdict(outcome, evidence),
        is_sure=evidence.has_interval and outcome in {"faster", "slower"},
        ratio=ratio,
        low=evidence.low,
        high=evidence.high,
        drafted=drafted,
    )


def claim_of(group: Group) -> Claim:
    """Return what may be said of a group's speed-up."""
    return claim(evidence_of(group))


def evidence_of(group: Group) -> Evidence:
    drafting = None
    if group.draft_rounds is not None and group.rounds and group.tokens_per_round is not None:
        drafting = Drafting(
            draft_rounds=group.draft_rounds,
            rounds=group.rounds,
            tokens_per_round=group.tokens_per_round,
        )
    return Evidence(
        ratio=None if group.mode == "off" else group.speedup,
        low=group.speedup_low,
        high=group.speedup_high,
        most=group.speedup_most,
        noise=group.noise,
        mode=group.mode,
        drafting=drafting,
    )


def compared(ratio: float, low: float | None, high: float | None, noise: float) -> Outcome:
    """Return which a ratio is, judged by the two digits that are shown of its interval.

    Without an interval a ratio within `noise` of 1 is no difference.
    """
    if low is not None and high is not None:
        return "faster" if round(low, 2) > 1 else "slower" if round(high, 2) < 1 else "even"
    if abs(ratio - 1) <= noise or round(ratio, 2) == 1:
        return "even"
    return "faster" if ratio > 1 else "slower"


def _outcome(evidence: Evidence) -> Outcome:
    ratio, noise = evidence.ratio, evidence.measured_noise
    if ratio is None:
        return "unmeasured"
    if evidence.most is not None and ratio > evidence.most * (1 + noise):
        return "busy"
    drafting = evidence.drafting
    if evidence.mode == "auto" and drafting is not None and drafting.is_parked:
        return "parked"
    return compared(ratio, evidence.low, evidence.high, noise)


def _verdict(outcome: Outcome, evidence: Evidence) -> str:
    if outcome == "parked":
        seen = compared(evidence.ratio or 1.0, evidence.low, evidence.high, evidence.measured_noise)
        return PARKED_EVEN if seen == "even" else PARKED
    if outcome == "even":
        return _EVEN
    word = WORDS[outcome]
    return word if evidence.has_interval else _ONE_EACH.format(outcome=word)
