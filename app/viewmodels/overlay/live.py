"""What a running reply does right now: a reducer, pure, with the time handed in.

What its rounds add up to is `app.domain.tally`'s business. Here is what passes: the phase, the rate
of this moment, the plot. `now` is in seconds on one monotonic clock, as `requested` is; all other
times count from the request.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from app.domain.conversation import RoundRecord
from app.domain.rates import RATE_WINDOW_S, Arrival, rate_of, stale_after, within
from mtp_mlx.wire import Event, Loaded, Memory, MemoryReport, PromptProgress

Phase = Literal["idle", "waiting", "prompt", "decoding", "ended"]

HISTORY_LENGTH = 600  # a minute at ten samples a second


@dataclass(frozen=True, slots=True)
class Sample:
    """One point of the plot; `drafting` tells the two curves apart."""

    at: float
    tps: float
    drafting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The reply being written, or the last one. `memory` is the engine's, and outlives it."""

    phase: Phase = "idle"
    requested: float = 0.0
    last_round: float | None = None
    prompt_done: int = 0
    prompt_total: int = 0
    prompt_reused: int = 0
    recent: tuple[Arrival, ...] = ()
    depth: int = 0
    history: tuple[Sample, ...] = ()
    memory: Memory | None = None

    @property
    def running(self) -> bool:
        return self.phase in {"waiting", "prompt", "decoding"}


def requested(live: Live, now: float) -> Live:
    return Live(phase="waiting", requested=now, memory=live.memory)


def ended(live: Live) -> Live:
    return replace(live, phase="ended", recent=()) if live.running else live


def reduce(live: Live, event: Event) -> Live:
    """Take in one event of the engine, other than a round."""
    match event:
        case MemoryReport():
            memory = Memory(active=event.active, peak=event.peak, limit=event.limit)
            return replace(live, memory=memory)
        case Loaded():
            return replace(live, memory=event.memory)
        case PromptProgress() if live.running:
            return replace(
                live,
                phase="prompt",
                prompt_done=event.done,
                prompt_total=event.total,
                prompt_reused=event.reused,
            )
        case _:
            return live


def recorded(live: Live, record: RoundRecord) -> Live:
    """Take in one round of the running reply."""
    arrival = Arrival(record.at, len(record.tokens))
    return replace(
        live,
        phase="decoding",
        last_round=record.at,
        recent=(*within(live.recent, record.at - RATE_WINDOW_S), arrival),
        depth=record.depth,
    )


def rate(live: Live, now: float) -> float | None:
    """Tokens a second now; None where nothing is known or the last token is too long ago."""
    if live.phase != "decoding" or silence(live, now) > stale_after(live.recent):
        return None
    return rate_of(live.recent)


def silence(live: Live, now: float) -> float:
    """Seconds since the last round, or since the request where there was none."""
    return now - live.requested - (live.last_round or 0.0)


def sampled(live: Live, now: float) -> Live:
    """Add a point to the plot, where there is a rate to show."""
    tps = rate(live, now)
    if tps is None:
        return live
    sample = Sample(now - live.requested, tps, drafting=live.depth > 0)
    return replace(live, history=(*live.history, sample)[-HISTORY_LENGTH:])
