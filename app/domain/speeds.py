"""Speeds over time: the live rate of a reply, and the plain speed that it is set against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from app.domain.conversation import EngineRecord, RoundRecord
from app.domain.numbers import Span
from mtp_mlx.api import PairInfo

RATE_WINDOW_S = 1.5
_RATE_ROUNDS = 4  # a slow engine is averaged over rounds, not over the window
_STALE_S = 1.0
_STALE_GAPS = 4.0


@dataclass(frozen=True, slots=True)
class Arrival:
    at: float  # seconds since the request
    tokens: int


@dataclass(frozen=True, slots=True)
class Rate:
    at: float
    tps: float


def rate_of(recent: Sequence[Arrival]) -> float | None:
    """Return tokens a second between the first and the last arrival; None below two arrivals."""
    if len(recent) < 2:
        return None
    first, *rest = recent
    span = rest[-1].at - first.at
    return sum(arrival.tokens for arrival in rest) / span if span > 0 else None


def within(recent: tuple[Arrival, ...], oldest: float) -> tuple[Arrival, ...]:
    """Return the arrivals since `oldest`, and at least as many as the next rate needs."""
    start = 0
    while len(recent) - start > _RATE_ROUNDS and recent[start].at < oldest:
        start += 1
    return recent[start:]


def stale_after(recent: Sequence[Arrival]) -> float:
    """Return the seconds of silence after which a rate is stale: a few of its own gaps."""
    if len(recent) < 2:
        return _STALE_S
    mean = (recent[-1].at - recent[0].at) / (len(recent) - 1)
    return max(_STALE_S, _STALE_GAPS * mean)


def rates(rounds: Sequence[RoundRecord]) -> Iterator[Rate]:
    """Yield the rate at the end of each round, as it was shown when the round came."""
    recent: tuple[Arrival, ...] = ()
    for record in rounds:
        arrival = Arrival(record.at, len(record.tokens))
        recent = (*within(recent, record.at - RATE_WINDOW_S), arrival)
        tps = rate_of(recent)
        if tps is not None:
            yield Rate(record.at, tps)


_REMEMBERED = 1024
_VERSIONS = ("mtp-mlx", "mlx")


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """About the last thousand plainly decoded tokens of one day."""

    tokens: float
    seconds: float
    day: str  # ISO 8601, by the clock of this machine

    @property
    def tps(self) -> float:
        return self.tokens / self.seconds


def updated(known: Baseline | None, span: Span, day: str) -> Baseline | None:
    """With what was measured now; `span` counts only where it is a measurement by itself."""
    if span.tps is None:
        return known
    if known is None or known.day != day:
        return Baseline(tokens=span.tokens, seconds=span.seconds, day=day)
    faded = min(1.0, max(0, _REMEMBERED - span.tokens) / known.tokens)
    return Baseline(
        tokens=known.tokens * faded + span.tokens,
        seconds=known.seconds * faded + span.seconds,
        day=day,
    )


def baseline_key(pair: PairInfo, engine: EngineRecord) -> str:
    """The drafter has no part in it."""
    versions = [f"{name} {engine.versions.get(name, '?')}" for name in _VERSIONS]
    device = str(engine.device.get("name", "?"))
    return " | ".join([pair.target, pair.quantization, device, *versions])
