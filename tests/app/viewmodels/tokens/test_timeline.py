"""Rounds over time: a bar each, or one for several where there are too many."""

from __future__ import annotations

import pytest

from app.domain.conversation import SwitchRecord
from app.viewmodels.tokens.timeline import MOST_BARS, Bar, Turn, bar_text, timeline
from tests.app.records import a_round, drafted_reply, drafting_rounds, plain_rounds, reply_of


def test_a_bar_for_each_round_but_the_prompts() -> None:
    shown = timeline(reply_of(drafted_reply(8)))
    assert len(shown.bars) == 8
    first = shown.bars[0]
    assert (first.first, first.last, first.tokens, first.state) == (1, 1, 3, "drafting")
    assert first.start == 0.05
    assert first.end == pytest.approx(0.1)
    assert [rate.tps for rate in shown.rate] == pytest.approx([60] * 4)  # from 0.25 s on


def test_the_pause_in_a_continued_reply_has_no_bar() -> None:
    rounds = [*drafted_reply(3), a_round(0, 60.0), *drafting_rounds(2, index=4, at=60.0)]
    bars = timeline(reply_of(rounds)).bars
    assert [bar.first for bar in bars] == [1, 2, 3, 5, 6]
    assert max(bar.end - bar.start for bar in bars) < 1


def test_turns_of_the_switch_are_marked() -> None:
    turns = [SwitchRecord(0.5, "off"), SwitchRecord(0.8, 3), SwitchRecord(0.9, "auto")]
    shown = timeline(reply_of(drafted_reply(3), switches=turns))
    assert shown.turns == (Turn(0.5, "off"), Turn(0.8, "K 3"), Turn(0.9, "Auto"))


def test_a_long_reply_has_bars_of_several_rounds() -> None:
    rounds = drafted_reply(1001)
    shown = timeline(reply_of(rounds))
    assert len(shown.bars) <= MOST_BARS
    assert (shown.bars[0].first, shown.bars[0].last) == (1, 3)
    assert [bar.first for bar in shown.bars[1:]] == [bar.last + 1 for bar in shown.bars[:-1]]
    assert shown.bars[-1].last == 1001
    text = bar_text(shown.bars[0], rounds)
    assert text.startswith("Rounds 1 to 3 · 3.00 tokens a round · 6 of 9 accepted · 0.20 s")
    plain = [a_round(0, 0.05), *plain_rounds(900, index=1, at=0.05)]
    assert "accepted" not in bar_text(timeline(reply_of(plain)).bars[0], plain)


def test_a_bar_has_the_state_of_most_of_its_rounds() -> None:
    rounds = [a_round(0, 0.05), *drafting_rounds(800)]
    rounds[1] = a_round(1, 0.1, tokens=2, depth=3, state="probe")
    rounds[3] = a_round(3, 0.2, tokens=2, depth=3, state="probe")
    rounds[4] = a_round(4, 0.25, tokens=2, depth=3, state="probe")
    states = [bar.state for bar in timeline(reply_of(rounds)).bars[:2]]
    assert states == ["probe", "probe"]
    assert timeline(reply_of(rounds)).bars[2].state == "drafting"


def test_one_round_in_words() -> None:
    rounds = drafted_reply(3)
    bar = timeline(reply_of(rounds)).bars[1]
    assert bar_text(bar, rounds).startswith("Round 2 · drafting, K 3 · 2 of 3 accepted")


def test_the_bar_over_a_moment() -> None:
    shown = timeline(reply_of(drafted_reply(3)))
    assert [shown.bar_at(at) for at in (0.01, 0.07, 0.19, 0.5)] == [None, 0, 2, None]


def test_a_reply_without_rounds_has_no_bars() -> None:
    assert timeline(reply_of([])).bars == ()
    assert timeline(reply_of([a_round(0, 0.1)])).bars == ()
    assert isinstance(timeline(reply_of(drafted_reply(1))).bars[0], Bar)
