"""One prompt answered with MTP off and on: how fast, and where the texts part. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.domain.conversation import ReplyRecord, RoundRecord, TokenRecord
from app.domain.numbers import MEASURED_TOKENS, Numbers, numbers_of

Side = Literal["off", "on"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """Where two texts part: the first token, counted from 0, at which they differ."""

    at: int
    off: TokenRecord | None  # None: the text written with MTP off has ended here
    on: TokenRecord | None  # None: the one written with MTP on has


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs of one question, of which `first` was made first. Either may be cut short."""

    question: str
    off: ReplyRecord
    on: ReplyRecord
    first: Side = "off"
    made: str | None = None  # when, ISO 8601 in UTC
    earlier: tuple[Comparison, ...] = ()  # of the same prompt and settings: together an interval

    @property
    def speed_up(self) -> float | None:
        """Return speed with MTP over speed without; None where a run is too short to have one."""
        off, on = _speed(numbers_of(self.off)), _speed(numbers_of(self.on))
        return None if off is None or on is None else on / off

    @property
    def compared(self) -> int:
        """Return how many tokens both runs wrote: the length of the shorter one."""
        return min(len(tokens_of(self.off.rounds)), len(tokens_of(self.on.rounds)))

    @property
    def parting(self) -> Parting | None:
        """Return where the texts part; None where they agree as far as both go.

        A run that was cut short does not part where it ends.
        """
        off, on = tokens_of(self.off.rounds), tokens_of(self.on.rounds)
        for at, (plain, drafted) in enumerate(zip(off, on, strict=False)):
            if plain.id != drafted.id:
                return Parting(at=at, off=plain, on=drafted)
        shorter, at = (self.off if len(off) < len(on) else self.on), min(len(off), len(on))
        if len(off) == len(on) or not was_finished(shorter):
            return None
        longer = off[at] if len(off) > at else on[at]
        ended = shorter is self.off
        return Parting(at=at, off=None if ended else longer, on=longer if ended else None)

    @property
    def whole(self) -> bool:
        """Return whether neither run was cut short."""
        return was_finished(self.off) and was_finished(self.on)


def tokens_of(rounds: Sequence[RoundRecord]) -> list[TokenRecord]:
    return [token for record in rounds for token in record.tokens]


def was_finished(reply: ReplyRecord) -> bool:
    """Return whether the reply ended by itself or at its most tokens."""
    return reply.finish in {"finished", "length"}


def _speed(numbers: Numbers) -> float | None:
    return numbers.decode_tps if numbers.generated_tokens > MEASURED_TOKENS else None
