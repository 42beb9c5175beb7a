"""The reducer: numbers that are right, and none that is not known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.viewmodels import live as reducer
from app.viewmodels.live import HISTORY_LENGTH, Live
from mtp_mlx.wire import Memory, MemoryReport, Mtp, PromptProgress, RoundState
from tests.app.helpers import MEMORY, PAIR, finished, round_of, stats


def run(
    live: Live,
    count: int,
    *,
    tokens: int,
    gap: float,
    depth: int = 0,
    state: RoundState = "plain",
    start: float = 0.0,
) -> Live:
    """`count` rounds of `tokens` tokens, `gap` seconds apart."""
    first = 0 if live.last_round is None else 1
    for i in range(count):
        event = round_of("r", first + i, ["x"] * tokens, depth=depth, state=state)
        live = reducer.reduce(live, event, start + (i + 1) * gap)
    return live


def begun(mtp: Mtp = "auto", at: float = 0.0, live: Live | None = None) -> Live:
    return reducer.requested(live or Live(), mtp, at)


def test_nothing_is_known_before_anything_happened() -> None:
    live = Live()
    assert reducer.rate(live, 0) is None
    assert (live.acceptance, live.tau, live.speed_up) == (None, None, None)
    assert live.by_position == ()


def test_the_rate_is_tokens_over_the_time_they_took() -> None:
    live = run(begun(), 11, tokens=3, gap=0.1, depth=3, state="drafting")
    assert reducer.rate(live, live.last_round or 0) == pytest.approx(30)


def test_the_rate_forgets_what_is_older_than_its_window() -> None:
    live = run(begun(), 50, tokens=1, gap=0.1)
    live = run(live, 40, tokens=4, gap=0.1, start=5.0)
    assert reducer.rate(live, 9.0) == pytest.approx(40)


def test_a_slow_engine_is_averaged_over_rounds() -> None:
    live = run(begun(), 6, tokens=2, gap=2.0)
    assert reducer.rate(live, 12.0) == pytest.approx(1.0)


def test_a_frozen_rate_is_none() -> None:
    live = run(begun(), 20, tokens=1, gap=0.1)
    assert reducer.rate(live, 2.0 + 0.9) == pytest.approx(10)
    assert reducer.rate(live, 2.0 + 1.1) is None


def test_a_slow_engine_is_not_taken_for_a_frozen_one() -> None:
    live = run(begun(), 6, tokens=2, gap=2.0)
    assert reducer.rate(live, 12.0 + 4.0) is not None
    assert reducer.rate(live, 12.0 + 9.0) is None


def test_an_ended_reply_has_no_rate_and_keeps_its_statistics() -> None:
    live = run(begun(), 20, tokens=1, gap=0.1)
    live = reducer.reduce(live, finished("r"), 2.1)
    assert live.phase == "ended"
    assert reducer.rate(live, 2.1) is None
    assert live.stats == stats()


def test_acceptance_tau_and_positions() -> None:
    live = begun(3)
    live = reducer.reduce(live, round_of("r", 0, ["x"]), 0.1)
    for index, accepted in enumerate([3, 1, 0, 2], start=1):
        event = round_of("r", index, ["x"] * (accepted + 1), depth=3, state="drafting")
        live = reducer.reduce(live, event, 0.1 + index)
    assert (live.rounds, live.drafted, live.accepted) == (4, 12, 6)
    assert live.acceptance == pytest.approx(0.5)
    assert live.tau == pytest.approx(2.5)
    assert live.by_position == pytest.approx((3 / 4, 2 / 4, 1 / 4))


def test_plain_rounds_count_neither_as_drafted_nor_as_rounds() -> None:
    live = run(begun("off"), 10, tokens=1, gap=0.1)
    assert (live.rounds, live.drafted, live.acceptance, live.tau) == (0, 0, None, None)


@given(st.lists(st.integers(0, 8).flatmap(lambda k: st.tuples(st.just(k), st.integers(0, k)))))
def test_statistics_add_up(pairs: list[tuple[int, int]]) -> None:
    live = begun()
    for index, (depth, accepted) in enumerate(pairs, start=1):
        event = round_of("r", index, ["x"] * (accepted + 1), depth=depth, state="drafting")
        live = reducer.reduce(live, event, float(index))
    assert live.drafted == sum(k for k, _ in pairs)
    assert live.accepted == sum(p.accepted for p in live.positions)
    assert live.generated == sum(n + 1 for _, n in pairs)
    assert all(0 <= share <= 1 for share in live.by_position)


def test_prompt_progress_has_its_own_phase() -> None:
    live = begun()
    assert live.phase == "waiting"
    live = reducer.reduce(live, PromptProgress(id="r", done=5, total=9, reused=2), 0.5)
    assert (live.phase, live.prompt_done, live.prompt_total, live.prompt_reused) == (
        "prompt",
        5,
        9,
        2,
    )
    live = reducer.reduce(live, round_of("r", 0, ["x"]), 0.9)
    assert live.phase == "decoding"
    assert live.first_token == 0.9


def test_speed_up_needs_a_measured_plain_speed() -> None:
    live = run(begun("auto"), 40, tokens=3, gap=0.05, depth=3, state="drafting")
    assert live.speed_up is None
    plain = run(begun("off", 10, live), 60, tokens=1, gap=0.05, start=10)
    assert plain.plain.tps == pytest.approx(20)
    assert plain.speed_up is None  # nothing was drafted in this reply
    again = run(begun("auto", 20, plain), 40, tokens=3, gap=0.05, depth=3, state="drafting")
    assert again.speed_up == pytest.approx(3.0)
    parked = run(begun("auto", 30, plain), 40, tokens=1, gap=0.05, state="parked", start=30)
    assert parked.with_mtp.tps is not None
    assert parked.speed_up is None


def test_a_few_plain_rounds_are_no_measurement() -> None:
    live = run(begun("off"), 20, tokens=1, gap=0.05)
    assert live.plain.tps is None


def test_parked_rounds_with_the_switch_on_are_not_the_baseline() -> None:
    live = run(begun("auto"), 60, tokens=1, gap=0.05, state="parked")
    assert live.plain.tokens == 0
    assert live.with_mtp.tokens == 59  # the first came with the prompt


def test_rounds_still_drafting_after_the_switch_count_for_neither() -> None:
    live = run(begun("auto"), 10, tokens=3, gap=0.05, depth=3, state="drafting")
    before = live.with_mtp
    live = reducer.switched(live, "off")
    live = reducer.reduce(live, round_of("r", 11, ["x"] * 4, depth=3, state="drafting"), 0.6)
    assert (live.with_mtp, live.plain.tokens) == (before, 0)
    live = reducer.reduce(live, round_of("r", 12, ["x"]), 0.65)
    assert live.plain.tokens == 1


def test_the_baseline_belongs_to_a_pair() -> None:
    live = reducer.loaded(Live(), PAIR, MEMORY)
    live = run(begun("off", 0, live), 60, tokens=1, gap=0.05)
    assert reducer.loaded(live, PAIR, MEMORY).plain.tps is not None
    assert reducer.loaded(live, replace(PAIR, target="Other"), MEMORY).plain.tps is None


def test_samples_are_bounded_and_need_a_rate() -> None:
    live = begun()
    assert reducer.sampled(live, 1.0).history == ()
    live = run(live, 20, tokens=1, gap=0.1)
    for _ in range(HISTORY_LENGTH + 50):
        live = reducer.sampled(live, 2.0)
    assert len(live.history) == HISTORY_LENGTH
    assert live.history[-1].tps == pytest.approx(10)
    assert reducer.sampled(live, 9.0).history == live.history


def test_memory_and_a_new_request_keep_what_is_the_sessions() -> None:
    live = reducer.loaded(Live(), PAIR, MEMORY)
    live = reducer.reduce(live, MemoryReport(active=5, peak=6, limit=7), 0)
    live = run(begun("off", 0, live), 60, tokens=1, gap=0.05)
    fresh = begun("auto", 9, live)
    assert fresh.memory == Memory(active=5, peak=6, limit=7)
    assert fresh.plain == live.plain
    assert (fresh.generated, fresh.history) == (0, ())


def test_rounds_after_the_end_change_nothing() -> None:
    live = reducer.ended(run(begun(), 5, tokens=1, gap=0.1))
    assert reducer.reduce(live, round_of("r", 9, ["x"]), 9.0) == live
