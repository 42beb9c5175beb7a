"""Speeds over time: the live rate of a reply, and the plain speed it is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from app.domain.conversation import EngineRecord, RoundRecord
from app.domain.numbers import Span
from mtp_mlx.api import PairInfo

RATE_WINDOW_S = 1.5
"""Seconds over which the live rate is averaged: more is steadier, less is sooner."""

_RATE_ROUNDS = 4  # rounds that the average holds at least, however slow they are
# A rate is stale after the longer of the two.
_STALE_S = 1.0  # seconds
_STALE_GAPS = 4.0  # mean gaps between the rounds averaged


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


_REMEMBERED = 1024  # tokens that a plain speed averages over: older ones fade
_VERSIONS = ("mtp-mlx", "mlx")


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """Plain decoding of about the last thousand tokens of one day."""

    tokens: float
    seconds: float
    day: str  # ISO 8601, in the machine's time zone

    @property
    def tps(self) -> float:
        return self.tokens / self.seconds


def updated(stored: Baseline | None, span: Span, day: str) -> Baseline | None:
    """Return the stored plain speed with `span`, measured on `day`.

    A span too short to have a speed of its own changes nothing. Older days do not count.
    """
    if span.tps is None:
        return stored
    if stored is None or stored.day != day:
        return Baseline(tokens=span.tokens, seconds=span.seconds, day=day)
    faded = min(1.0, max(0, _REMEMBERED - span.tokens) / stored.tokens)
    return Baseline(
        tokens=stored.tokens * faded + span.tokens,
        seconds=stored.seconds * faded + span.seconds,
        day=day,
    )


def baseline_key(pair: PairInfo, engine: EngineRecord) -> str:
    """Return the name under which a plain speed is stored: target, device and versions.

    The drafter is not in it: plain decoding does not use one.
    """
    versions = [f"{name} {engine.versions.get(name, '?')}" for name in _VERSIONS]
    device = str(engine.device.get("name", "?"))
    return " | ".join([pair.target, pair.quantization, device, *versions])
