"""Off against on: the ratio, and the first token at which they part."""

from __future__ import annotations

import msgspec
import pytest

from app.domain.comparison import Comparison
from app.domain.conversation import Finish, RoundRecord
from tests.app.records import a_round, drafted_reply, plain_rounds, reply_of

OFF = plain_rounds(121)
ON = drafted_reply(40)


def with_id(record: RoundRecord, id_: int) -> RoundRecord:
    first = msgspec.structs.replace(record.tokens[0], id=id_)
    return msgspec.structs.replace(record, tokens=(first, *record.tokens[1:]))


def comparison(
    off: list[RoundRecord], on: list[RoundRecord], finish: Finish = "finished"
) -> Comparison:
    return Comparison(
        question="q",
        off=reply_of(off, mtp="off"),
        on=reply_of(on, finish=finish),
    )


def test_the_same_text_at_three_times_the_speed() -> None:
    found = comparison(OFF, ON)
    assert found.speed_up == pytest.approx(3.0)
    assert found.parting is None
    assert found.compared == 121
    assert found.whole


def test_the_first_token_that_differs() -> None:
    other = [*OFF[:50], with_id(OFF[50], 999), *OFF[51:]]
    parting = comparison(other, ON).parting
    assert parting is not None
    assert parting.at == 50
    assert parting.off is not None
    assert parting.on is not None
    assert (parting.off.id, parting.on.id) == (999, 50)


def test_a_text_that_ends_earlier_parts_there() -> None:
    shorter = comparison(OFF[:100], ON).parting
    assert shorter is not None
    assert (shorter.at, shorter.off) == (100, None)
    assert shorter.on is not None
    longer = comparison(OFF, ON[:11]).parting
    assert longer is not None
    assert (longer.at, longer.on) == (31, None)


def test_a_run_that_was_cut_short_says_nothing_of_what_would_have_followed() -> None:
    cut = comparison(OFF, ON[:21], "cancelled")
    assert cut.parting is None
    assert not cut.whole
    assert cut.compared == 61
    assert cut.speed_up == pytest.approx(3.0)


def test_a_few_tokens_have_no_speed() -> None:
    assert comparison(OFF[:20], ON).speed_up is None
    assert comparison(OFF, [a_round(0, 0.1)]).speed_up is None
