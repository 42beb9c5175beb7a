"""The numbers of a reply that was stopped and continued: those of all its parts together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from app.domain.conversation import ReplyRecord, RoundRecord, SwitchRecord
from app.domain.numbers import Tally, begun, tally_of
from mtp_mlx.api import Mtp, Stats


@dataclass(frozen=True, slots=True)
class Seam:
    """Where a part begins in the whole reply: times and round numbers go on from here."""

    at: float = 0.0  # seconds from the first request to the end of the part before
    index: int = 0  # the last round of the part before

    def placed(self, record: RoundRecord) -> RoundRecord:
        """Return a part's round with its time and index in the whole reply.

        Round 0 keeps its index: it is the token that prefill yields, in every part.
        """
        index = record.index and self.index + record.index
        return msgspec.structs.replace(record, index=index, at=round(self.at + record.at, 4))


def seam_after(first: ReplyRecord | None) -> Seam:
    """Return where the part that follows `first` begins; None: there is no part before."""
    if first is None or not first.rounds:
        return Seam()
    return Seam(first.rounds[-1].at, max(record.index for record in first.rounds))


def tally_after(first: ReplyRecord | None, mtp: Mtp) -> Tally:
    """Return the tally with which the next part begins: it counts `first` already.

    `mtp` is the MTP switch when the next part is asked for.
    """
    if first is None:
        return begun(mtp)
    tally = tally_of(first.rounds, first.mtp, first.switches)
    if mtp != _last_wish(first):
        tally.switch(mtp)
    return tally


def joined(first: ReplyRecord, second: ReplyRecord) -> ReplyRecord:
    """Return both parts as one reply.

    Times go on from the end of `first`. Prompt length, reused tokens and time to first token are
    those of `first`; engine, pair and settings are those of `second`.
    """
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
        sent_from=first.sent_from if first.prompt_tokens else second.sent_from,
        reused_tokens=first.reused_tokens if first.prompt_tokens else second.reused_tokens,
        plain_tps=second.plain_tps or first.plain_tps,
        plain_day=second.plain_day if second.plain_tps else first.plain_day,
        plain_noise=second.plain_noise if second.plain_tps else first.plain_noise,
    )


def recounted(record: ReplyRecord) -> ReplyRecord:
    """Return the reply with statistics that count all its rounds.

    A program that ended in the middle of a continuation leaves the rounds it had stored, and the
    statistics of the first part only. Nobody measured the speed of the rest, so that it is None.
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
    """Return the whole reply's statistics; None where no part has any."""
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
    """Return tokens a second over the parts' decoding time; None where a part's speed is unknown.

    The time to read a prompt does not count.
    """
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
