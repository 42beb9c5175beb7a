"""A reply that was stopped and continued is one: its numbers are those of all its parts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from app.domain.conversation import ReplyRecord, RoundRecord, SwitchRecord
from app.domain.numbers import Tally, begun, tally_of
from mtp_mlx.api import Mtp, Stats


@dataclass(frozen=True, slots=True)
class Seam:
    """Where the rounds of a part stand in the whole reply."""

    at: float = 0.0  # seconds
    index: int = 0

    def placed(self, record: RoundRecord) -> RoundRecord:
        """Round 0 stays 0: it is the token that a prefill yields, here as in the first part."""
        index = record.index and self.index + record.index
        return msgspec.structs.replace(record, index=index, at=round(self.at + record.at, 4))


def seam_after(first: ReplyRecord | None) -> Seam:
    if first is None or not first.rounds:
        return Seam()
    return Seam(first.rounds[-1].at, max(record.index for record in first.rounds))


def tally_after(first: ReplyRecord | None, mtp: Mtp) -> Tally:
    """Return the tally that a part begins with; `mtp` is the switch when the part was asked for."""
    if first is None:
        return begun(mtp)
    tally = tally_of(first.rounds, first.mtp, first.switches)
    if mtp != _last_wish(first):
        tally.switch(mtp)
    return tally


def joined(first: ReplyRecord, second: ReplyRecord) -> ReplyRecord:
    """Times go on from the end of `first`; prompt, time to first token and reuse are its own."""
    seam = seam_after(first)
    rounds = (*first.rounds, *(seam.placed(record) for record in second.rounds))
    switches = _switches(first, second, seam)
    return msgspec.structs.replace(
        second,
        rounds=rounds,
        stats=_stats((first, second), tally_of(rounds, first.mtp, switches)),
        mtp=first.mtp,
        switches=switches,
        prompt_tokens=first.prompt_tokens or second.prompt_tokens,
        reused_tokens=first.reused_tokens if first.prompt_tokens else second.reused_tokens,
        plain_tps=second.plain_tps or first.plain_tps,
        plain_day=second.plain_day if second.plain_tps else first.plain_day,
    )


def recounted(record: ReplyRecord) -> ReplyRecord:
    """Return a reply whose continuation was lost with statistics of all its rounds.

    They were stored when it was continued, and count what there was then. How fast the rest was
    decoded is not known.
    """
    stats = record.stats
    if record.finish != "interrupted" or stats is None:
        return record
    tally = tally_of(record.rounds, record.mtp, record.switches)
    counted = tally.counts.stats(
        prefill_tps=stats.prefill_tps, peak_memory_bytes=stats.peak_memory_bytes
    )
    if counted.generated_tokens == stats.generated_tokens:
        return record
    counted = replace(counted, decode_tps=None, ttft_s=stats.ttft_s)
    return msgspec.structs.replace(record, stats=counted)


def _switches(first: ReplyRecord, second: ReplyRecord, seam: Seam) -> tuple[SwitchRecord, ...]:
    between = [] if second.mtp == _last_wish(first) else [SwitchRecord(seam.at, second.mtp)]
    later = [SwitchRecord(seam.at + switch.at, switch.mtp) for switch in second.switches]
    return (*first.switches, *between, *later)


def _last_wish(record: ReplyRecord) -> Mtp:
    return record.switches[-1].mtp if record.switches else record.mtp


def _stats(parts: Sequence[ReplyRecord], tally: Tally) -> Stats | None:
    """Return the whole reply's statistics; None where the engine measured no part."""
    measured = [part.stats for part in parts if part.stats is not None]
    if not measured:
        return None
    first = parts[0].stats
    peaks = (stats.peak_memory_bytes for stats in measured)
    counted = tally.counts.stats(
        prefill_tps=None if first is None else first.prefill_tps,
        peak_memory_bytes=max((peak for peak in peaks if peak is not None), default=None),
    )
    return replace(counted, decode_tps=_rate(parts), ttft_s=None if first is None else first.ttft_s)


def _rate(parts: Iterable[ReplyRecord]) -> float | None:
    """Tokens a second of the parts' decoding, their prompts left out; None where one is unknown."""
    tokens, seconds = 0, 0.0
    for part in parts:
        decoded = tally_of(part.rounds, part.mtp).counts.decoded_tokens
        if decoded < 1:
            continue
        if part.stats is None or part.stats.decode_tps is None:
            return None
        tokens += decoded
        seconds += decoded / part.stats.decode_tps
    return tokens / seconds if tokens else None
