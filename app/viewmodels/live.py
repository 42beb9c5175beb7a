"""What a running reply measures: a reducer over events, pure, with the time handed in.

Rates come from arrival times, not from the rounds' own `ms`: what the user waits for includes
everything. Times are seconds on one monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mtp_mlx.wire import (
    Event,
    Finished,
    Memory,
    MemoryReport,
    Mtp,
    PairInfo,
    PromptProgress,
    Round,
    RoundState,
    Stats,
)

Phase = Literal["idle", "waiting", "prompt", "decoding", "ended"]

RATE_WINDOW_S = 1.5
_RATE_ROUNDS = 4  # a slow engine is averaged over rounds, not over the window
_STALE_S = 1.0
_STALE_GAPS = 4.0
HISTORY_LENGTH = 600  # a minute at ten samples a second
_MEASURED_TOKENS = 32
_MEASURED_S = 0.2


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens and the time they took, summed over rounds of one kind."""

    tokens: int = 0
    seconds: float = 0.0

    def plus(self, tokens: int, seconds: float) -> Span:
        return Span(self.tokens + tokens, self.seconds + seconds)

    @property
    def tps(self) -> float | None:
        """None until there is enough of it to be called measured."""
        if self.tokens < _MEASURED_TOKENS or self.seconds < _MEASURED_S:
            return None
        return self.tokens / self.seconds


@dataclass(frozen=True, slots=True)
class Arrival:
    at: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One point of the plot; `drafting` tells the two curves apart."""

    at: float  # seconds since the request
    tps: float
    drafting: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Draft position i: how often drafted, how often accepted."""

    drafted: int = 0
    accepted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The reply being written, or the last one. `plain` outlives it: the session's baseline."""

    phase: Phase = "idle"
    mtp_on: bool = False
    requested: float = 0.0
    first_token: float | None = None
    last_round: float | None = None
    prompt_done: int = 0
    prompt_total: int = 0
    prompt_reused: int = 0
    recent: tuple[Arrival, ...] = ()
    generated: int = 0
    rounds: int = 0  # with K >= 1
    drafted: int = 0
    accepted: int = 0
    positions: tuple[Position, ...] = ()
    depth: int = 0
    state: RoundState | None = None
    reason: str | None = None
    history: tuple[Sample, ...] = ()
    with_mtp: Span = Span()
    stats: Stats | None = None
    pair: PairInfo | None = None
    plain: Span = Span()
    memory: Memory | None = None

    @property
    def running(self) -> bool:
        return self.phase in {"waiting", "prompt", "decoding"}

    @property
    def acceptance(self) -> float | None:
        return self.accepted / self.drafted if self.drafted else None

    @property
    def tau(self) -> float | None:
        """Mean acceptance length."""
        return 1 + self.accepted / self.rounds if self.rounds else None

    @property
    def by_position(self) -> tuple[float, ...]:
        return tuple(p.accepted / p.drafted for p in self.positions)

    @property
    def speed_up(self) -> float | None:
        """This reply's rounds with the switch on, against plain ones measured in this session."""
        if not self.drafted or self.with_mtp.tps is None or self.plain.tps is None:
            return None
        return self.with_mtp.tps / self.plain.tps


def loaded(live: Live, pair: PairInfo, memory: Memory) -> Live:
    """A different pair has a different plain speed; the same one, loaded again, keeps it."""
    plain = live.plain if live.pair == pair else Span()
    return replace(live, pair=pair, plain=plain, memory=memory)


def requested(live: Live, mtp: Mtp, now: float) -> Live:
    fresh = Live(phase="waiting", requested=now)
    return replace(fresh, mtp_on=_is_on(mtp), pair=live.pair, plain=live.plain, memory=live.memory)


def switched(live: Live, mtp: Mtp) -> Live:
    return replace(live, mtp_on=_is_on(mtp))


def ended(live: Live) -> Live:
    """The reply is over without a word from the engine."""
    return replace(live, phase="ended", recent=()) if live.running else live


def reduce(live: Live, event: Event, now: float) -> Live:
    """Take in one event of the running reply."""
    match event:
        case MemoryReport():
            memory = Memory(active=event.active, peak=event.peak, limit=event.limit)
            return replace(live, memory=memory)
        case PromptProgress() if live.running:
            return replace(
                live,
                phase="prompt",
                prompt_done=event.done,
                prompt_total=event.total,
                prompt_reused=event.reused,
            )
        case Round() if live.running:
            return _with_round(live, event, now)
        case Finished():
            return replace(ended(live), stats=event.stats)
        case _:
            return live


def rate(live: Live, now: float) -> float | None:
    """Tokens a second now; None where nothing is known or the last token is too long ago."""
    if live.phase != "decoding" or len(live.recent) < 2:
        return None
    first, *rest = live.recent
    span = rest[-1].at - first.at
    if span <= 0 or now - rest[-1].at > stale_after(live):
        return None
    return sum(arrival.tokens for arrival in rest) / span


def stale_after(live: Live) -> float:
    """After how much silence a rate is no longer the rate: a few of its own gaps."""
    if len(live.recent) < 2:
        return _STALE_S
    mean = (live.recent[-1].at - live.recent[0].at) / (len(live.recent) - 1)
    return max(_STALE_S, _STALE_GAPS * mean)


def sampled(live: Live, now: float) -> Live:
    """Add a point to the plot, where there is a rate to show."""
    tps = rate(live, now)
    if tps is None:
        return live
    sample = Sample(now - live.requested, tps, drafting=live.state in {"drafting", "probe"})
    return replace(live, history=(*live.history, sample)[-HISTORY_LENGTH:])


def _with_round(live: Live, event: Round, now: float) -> Live:
    gap = 0.0 if live.last_round is None else now - live.last_round
    tokens = len(event.tokens)
    timed = event.index > 0 and gap > 0
    is_plain = not live.mtp_on and event.state in {"plain", "parked"}
    return replace(
        live,
        phase="decoding",
        first_token=now if live.first_token is None else live.first_token,
        last_round=now,
        recent=_recent(live.recent, Arrival(now, tokens)),
        generated=live.generated + tokens,
        rounds=live.rounds + (event.depth > 0),
        drafted=live.drafted + event.drafted,
        accepted=live.accepted + event.accepted,
        positions=_positions(live.positions, event),
        depth=event.depth,
        state=event.state if event.index > 0 else live.state,
        reason=event.reason,
        plain=live.plain.plus(tokens, gap) if timed and is_plain else live.plain,
        with_mtp=live.with_mtp.plus(tokens, gap) if timed and live.mtp_on else live.with_mtp,
    )


def _recent(recent: tuple[Arrival, ...], arrival: Arrival) -> tuple[Arrival, ...]:
    oldest = arrival.at - RATE_WINDOW_S
    start = 0
    while len(recent) - start > _RATE_ROUNDS and recent[start].at < oldest:
        start += 1
    return (*recent[start:], arrival)


def _positions(positions: tuple[Position, ...], event: Round) -> tuple[Position, ...]:
    longest = max(len(positions), event.drafted)
    padded = positions + (Position(),) * (longest - len(positions))
    return tuple(
        Position(p.drafted + (i < event.drafted), p.accepted + (i < event.accepted))
        for i, p in enumerate(padded)
    )


def _is_on(mtp: Mtp) -> bool:
    return mtp not in {"off", 0}
