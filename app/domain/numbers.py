"""A reply's numbers: one place for overlay, footer, timeline, comparison and report.

While a reply is being written they come from its rounds; afterwards from the engine's statistics,
as far as the engine could still give them. Names are those of `Stats`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.domain.conversation import ReplyRecord
from app.domain.tally import MEASURED_TOKENS, Tally, is_on, tally_of
from mtp_mlx.api import Stats


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """The plain speed that holds for a reply, and the day it was measured on."""

    tps: float
    day: str | None = None  # None: not kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """None means "not measured"."""

    generated_tokens: int = 0
    draft_rounds: int = 0
    draft_n: int = 0
    draft_n_accepted: int = 0
    acceptance_rate: float | None = None
    mean_acceptance_length: float | None = None
    acceptance_histogram: tuple[int, ...] = ()
    acceptance_by_position: tuple[float, ...] = ()
    conditional_acceptance: tuple[float, ...] = ()
    decode_tps: float | None = None
    ttft_s: float | None = None
    plain: Plain | None = None
    speed_up: float | None = None
    partly: bool = False  # MTP was off for a part of the reply: the speed-up is the other part's


def numbers_of(reply: ReplyRecord) -> Numbers:
    """Return a stored reply's numbers; rounds are counted only where its statistics fall short."""
    plain = None if not reply.plain_tps else Plain(tps=reply.plain_tps, day=reply.plain_day)
    was_off = any(not is_on(wish) for wish in (reply.mtp, *(turn.mtp for turn in reply.switches)))
    if reply.stats is not None and not (was_off and plain and reply.stats.draft_n):
        return numbers(Tally(was_off=was_off), plain, reply.stats)
    return numbers(tally_of(reply.rounds, reply.mtp, reply.switches), plain, reply.stats)


def numbers(tally: Tally, plain: Plain | None = None, stats: Stats | None = None) -> Numbers:
    return _compared(_measured(stats or tally.counts.stats()), tally, plain)


def _measured(stats: Stats) -> Numbers:
    return Numbers(
        generated_tokens=stats.generated_tokens,
        draft_rounds=stats.draft_rounds,
        draft_n=stats.draft_n,
        draft_n_accepted=stats.draft_n_accepted,
        acceptance_rate=stats.acceptance_rate,
        mean_acceptance_length=stats.mean_acceptance_length,
        acceptance_histogram=stats.acceptance_histogram,
        acceptance_by_position=stats.acceptance_by_position,
        conditional_acceptance=stats.conditional_acceptance,
        decode_tps=stats.decode_tps,
        ttft_s=stats.ttft_s,
    )


def _compared(measured: Numbers, tally: Tally, plain: Plain | None) -> Numbers:
    """A few tokens have no speed-up: a rate of so little is chance."""
    tps = measured.decode_tps
    if tally.was_off:
        tps = tally.on.tps
    elif measured.generated_tokens <= MEASURED_TOKENS:
        tps = None
    compared = replace(measured, plain=plain)
    if plain is None or tps is None or not measured.draft_n:
        return compared
    return replace(compared, speed_up=tps / plain.tps, partly=tally.was_off)
