from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app import strings
from app.domain.conversation import Died, Failed, Finish, ReplyRecord, SwitchRecord
from app.viewmodels.chat.footer import Fact, facts, figures, footer
from tests.app.domain.test_conversation import REPLY
from tests.app.helpers import stats
from tests.app.records import drafted_reply, plain_rounds, reply_of


def reply(**changes: Any) -> ReplyRecord:
    plain = msgspec.structs.replace(REPLY, switches=(), plain_tps=None)
    return msgspec.structs.replace(plain, **changes)


def test_the_line_under_a_reply() -> None:
    assert footer(reply()) == "61.3 tok/s · 78 % accepted · first token 0.21 s"


def test_an_unusual_end_takes_the_place_of_the_first_token() -> None:
    assert footer(reply(finish="length")) == "61.3 tok/s · 78 % accepted · length limit"


def test_speed_up_is_said_once_plain_was_measured() -> None:
    assert "2.00\u00d7 faster" in footer(reply(plain_tps=30.65))


def test_what_was_not_measured_is_left_out() -> None:
    bare = stats(decode_tps=None, acceptance_rate=None, draft_n=0)
    assert footer(reply(stats=bare)) == "first token 0.21 s"


def test_a_lost_reply_says_why_and_keeps_what_was_measured() -> None:
    why = "engine died: it crashed (signal 11)"
    assert footer(reply(stats=None, finish=Died(text="crashed (signal 11)"), rounds=())) == why
    lost = reply_of(drafted_reply(40), finish=Died(text="crashed (signal 11)"))
    assert footer(lost) == f"60.0 tok/s · 67 % accepted in 40 of 40 rounds · {why}"
    assert Fact("Speed", "60.0 tok/s") in facts(lost)


def test_a_speed_up_of_a_part_says_so() -> None:
    rounds = drafted_reply(40)
    turned = reply_of(rounds, switches=[SwitchRecord(rounds[-1].at, "off")], plain_tps=30.0)
    assert "2.00\u00d7 faster while MTP was on" in footer(turned)


def test_facts_tell_what_a_speed_up_is_against() -> None:
    known = {f.label: f.value for f in facts(reply(plain_tps=30.65, plain_day="2026-11-24"))}
    assert known["Speed-up over plain"] == "2.00\u00d7 plain, faster"
    assert known["Plain speed here"] == "30.6 tok/s, measured on 2026-11-24"
    known = {f.label: f.value for f in facts(reply(plain_tps=30.65))}
    assert known["Plain speed here"] == "30.6 tok/s"
    assert "Plain speed here" not in {f.label for f in facts(reply())}


def test_greedy_decoding_has_a_seed_too() -> None:
    assert Fact("Sampling", "greedy, seed 7") in facts(reply_of(drafted_reply(1)))


@pytest.mark.parametrize(
    ("finish", "text"),
    [
        ("finished", "finished"),
        ("cancelled", "stopped by you"),
        ("length", "length limit"),
        ("interrupted", "interrupted: the program was closed while this was being written"),
        (Failed(code="prompt_too_long", text="Too long."), "ended by an error: Too long."),
        (Failed(text="as it was kept"), "ended by an error: as it was kept"),
        (Died(text="crashed (signal 11)"), "engine died: it crashed (signal 11)"),
    ],
)
def test_every_end_has_a_sentence(finish: Finish, text: str) -> None:
    assert footer(reply(rounds=(), stats=None, finish=finish)) == text


def test_facts_tell_everything() -> None:
    switched = reply(switches=(SwitchRecord(0.5, "off"), SwitchRecord(1.25, 3)))
    known = {fact.label: fact.value for fact in facts(switched)}
    assert known["Drafts accepted"] == "243 of 312 (78 %)"
    assert known["Accepted by position"] == "93 % · 81 % · 60 %"
    assert known["MTP"] == "Auto → off (0.50 s) → K 3 (1.25 s)"
    assert known["Sampling"] == "T 1, top-k 64, top-p 0.95, seed 11"
    assert known["Prompt tokens"] == "42 (40 reused)"


def test_another_rule_than_the_coupled_is_told() -> None:
    assert Fact("Verify rule", "Block") in facts(reply(verify="block"))
    assert "Verify rule" not in {fact.label for fact in facts(reply())}


def test_facts_of_a_plain_reply_have_no_drafts() -> None:
    bare = stats(draft_n=0, acceptance_rate=None, mean_acceptance_length=None)
    labels = {fact.label for fact in facts(reply(stats=bare))}
    assert "Drafts accepted" not in labels
    assert "Accepted by position" not in labels


def test_each_number_says_what_it_means() -> None:
    shown = figures(reply_of(drafted_reply(40), plain_tps=30.0))
    assert [figure.text for figure in shown] == footer(
        reply_of(drafted_reply(40), plain_tps=30.0)
    ).split(strings.SEPARATOR)
    assert all(figure.meaning.endswith(".") for figure in shown)
    assert "Faster in one run each, which has no interval." in shown[1].meaning
    assert "80 of 120. They were drafted in 40 of 40 rounds" in shown[2].meaning


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"plain_tps": 60.2}, "1.00\u00d7 no difference"),
        ({"plain_tps": 90.0}, "0.67\u00d7 slower"),
        ({"plain_tps": 15.0}, "the machine was busy: measure again"),
    ],
)
def test_a_word_stands_with_the_speed_up(changes: dict[str, float], text: str) -> None:
    assert text in footer(msgspec.structs.replace(reply_of(drafted_reply(40)), **changes))


def test_a_reply_that_drafted_hardly_is_called_parked() -> None:
    rounds = drafted_reply(4)
    rounds += plain_rounds(60, index=5, at=rounds[-1].at)
    shown = footer(reply_of(rounds, plain_tps=21.0))
    assert "\u00d7 parked" in shown
    assert "accepted in 4 of 64 rounds" in shown


def test_without_a_plain_speed_the_numbers_say_how_to_get_one() -> None:
    told = {fact.label: fact.value for fact in facts(reply_of(drafted_reply(40)))}
    assert told["Speed-up over plain"] == "not measured; the overlay measures it in a click"
    assert (told["Drafted in"], told["Tokens a round, all rounds"]) == ("40 of 40 rounds", "3.00")
