from __future__ import annotations

from typing import Any

import msgspec

from app.domain.conversation import ReplyRecord, SwitchRecord
from app.viewmodels.footer import facts, footer
from tests.app.domain.test_conversation import REPLY
from tests.app.helpers import stats


def reply(**changes: Any) -> ReplyRecord:
    plain = msgspec.structs.replace(REPLY, switches=(), plain_tps=None)
    return msgspec.structs.replace(plain, **changes)


def test_the_line_under_a_reply() -> None:
    assert footer(reply()) == (
        "61.3 tok/s · 78 % of 312 drafted accepted · 0.21 s to first token · stop"
    )


def test_speed_up_is_said_once_plain_was_measured() -> None:
    assert "2.0\u00d7 plain speed" in footer(reply(plain_tps=30.65))


def test_what_was_not_measured_is_left_out() -> None:
    bare = stats(decode_tps=None, acceptance_rate=None, draft_n=0)
    assert footer(reply(stats=bare)) == "0.21 s to first token · stop"


def test_a_lost_reply_says_why() -> None:
    lost = reply(stats=None, finish="engine died: it crashed (signal 11)")
    assert footer(lost) == "engine died: it crashed (signal 11)"


def test_words_of_the_engine_are_translated() -> None:
    assert footer(reply(stats=None, finish="cancelled")) == "stopped by you"
    assert footer(reply(stats=None, finish="length")) == "length limit"


def test_facts_tell_everything() -> None:
    switched = reply(switches=(SwitchRecord(0.5, "off"), SwitchRecord(1.25, 3)))
    known = {fact.label: fact.value for fact in facts(switched)}
    assert known["Drafts accepted"] == "243 of 312 (78 %)"
    assert known["By position"] == "93 % · 81 % · 60 %"
    assert known["MTP"] == "Auto → off (0.50 s) → K 3 (1.25 s)"
    assert known["Sampling"] == "T 1, top-k 64, top-p 0.95, seed 11"
    assert known["Prompt tokens"] == "42 (40 reused)"


def test_facts_of_a_plain_reply_have_no_drafts() -> None:
    bare = stats(draft_n=0, acceptance_rate=None, mean_acceptance_length=None)
    labels = {fact.label for fact in facts(reply(stats=bare))}
    assert "Drafts accepted" not in labels
    assert "By position" not in labels
