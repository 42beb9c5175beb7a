"""Speeds over time: the live rate of a reply, and the plain speed it is compared with."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import msgspec

from app.domain.conversation import EngineRecord, RoundRecord
from app.domain.numbers import Plain, Span
from mtp_mlx.api import PairInfo

RATE_WINDOW_S = 1.5
LEAST_RATE_S = 0.25
"""The least seconds that a rate is of: rounds that arrive together would look like a great one."""
_RATE_ROUNDS = 4  # a slow engine is averaged over rounds, not over the window
_STALE_S = 1.0
_STALE_GAPS = 4.0


@dataclass(frozen=True, slots=True)
class Arrival:
    at: float  # seconds since the request
    tokens: int


@dataclass(frozen=True, slots=True)
class Recent:
    """The last rounds of a reply, from which its rate at a moment follows."""

    arrivals: tuple[Arrival, ...] = ()
    tokens: int = 0  # of all of them

    def plus(self, at: float, tokens: int) -> Recent:
        """Return the rounds with a new one, without those too old for the next rate."""
        start, left = 0, self.tokens + tokens
        oldest, last = at - RATE_WINDOW_S, len(self.arrivals) - _RATE_ROUNDS
        while start < last and self.arrivals[start].at < oldest:
            left -= self.arrivals[start].tokens
            start += 1
        return Recent((*self.arrivals[start:], Arrival(at, tokens)), left)

    @property
    def tps(self) -> float | None:
        """Return tokens a second from the first to the last; None for too short a time."""
        if len(self.arrivals) < 2:
            return None
        first = self.arrivals[0]
        span = self.arrivals[-1].at - first.at
        return (self.tokens - first.tokens) / span if span >= LEAST_RATE_S else None

    @property
    def stale_after(self) -> float:
        """Return the seconds of silence after which the rate is stale: a few of its own gaps."""
        if len(self.arrivals) < 2:
            return _STALE_S
        mean = (self.arrivals[-1].at - self.arrivals[0].at) / (len(self.arrivals) - 1)
        return max(_STALE_S, _STALE_GAPS * mean)


class Course:
    """The rates of a whole reply, each as `Recent` gave it when the round came, in any order."""

    def __init__(self, rounds: Sequence[RoundRecord]) -> None:
        self._at = [record.at for record in rounds]
        self._tokens = list(accumulate(len(record.tokens) for record in rounds))

    def tps(self, row: int) -> float | None:
        """Return tokens a second at the end of a round; None for too short a time."""
        first = self._first(row)
        span = self._at[row] - self._at[first]
        tokens = self._tokens[row] - self._tokens[first]
        return tokens / span if span >= LEAST_RATE_S else None

    def stale_after(self, row: int) -> float:
        """Return the seconds of silence after which the rate of a round is stale."""
        first = self._first(row)
        gaps = row - first
        mean = (self._at[row] - self._at[first]) / gaps if gaps else 0.0
        return max(_STALE_S, _STALE_GAPS * mean)

    def _first(self, row: int) -> int:
        oldest = self._at[row] - RATE_WINDOW_S
        return max(0, min(bisect_left(self._at, oldest, 0, row), row - _RATE_ROUNDS))


@dataclass(frozen=True, slots=True)
class Rate:
    at: float
    tps: float


def rates(rounds: Sequence[RoundRecord]) -> Iterator[Rate]:
    """Yield the rate at the end of each round, as it was shown when the round came."""
    course = Course(rounds)
    for row, record in enumerate(rounds):
        tps = course.tps(row)
        if tps is not None:
            yield Rate(record.at, tps)


NEAR_S = 600.0
"""How long after a reply, or before it, plain decoding may have been measured."""
NEAR_TOKENS = 512
"""How much longer or shorter the context may have been; of a long one a quarter."""
_NEAR_SHARE = 1 / 4
NEAR_LOAD = 2.0
"""How many more or fewer processes may have been runnable; on many cores a quarter of these."""
_REMEMBERED = 64  # stretches of a pair
_VERSIONS = ("mtp-mlx", "mlx")


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """When something was decoded, behind how long a context, and on how busy a machine."""

    at: float  # seconds since the epoch
    context: int  # tokens in the cache, in its middle
    load: float | None = None  # runnable processes, the mean of a minute; None: not measured
    cores: int = 1

    def is_near(self, other: Moment) -> bool:
        """Whether speeds of both may be set against each other."""
        far = max(NEAR_TOKENS, _NEAR_SHARE * max(self.context, other.context))
        busier = max(NEAR_LOAD, self.cores / 4)
        return (
            abs(self.at - other.at) <= NEAR_S
            and abs(self.context - other.context) <= far
            and (self.load is None or other.load is None or abs(self.load - other.load) <= busier)
        )


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Plain decoding of one reply, and when it was measured."""

    tokens: int
    seconds: float
    moment: Moment
    day: str  # ISO 8601, by the clock of this machine

    @property
    def tps(self) -> float:
        return self.tokens / self.seconds


Stretches = tuple[Stretch, ...]
"""What was measured of one pair on this machine and release, the newest last."""


def plain_at(stretches: Sequence[Stretch], moment: Moment) -> Plain | None:
    """Return the plain speed that holds at a moment; None where none was measured near it."""
    near = [one for one in stretches if one.moment.is_near(moment)]
    if not near:
        return None
    span = Span(sum(one.tokens for one in near), sum(one.seconds for one in near))
    tps = span.tokens / span.seconds
    spread = max(one.tps for one in near) - min(one.tps for one in near)
    noise = None if len(near) == 1 else spread / 2 / tps
    return Plain(tps=tps, day=near[-1].day, noise=noise)


def remembered(stretches: Stretches, span: Span, moment: Moment, day: str) -> Stretches:
    """Return the stretches with what was measured now, if that is a measurement by itself.

    What is too old to be near anything that is written from now on is left out.
    """
    kept = tuple(one for one in stretches if moment.at - one.moment.at <= NEAR_S)
    if span.tps is None:
        return kept
    new = Stretch(tokens=span.tokens, seconds=span.seconds, moment=moment, day=day)
    return (*kept, new)[-_REMEMBERED:]


def baseline_key(pair: PairInfo, engine: EngineRecord) -> str:
    """Return the name under which a plain speed is stored: target, device and versions.

    The drafter is not in it: plain decoding does not use one.
    """
    versions = [f"{name} {engine.versions.get(name, '?')}" for name in _VERSIONS]
    device = str(engine.device.get("name", "?"))
    return " | ".join([pair.target, pair.quantization, device, *versions])
