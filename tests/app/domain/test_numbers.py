"""One place for a reply's numbers, before and after the engine has given its own."""

from __future__ import annotations

from dataclasses import fields

import msgspec
import pytest

from app.domain.conversation import SwitchRecord
from app.domain.numbers import Numbers, Plain, numbers, numbers_of, tally_of
from tests.app.domain.test_conversation import REPLY
from tests.app.helpers import stats
from tests.app.records import a_round, drafted_reply, plain_rounds, reply_of


def test_the_engines_statistics_win() -> None:
    known, told = numbers_of(REPLY), stats()
    shared = {field.name for field in fields(Numbers)} & {field.name for field in fields(told)}
    assert {name: getattr(known, name) for name in shared} == {
        name: getattr(told, name) for name in shared
    }


def test_without_them_the_rounds_are_counted() -> None:
    known = numbers_of(reply_of(drafted_reply(40)))
    assert (known.generated_tokens, known.draft_n, known.draft_n_accepted) == (121, 120, 80)
    assert known.acceptance_rate == pytest.approx(2 / 3)
    assert known.mean_acceptance_length == pytest.approx(3)
    assert known.acceptance_by_position == (1.0, 1.0, 0.0)
    assert known.conditional_acceptance == (1.0, 1.0, 0.0)
    assert known.acceptance_histogram == (0, 0, 40, 0)
    assert known.decode_tps == pytest.approx(60)
    assert known.ttft_s == 0.05


def test_nothing_written_is_nothing_measured() -> None:
    assert numbers_of(reply_of([])) == Numbers()
    assert numbers_of(reply_of([a_round(0, 0.1)])).decode_tps is None


def test_speed_up_is_for_a_reply_that_drafted() -> None:
    reply = msgspec.structs.replace(REPLY, switches=(), plain_tps=30.65)
    assert numbers_of(reply).speed_up == pytest.approx(2.0)
    assert not numbers_of(reply).partly
    for change in (
        {"mtp": "off"},
        {"mtp": 0},
        {"plain_tps": None},
        {"stats": None},
        {"stats": stats(draft_n=0)},
        {"stats": stats(decode_tps=None)},
        {"stats": stats(generated_tokens=32)},
    ):
        assert numbers_of(msgspec.structs.replace(reply, **change)).speed_up is None, change


def test_a_reply_that_was_off_in_part_has_the_other_parts_speed_up() -> None:
    rounds = drafted_reply(40)
    rounds += plain_rounds(60, index=41, at=rounds[-1].at)
    turned = reply_of(
        rounds, switches=[SwitchRecord(rounds[40].at + 0.01, "off")], plain_tps=20.0, stats=stats()
    )
    known = numbers_of(turned)
    assert known.speed_up == pytest.approx(3.0)  # of 60 tokens a second, not of 61.3 over all
    assert known.partly


def test_the_plain_speed_is_told_with_its_day() -> None:
    known = numbers_of(reply_of(drafted_reply(), plain_tps=20.0, plain_day="2026-11-24"))
    assert known.plain == Plain(tps=20.0, day="2026-11-24")
    assert numbers(tally_of(drafted_reply(), "auto")).plain is None
