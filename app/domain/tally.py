"""What a reply's rounds add up to, taken in one after the other. Pure.

Times are the rounds' arrivals, in seconds since the request: what the user waits for includes
everything. A sum over a stretch of rounds counts the time between its ends only, so that an event
that was handled late shifts it by no more than itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.domain.conversation import RoundRecord, SwitchRecord
from mtp_mlx.wire import Mtp

MEASURED_TOKENS = 32
MEASURED_S = 0.2
STRETCH = 8
"""Plain steps in a row, without the first and the last, from which on they are a measurement."""

_STALL_S = 1.0
_STALL_GAPS = 8.0


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens and the time they took."""

    tokens: int = 0
    seconds: float = 0.0

    def plus(self, other: Span) -> Span:
        return Span(self.tokens + other.tokens, self.seconds + other.seconds)

    @property
    def tps(self) -> float | None:
        """None until there is enough of it to be called measured."""
        if self.tokens < MEASURED_TOKENS or self.seconds < MEASURED_S:
            return None
        return self.tokens / self.seconds


@dataclass(frozen=True, slots=True)
class Position:
    """Draft position i, in rounds: drafted it, reached it (all before stood), accepted at it."""

    drafted: int = 0
    reached: int = 0
    accepted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """`on` holds the rounds that began and ended with the switch on, parked ones included.

    `plain` holds finished stretches of plain decoding, whoever asked for them. The first step of a
    stretch finds no other in flight, and its last may only be emptying the pipe for a draft:
    neither is at full speed. The last one is `held` until the next shows what it was.
    """

    generated: int = 0
    draft_rounds: int = 0
    drafted: int = 0
    accepted: int = 0
    histogram: tuple[int, ...] = ()  # rounds by number accepted
    positions: tuple[Position, ...] = ()
    first_at: float | None = None
    last_at: float | None = None
    is_on: bool = False
    was_off: bool = False  # at any time of this reply
    turned: bool = False  # the switch, since the last round
    on: Span = Span()
    plain: Span = Span()
    stretch: Span | None = None  # None: no plain step has just been taken
    held: Span = Span()

    @property
    def decode(self) -> Span:
        """All but the token that prefill yields: (n - 1), t_last - t_first."""
        if self.first_at is None or self.last_at is None:
            return Span()
        return Span(self.generated - 1, self.last_at - self.first_at)

    @property
    def plain_measured(self) -> Span:
        """Plain decoding in stretches that are long enough to be measured."""
        stretch = self.stretch or Span()
        return self.plain.plus(stretch) if stretch.tokens >= STRETCH else self.plain

    def switched(self, mtp: Mtp) -> Tally:
        on = is_on(mtp)
        return replace(self, is_on=on, was_off=self.was_off or not on, turned=True)

    def plus(self, record: RoundRecord) -> Tally:
        tokens = len(record.tokens)
        took = Span(tokens, 0.0 if self.last_at is None else record.at - self.last_at)
        timed = self.last_at is not None and record.index > 0
        whole = timed and self.is_on and not self.turned
        counted = replace(
            self,
            generated=self.generated + tokens,
            first_at=record.at if self.first_at is None else self.first_at,
            last_at=record.at,
            turned=False,
            on=self.on.plus(took) if whole else self.on,
        )
        if record.depth > 0:
            return _drafted(_closed(counted), record)
        return _stepped(counted, took) if timed else counted


def begun(mtp: Mtp) -> Tally:
    on = is_on(mtp)
    return Tally(is_on=on, was_off=not on)


def tally_of(
    rounds: Iterable[RoundRecord], mtp: Mtp, switches: Iterable[SwitchRecord] = ()
) -> Tally:
    """A whole reply's, from what was stored of it."""
    tally = begun(mtp)
    turns = list(switches)
    for record in rounds:
        while turns and turns[0].at < record.at:
            tally = tally.switched(turns.pop(0).mtp)
        tally = tally.plus(record)
    for turn in turns:
        tally = tally.switched(turn.mtp)
    return tally


def is_on(mtp: Mtp) -> bool:
    return mtp not in {"off", 0}


def _stepped(tally: Tally, took: Span) -> Tally:
    """A plain step; a long wait in its midst was the machine's, and ends the stretch."""
    if tally.stretch is None:
        return replace(tally, stretch=Span(), held=Span())
    known = tally.stretch.plus(tally.held)
    usual = known.seconds / known.tokens if known.tokens else took.seconds
    if took.seconds > max(_STALL_S, _STALL_GAPS * usual):
        return replace(_closed(tally), stretch=Span())
    return replace(tally, stretch=known, held=took)


def _closed(tally: Tally) -> Tally:
    return replace(tally, plain=tally.plain_measured, stretch=None, held=Span())


def _drafted(tally: Tally, record: RoundRecord) -> Tally:
    return replace(
        tally,
        draft_rounds=tally.draft_rounds + 1,
        drafted=tally.drafted + record.drafted,
        accepted=tally.accepted + record.accepted,
        histogram=_histogram(tally.histogram, record),
        positions=_positions(tally.positions, record),
    )


def _histogram(histogram: tuple[int, ...], record: RoundRecord) -> tuple[int, ...]:
    longest = max(len(histogram), record.drafted + 1)
    padded = histogram + (0,) * (longest - len(histogram))
    return tuple(n + (i == record.accepted) for i, n in enumerate(padded))


def _positions(positions: tuple[Position, ...], record: RoundRecord) -> tuple[Position, ...]:
    longest = max(len(positions), record.drafted)
    padded = positions + (Position(),) * (longest - len(positions))
    return tuple(
        Position(
            p.drafted + (i < record.drafted),
            p.reached + (i < record.drafted and i <= record.accepted),
            p.accepted + (i < record.accepted),
        )
        for i, p in enumerate(padded)
    )
