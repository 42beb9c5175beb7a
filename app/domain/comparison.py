"""The same prompt with MTP off and on: how fast each was, and whether they wrote the same. Pure."""

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
    off: TokenRecord | None  # None: this text has ended here
    on: TokenRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs, one after the other. Either may have been cut short."""

    question: str
    off: ReplyRecord
    on: ReplyRecord
    first: Side = "off"

    @property
    def speed_up(self) -> float | None:
        """None where one of them was too short to have a speed."""
        off, on = _speed(numbers_of(self.off)), _speed(numbers_of(self.on))
        return None if off is None or on is None else on / off

    @property
    def compared(self) -> int:
        """Tokens that both wrote."""
        return min(len(tokens_of(self.off.rounds)), len(tokens_of(self.on.rounds)))

    @property
    def parting(self) -> Parting | None:
        """None where they are the same, as far as a run that was cut short went."""
        off, on = tokens_of(self.off.rounds), tokens_of(self.on.rounds)
        for at, (one, other) in enumerate(zip(off, on, strict=False)):
            if one.id != other.id:
                return Parting(at=at, off=one, on=other)
        shorter, at = (self.off if len(off) < len(on) else self.on), min(len(off), len(on))
        if len(off) == len(on) or not was_finished(shorter):
            return None
        longer = off[at] if len(off) > at else on[at]
        ended = shorter is self.off
        return Parting(at=at, off=None if ended else longer, on=longer if ended else None)

    @property
    def whole(self) -> bool:
        return was_finished(self.off) and was_finished(self.on)


def tokens_of(rounds: Sequence[RoundRecord]) -> list[TokenRecord]:
    return [token for record in rounds for token in record.tokens]


def was_finished(reply: ReplyRecord) -> bool:
    return reply.finish in {"finished", "length"}


def _speed(numbers: Numbers) -> float | None:
    return numbers.decode_tps if numbers.generated_tokens > MEASURED_TOKENS else None
