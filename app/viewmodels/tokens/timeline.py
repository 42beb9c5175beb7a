"""A reply's rounds over time: bars, the rate, and when the switch was turned. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app import strings
from app.domain.conversation import ReplyRecord, RoundRecord
from app.domain.speeds import Rate, rates
from app.viewmodels.common import format as fmt
from app.viewmodels.common.mtp import depth_label
from app.viewmodels.tokens.token_view import round_text
from mtp_mlx.api import Mtp, RoundState
from mtp_mlx.numbers import acceptance_of

MOST_BARS = 400  # more would be narrower than a pixel


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar: rounds `first` to `last` of the reply's list, both included.

    That is one round, or several neighbours in a reply of more than MOST_BARS rounds.
    """

    first: int
    last: int
    start: float  # seconds since the request
    end: float
    tokens: float  # mean of the rounds
    state: RoundState  # that of most of its rounds


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of the MTP switch."""

    at: float  # seconds since the request
    label: str  # what it was turned to


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The rounds of a reply over time. A token that prefill yields has no bar."""

    bars: tuple[Bar, ...]
    rate: tuple[Rate, ...]
    turns: tuple[Turn, ...]

    def bar_at(self, seconds: float) -> int | None:
        """Return the index of the bar at a moment; None before the first and after the last."""
        return next((i for i, bar in enumerate(self.bars) if bar.start <= seconds <= bar.end), None)


def timeline(reply: ReplyRecord) -> Timeline:
    return Timeline(
        bars=_bars(reply.rounds),
        rate=tuple(rates(reply.rounds)),
        turns=tuple(Turn(turn.at, switch_label(turn.mtp)) for turn in reply.switches),
    )


def bar_text(bar: Bar, rounds: Sequence[RoundRecord]) -> str:
    """Return one line about a bar of the reply with these `rounds`."""
    if bar.first == bar.last:
        return round_text(rounds[bar.first])
    chosen = rounds[bar.first : bar.last + 1]
    acceptance = acceptance_of(chosen)
    parts = [
        strings.ROUNDS.format(first=fmt.count(chosen[0].index), last=fmt.count(chosen[-1].index)),
        strings.ROUNDS_TOKENS.format(tokens=fmt.tau(bar.tokens)),
    ]
    if acceptance.draft_rounds:
        parts.append(
            strings.ROUND_ACCEPTED.format(
                accepted=fmt.count(acceptance.draft_n_accepted),
                drafted=fmt.count(acceptance.draft_n),
            )
        )
    parts.append(strings.ROUND_AT.format(seconds=fmt.seconds(bar.end)))
    return strings.SEPARATOR.join(parts)


def switch_label(mtp: Mtp) -> str:
    return strings.EFFECT_OFF if mtp == "off" else depth_label(mtp)


def _bars(rounds: Sequence[RoundRecord]) -> tuple[Bar, ...]:
    timed = [place for place in range(1, len(rounds)) if rounds[place].index > 0]
    size = max(1, -(-len(timed) // MOST_BARS))
    return tuple(_bar(rounds, timed[i : i + size]) for i in range(0, len(timed), size))


def _bar(rounds: Sequence[RoundRecord], places: Sequence[int]) -> Bar:
    chosen = [rounds[place] for place in places]
    states = [record.state for record in chosen]
    return Bar(
        first=places[0],
        last=places[-1],
        start=rounds[places[0] - 1].at,
        end=chosen[-1].at,
        tokens=sum(len(record.tokens) for record in chosen) / len(chosen),
        state=max(states, key=states.count),
    )
