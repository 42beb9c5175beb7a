"""What a reply's rounds add up to, taken in one after the other. Pure.

Times are the rounds' arrivals, in seconds since the request: what the user waits for includes
everything. A sum over a stretch of rounds counts the time between its ends only, so that an event
that was handled late shifts it by no more than itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class Position:
    """Draft position i, in rounds: drafted it, reached it (all before stood), accepted at it."""

    drafted: int = 0
    reached: int = 0
    accepted: int = 0


@dataclass(slots=True, kw_only=True)
class Tally:
    """Grows with a reply, round by round; not frozen, for a long reply has thousands.

    `on` holds the rounds that began and ended with the switch on, parked ones included.

    `plain` holds finished stretches of plain decoding, whoever asked for them. The first step of a
    stretch finds no other in flight, and its last may only be emptying the pipe for a draft:
    neither is at full speed. The last one is `held` until the next shows what it was.
    """

    generated: int = 0
    draft_rounds: int = 0
    drafted: int = 0
    accepted: int = 0
    histogram: list[int] = field(default_factory=list)  # rounds by number accepted
    positions: list[Position] = field(default_factory=list)
    first_at: float | None = None
    last_at: float | None = None
    resumed: int = 0  # how often a stopped reply was continued
    paused: float = 0.0  # seconds from the end of a part to the first token of the next
    is_on: bool = True
    was_off: bool = False  # at any time of this reply
    turned: bool = False  # the switch, since the last round
    on: Span = Span()
    plain: Span = Span()
    stretch: Span | None = None  # None: no plain step has just been taken
    held: Span = Span()

    @property
    def decode(self) -> Span:
        """All but the tokens that prefills yield: of one part (n - 1), t_last - t_first."""
        if self.first_at is None or self.last_at is None:
            return Span()
        seconds = self.last_at - self.first_at - self.paused
        return Span(self.generated - 1 - self.resumed, seconds)

    @property
    def plain_measured(self) -> Span:
        """Plain decoding in stretches that are long enough to be measured."""
        stretch = self.stretch or Span()
        return self.plain.plus(stretch) if stretch.tokens >= STRETCH else self.plain

    def switch(self, mtp: Mtp) -> None:
        self.is_on = is_on(mtp)
        self.was_off = self.was_off or not self.is_on
        self.turned = True

    def add(self, record: RoundRecord) -> None:
        tokens = len(record.tokens)
        took = None
        if self.last_at is not None:
            waited = record.at - self.last_at
            if record.index > 0:
                took = Span(tokens, waited)
            else:
                self._resume(waited)
        if took is not None and self.is_on and not self.turned:
            self.on = self.on.plus(took)
        self.generated += tokens
        self.first_at = record.at if self.first_at is None else self.first_at
        self.last_at = record.at
        self.turned = False
        if record.depth > 0:
            self._close()
            self._draft(record)
        elif took is not None:
            self._step(took)

    def _step(self, took: Span) -> None:
        """A plain step; a long wait in its midst was the machine's, and ends the stretch."""
        if self.stretch is None:
            self.stretch = Span()
            return
        self.stretch, self.held = self.stretch.plus(self.held), took
        known = self.stretch
        usual = known.seconds / known.tokens if known.tokens else took.seconds
        if took.seconds > max(_STALL_S, _STALL_GAPS * usual):
            self._close()
            self.stretch = Span()

    def _resume(self, waited: float) -> None:
        """A stopped reply goes on: its prompt was read again, which is no decoding."""
        self.resumed += 1
        self.paused += waited
        self._close()

    def _close(self) -> None:
        self.plain, self.stretch, self.held = self.plain_measured, None, Span()

    def _draft(self, record: RoundRecord) -> None:
        self.draft_rounds += 1
        self.drafted += record.drafted
        self.accepted += record.accepted
        self.histogram += [0] * (record.drafted + 1 - len(self.histogram))
        self.histogram[record.accepted] += 1
        self.positions += [Position() for _ in range(record.drafted - len(self.positions))]
        for i, position in enumerate(self.positions[: record.drafted]):
            position.drafted += 1
            position.reached += i <= record.accepted
            position.accepted += i < record.accepted


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
            tally.switch(turns.pop(0).mtp)
        tally.add(record)
    for turn in turns:
        tally.switch(turn.mtp)
    return tally


def is_on(mtp: Mtp) -> bool:
    return mtp not in {"off", 0}
