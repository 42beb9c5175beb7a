"""The numbers of a continued reply are those the engine would have told of the whole."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from app.domain.continued import joined, recounted, seam_after, tally_after
from app.domain.conversation import ReplyRecord, RoundRecord, SwitchRecord, TokenRecord
from app.domain.numbers import begun, tally_of
from mtp_mlx.api import Mtp, Stats
from tests.app.domain.test_conversation import REPLY
from tests.app.helpers import stats


def round_record(index: int, at: float, accepted: int = 0, depth: int = 0) -> RoundRecord:
    return RoundRecord(
        index=index,
        depth=depth,
        drafted=depth,
        accepted=accepted,
        ms=10.0,
        state="drafting" if depth else "plain",
        at=at,
        tokens=tuple(TokenRecord(1, "x", "target") for _ in range(accepted + 1)),
    )


def part(*rounds: RoundRecord, mtp: Mtp = 3, **changes: object) -> ReplyRecord:
    known = {
        "rounds": rounds,
        "stats": stats(decode_tps=50.0, peak_memory_bytes=5, ttft_s=0.2),
        "mtp": mtp,
        "switches": (),
        "finish": "length",
        "prompt_tokens": 40,
        "reused_tokens": 4,
    }
    return msgspec.structs.replace(REPLY, **(known | changes))


FIRST = part(round_record(0, 0.2), round_record(1, 0.5, accepted=3, depth=3))
SECOND = part(
    round_record(0, 0.1),
    round_record(1, 0.3, accepted=1, depth=3),
    finish="finished",
    prompt_tokens=45,
    reused_tokens=44,
    stats=stats(decode_tps=20.0, peak_memory_bytes=9, ttft_s=0.1),
)


def numbers(record: ReplyRecord) -> Stats:
    assert record.stats is not None
    return record.stats


def test_rounds_go_on_where_they_ended() -> None:
    whole = joined(FIRST, SECOND)
    assert [r.index for r in whole.rounds] == [0, 1, 0, 2]
    assert [r.at for r in whole.rounds] == [0.2, 0.5, 0.6, 0.8]
    assert whole.finish == "finished"
    assert (whole.prompt_tokens, whole.reused_tokens) == (40, 4)


def test_a_continuation_that_was_lost_counts_all_its_rounds() -> None:
    """Its statistics were stored when it began, and are those of the first part."""
    whole = joined(FIRST, msgspec.structs.replace(SECOND, stats=None, finish="interrupted"))
    stored = msgspec.structs.replace(whole, stats=FIRST.stats)
    read = recounted(stored)
    assert read.stats == whole.stats
    assert numbers(read).generated_tokens == 8
    assert recounted(read) is read
    ended = msgspec.structs.replace(stored, finish="finished")
    assert recounted(ended) is ended


def test_counts_are_those_of_all_rounds() -> None:
    found = numbers(joined(FIRST, SECOND))
    assert (found.draft_rounds, found.draft_n, found.draft_n_accepted) == (2, 6, 4)
    assert found.acceptance_rate == pytest.approx(4 / 6)
    assert found.mean_acceptance_length == 3.0
    assert found.acceptance_histogram == (0, 1, 0, 1)
    assert found.acceptance_by_position == (1.0, 0.5, 0.5)
    assert found.conditional_acceptance == (1.0, 0.5, 1.0)
    assert found.generated_tokens == 8
    assert found.peak_memory_bytes == 9
    assert found.ttft_s == 0.2


def test_the_rate_is_of_all_decoding() -> None:
    """4 tokens at 50 a second, 2 at 20: the pause between the parts is in neither."""
    assert numbers(joined(FIRST, SECOND)).decode_tps == pytest.approx(6 / (4 / 50 + 2 / 20))


def test_what_one_part_lacks_is_not_measured() -> None:
    dead = msgspec.structs.replace(FIRST, stats=None, prompt_tokens=0, reused_tokens=0)
    whole = joined(dead, SECOND)
    found = numbers(whole)
    assert (found.decode_tps, found.ttft_s, found.prefill_tps) == (None, None, None)
    assert found.generated_tokens == 8
    assert (whole.prompt_tokens, whole.reused_tokens) == (45, 44)
    assert joined(dead, msgspec.structs.replace(SECOND, stats=None)).stats is None


def test_a_part_of_one_token_has_no_rate_to_add() -> None:
    short = part(round_record(0, 0.1), stats=replace(stats(), decode_tps=None))
    assert numbers(joined(FIRST, short)).decode_tps == pytest.approx(50.0)
    assert numbers(joined(short, short)).decode_tps is None
    assert numbers(joined(short, short)).acceptance_histogram == ()


def test_nothing_written_before_changes_no_times() -> None:
    empty = part()
    assert joined(empty, SECOND).rounds == SECOND.rounds
    assert numbers(joined(empty, SECOND)).decode_tps == pytest.approx(20.0)


def test_the_switch_is_told_where_it_changed() -> None:
    turned = part(round_record(0, 0.4), mtp="off", switches=(SwitchRecord(0.1, "auto"),))
    assert joined(FIRST, turned).switches == (SwitchRecord(0.5, "off"), SwitchRecord(0.6, "auto"))
    assert joined(turned, FIRST).switches == (SwitchRecord(0.1, "auto"), SwitchRecord(0.4, 3))
    assert joined(FIRST, FIRST).switches == ()
    assert joined(FIRST, turned).mtp == 3


def test_three_parts_are_as_good_as_two() -> None:
    whole = joined(joined(FIRST, SECOND), SECOND)
    assert [r.index for r in whole.rounds] == [0, 1, 0, 2, 0, 3]
    assert numbers(whole).decode_tps == pytest.approx(8 / (4 / 50 + 4 / 20))


def test_what_a_part_begins_with_is_what_the_whole_will_tell() -> None:
    """While it is written and afterwards: the same rounds, and the same sums."""
    seam, tally = seam_after(FIRST), tally_after(FIRST, "off")
    second = msgspec.structs.replace(SECOND, mtp="off")
    for record in second.rounds:
        tally.add(seam.placed(record))
    whole = joined(FIRST, second)
    assert tuple(seam.placed(record) for record in second.rounds) == whole.rounds[2:]
    assert tally == tally_of(whole.rounds, whole.mtp, whole.switches)
    assert tally_after(FIRST, 3) == tally_of(FIRST.rounds, 3)
    assert tally_after(None, "off") == begun("off")


def test_the_pause_between_the_parts_is_not_decoding() -> None:
    tally = tally_of(joined(FIRST, SECOND).rounds, 3)
    assert tally.counts.decoded_tokens == 6
    assert tally.counts.decode_s == pytest.approx(0.3 + 0.2)


def test_a_lost_continuation_is_counted_again() -> None:
    """The rounds of both parts were stored, the statistics of the first only."""
    first_only = joined(FIRST, part()).stats
    lost = msgspec.structs.replace(joined(FIRST, SECOND), stats=first_only, finish="interrupted")
    counted, whole = numbers(recounted(lost)), numbers(joined(FIRST, SECOND))
    assert counted.generated_tokens == whole.generated_tokens == 8
    assert (counted.draft_n, counted.draft_n_accepted) == (6, 4)
    assert counted.decode_tps is None
    assert counted.ttft_s == whole.ttft_s


@pytest.mark.parametrize(
    "record",
    [
        msgspec.structs.replace(joined(FIRST, SECOND), stats=joined(FIRST, part()).stats),
        msgspec.structs.replace(joined(FIRST, SECOND), finish="interrupted"),
        msgspec.structs.replace(FIRST, finish="interrupted", stats=None),
    ],
)
def test_a_reply_that_lost_nothing_keeps_its_statistics(record: ReplyRecord) -> None:
    assert recounted(record) is record
