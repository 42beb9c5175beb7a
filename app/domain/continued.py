"""A reply that was stopped and continued is one: its numbers are those of all its parts. Pure.

The definitions are those of the engine's statistics.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec

from app.domain.conversation import ReplyRecord, RoundRecord, SwitchRecord
from mtp_mlx.wire import Stats


def joined(first: ReplyRecord, second: ReplyRecord) -> ReplyRecord:
    """Times go on from the end of `first`; prompt, time to first token and reuse are its own."""
    end = first.rounds[-1].at if first.rounds else 0.0
    rounds = (*first.rounds, *_after(second.rounds, len(first.rounds), end))
    switches = [*first.switches]
    if second.mtp != (switches[-1].mtp if switches else first.mtp):
        switches.append(SwitchRecord(end, second.mtp))
    switches += [SwitchRecord(end + switch.at, switch.mtp) for switch in second.switches]
    return msgspec.structs.replace(
        second,
        rounds=rounds,
        stats=_stats(first, second, rounds),
        mtp=first.mtp,
        switches=tuple(switches),
        prompt_tokens=first.prompt_tokens or second.prompt_tokens,
        reused_tokens=first.reused_tokens if first.prompt_tokens else second.reused_tokens,
        plain_tps=second.plain_tps or first.plain_tps,
        plain_day=second.plain_day if second.plain_tps else first.plain_day,
    )


def _after(rounds: Sequence[RoundRecord], index: int, at: float) -> Iterable[RoundRecord]:
    for number, record in enumerate(rounds, index):
        yield msgspec.structs.replace(record, index=number, at=round(at + record.at, 4))


def _stats(first: ReplyRecord, second: ReplyRecord, rounds: Sequence[RoundRecord]) -> Stats | None:
    """None where neither part was measured; of one that was not, what its rounds tell."""
    known = [part.stats for part in (first, second) if part.stats is not None]
    if not known:
        return None
    drafting = [record for record in rounds if record.depth > 0]
    drafted = sum(record.drafted for record in drafting)
    accepted = sum(record.accepted for record in drafting)
    deepest = max((record.depth for record in drafting), default=0)
    positions = range(1, deepest + 1)
    return replace(
        known[0],
        draft_rounds=len(drafting),
        draft_n=drafted,
        draft_n_accepted=accepted,
        acceptance_rate=accepted / drafted if drafted else None,
        mean_acceptance_length=1 + accepted / len(drafting) if drafting else None,
        acceptance_histogram=tuple(
            sum(r.accepted == n for r in drafting) for n in range(deepest + 1 if drafting else 0)
        ),
        acceptance_by_position=tuple(
            _share(r.accepted >= i for r in drafting if r.depth >= i) for i in positions
        ),
        conditional_acceptance=tuple(
            _share(r.accepted >= i for r in drafting if r.depth >= i and r.accepted >= i - 1)
            for i in positions
        ),
        generated_tokens=sum(len(record.tokens) for record in rounds),
        decode_tps=_rate((first, second)),
        prefill_tps=None if first.stats is None else first.stats.prefill_tps,
        ttft_s=None if first.stats is None else first.stats.ttft_s,
        peak_memory_bytes=max(stats.peak_memory_bytes for stats in known),
    )


def _rate(parts: Iterable[ReplyRecord]) -> float | None:
    """Tokens a second of the parts' decoding, their prompts left out; None where one is unknown."""
    tokens, seconds = 0, 0.0
    for part in parts:
        decoded = sum(len(record.tokens) for record in part.rounds) - 1
        if decoded < 1:
            continue
        if part.stats is None or part.stats.decode_tps is None:
            return None
        tokens += decoded
        seconds += decoded / part.stats.decode_tps
    return tokens / seconds if tokens else None


def _share(outcomes: Iterable[bool]) -> float:
    listed = list(outcomes)
    return sum(listed) / len(listed) if listed else 0.0
