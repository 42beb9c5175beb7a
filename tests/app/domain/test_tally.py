"""Rounds add up: to the engine's own definitions, and to stretches of plain decoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.conversation import RoundRecord, SwitchRecord
from app.domain.numbers import STRETCH, Span, Tally, begun, tally_of
from mtp_mlx.numbers import Counts
from tests.app.records import a_round, drafted_reply, drafting_rounds, plain_rounds

DEPTHS = st.lists(
    st.integers(0, 8).flatmap(lambda k: st.tuples(st.just(k), st.integers(0, k))), max_size=40
)


@given(DEPTHS)
def test_it_counts_as_the_engine_does(pairs: list[tuple[int, int]]) -> None:
    rounds = [a_round(0, 0.1)]
    engine = Counts()
    engine.add(rounds[0], 0.1)
    for index, (depth, accepted) in enumerate(pairs, start=1):
        rounds.append(a_round(index, 0.1 + index, tokens=accepted + 1, depth=depth))
        engine.add(rounds[-1], 0.1 + index)
    assert tally_of(rounds, "auto").counts.stats() == engine.stats()


def test_decoding_leaves_out_the_token_of_the_prompt() -> None:
    counts = tally_of(drafted_reply(10), "auto").counts
    assert counts.decoded_tokens == 30
    assert counts.decode_s == pytest.approx(0.5)
    assert (Tally().counts.decoded_tokens, Tally().counts.decode_s) == (0, 0.0)


def test_little_is_no_measurement() -> None:
    assert Span(31, 10.0).tps is None
    assert Span(1000, 0.1).tps is None
    assert Span(32, 0.2).tps == pytest.approx(160)


def test_a_plain_reply_is_a_stretch_without_its_ends() -> None:
    measured = tally_of(plain_rounds(61), "off").plain_measured
    assert measured.tokens == 58  # not the prompt's, not the first step, not the last
    assert measured.seconds == pytest.approx(58 * 0.05)


def test_parked_rounds_are_plain_decoding_too() -> None:
    parked = [
        a_round(0, 0.05),
        *(a_round(i, 0.05 * (i + 1), state="parked") for i in range(1, 60)),
    ]
    assert tally_of(parked, "auto").plain_measured.tokens == 57


def test_the_step_after_a_draft_and_the_flush_do_not_count() -> None:
    """Both are made ten times as slow: were they counted, the speed would show it."""
    rounds = drafted_reply(5)
    index, at = len(rounds), rounds[-1].at + 0.5
    rounds.append(a_round(index, at))
    for _ in range(20):
        index, at = index + 1, at + 0.05
        rounds.append(a_round(index, at))
    rounds.append(a_round(index + 1, at + 0.5))  # the flush
    rounds += drafting_rounds(3, index=index + 2, at=at + 0.5)
    measured = tally_of(rounds, "auto").plain_measured
    assert measured.tokens == 20
    assert measured.seconds == pytest.approx(20 * 0.05)


@pytest.mark.parametrize(("steps", "counted"), [(STRETCH + 1, 0), (STRETCH + 2, STRETCH)])
def test_a_few_steps_are_no_stretch(steps: int, counted: int) -> None:
    rounds = drafted_reply(2)
    rounds += plain_rounds(steps, index=3, at=rounds[-1].at)
    rounds += drafting_rounds(2, index=3 + steps, at=rounds[-1].at)
    assert tally_of(rounds, "auto").plain_measured.tokens == counted


def test_a_stall_is_not_plain_decoding() -> None:
    rounds = plain_rounds(30)
    rounds += plain_rounds(30, index=30, at=rounds[-1].at + 60.0)
    measured = tally_of(rounds, "off").plain_measured
    assert measured.tokens / measured.seconds == pytest.approx(20)
    slow = tally_of(plain_rounds(30, gap=2.0), "off").plain_measured
    assert slow.tokens == 27
    assert slow.seconds == pytest.approx(54)


def test_what_ran_with_the_switch_on() -> None:
    tally = tally_of(drafted_reply(40), "auto")
    assert tally.on.tokens == 120
    assert not tally.was_off


def test_the_round_in_which_the_switch_was_turned_counts_for_neither() -> None:
    rounds = drafted_reply(10)  # rounds end at 0.1, 0.15, ... 0.55
    rounds += plain_rounds(20, index=11, at=rounds[-1].at)
    turns = [SwitchRecord(0.52, "off"), SwitchRecord(1.22, 3)]
    tally = tally_of(rounds, "auto", turns)
    assert tally.was_off
    assert tally.on.tokens == 9 * 3 + 6  # rounds to 0.5; plain ones from 1.25 to 1.55


def test_a_turn_after_the_last_round_is_known() -> None:
    assert tally_of(drafted_reply(2), "auto", [SwitchRecord(9.0, "off")]).was_off
    assert begun("off").was_off
    assert begun(0).was_off
    assert not begun(3).was_off


@given(DEPTHS, st.integers(0, 40))
def test_live_and_stored_agree(pairs: list[tuple[int, int]], turn: int) -> None:
    rounds: list[RoundRecord] = [a_round(0, 0.1)]
    live = begun("auto")
    live.add(rounds[0])
    turns = []
    for index, (depth, accepted) in enumerate(pairs, start=1):
        if index == turn:
            turns.append(SwitchRecord(index - 0.5, "off"))
            live.switch("off")
        rounds.append(a_round(index, float(index), tokens=accepted + 1, depth=depth))
        live.add(rounds[-1])
    assert tally_of(rounds, "auto", turns) == live
