"""The reducer: what passes is right, and nothing frozen is shown as live."""

from __future__ import annotations

import pytest

from app.viewmodels.overlay import live as reducer
from app.viewmodels.overlay.live import HISTORY_LENGTH, Live
from mtp_mlx.wire import Memory, MemoryReport, PromptProgress
from tests.app.helpers import LOADED, MEMORY, round_of
from tests.app.records import a_round


def run(
    live: Live, count: int, *, tokens: int, gap: float, depth: int = 0, start: float = 0
) -> Live:
    """`count` rounds of `tokens` tokens, `gap` seconds apart."""
    for i in range(count):
        live = reducer.recorded(live, a_round(i, start + (i + 1) * gap, tokens=tokens, depth=depth))
    return live


def begun(at: float = 0.0, live: Live | None = None) -> Live:
    return reducer.requested(live or Live(), at)


def test_nothing_is_known_before_anything_happened() -> None:
    assert reducer.rate(Live(), 0) is None
    assert reducer.rate(begun(), 0) is None


def test_the_rate_is_tokens_over_the_time_they_took() -> None:
    live = run(begun(), 11, tokens=3, gap=0.1, depth=3)
    assert reducer.rate(live, 1.1) == pytest.approx(30)


def test_the_rate_forgets_what_is_older_than_its_window() -> None:
    live = run(begun(), 50, tokens=1, gap=0.1)
    live = run(live, 40, tokens=4, gap=0.1, start=5.0)
    assert reducer.rate(live, 9.0) == pytest.approx(40)


def test_a_slow_engine_is_averaged_over_rounds() -> None:
    live = run(begun(), 6, tokens=2, gap=2.0)
    assert reducer.rate(live, 12.0) == pytest.approx(1.0)


def test_a_frozen_rate_is_none() -> None:
    live = run(begun(at=7.0), 20, tokens=1, gap=0.1)
    assert reducer.rate(live, 7.0 + 2.0 + 0.9) == pytest.approx(10)
    assert reducer.rate(live, 7.0 + 2.0 + 1.1) is None
    assert reducer.silence(live, 7.0 + 2.0 + 1.1) == pytest.approx(1.1)


def test_a_slow_engine_is_not_taken_for_a_frozen_one() -> None:
    live = run(begun(), 6, tokens=2, gap=2.0)
    assert reducer.rate(live, 12.0 + 4.0) is not None
    assert reducer.rate(live, 12.0 + 9.0) is None


def test_an_ended_reply_has_no_rate() -> None:
    live = reducer.ended(run(begun(), 20, tokens=1, gap=0.1))
    assert live.phase == "ended"
    assert reducer.rate(live, 2.1) is None
    assert reducer.ended(Live()) == Live()


def test_prompt_progress_has_its_own_phase() -> None:
    live = begun()
    assert live.phase == "waiting"
    progress = PromptProgress(id="r", done=5, total=9, reused=2)
    live = reducer.reduce(live, progress)
    assert live.phase == "prompt"
    assert (live.prompt_done, live.prompt_total, live.prompt_reused) == (5, 9, 2)
    live = reducer.recorded(live, a_round(0, 0.9))
    assert live.phase == "decoding"
    assert reducer.reduce(Live(), progress) == Live()


def test_samples_are_bounded_and_need_a_rate() -> None:
    live = begun()
    assert reducer.sampled(live, 1.0).history == ()
    live = run(live, 20, tokens=1, gap=0.1)
    for _ in range(HISTORY_LENGTH + 50):
        live = reducer.sampled(live, 2.0)
    assert len(live.history) == HISTORY_LENGTH
    assert live.history[-1].tps == pytest.approx(10)
    assert not live.history[-1].drafting
    assert reducer.sampled(live, 9.0).history == live.history


def test_a_sample_says_whether_it_was_drafted() -> None:
    live = run(begun(), 5, tokens=2, gap=0.1, depth=3)
    assert reducer.sampled(live, 0.5).history[-1].drafting


def test_memory_is_the_engines_and_outlives_a_reply() -> None:
    live = reducer.reduce(Live(), LOADED)
    assert live.memory == MEMORY
    live = reducer.reduce(live, MemoryReport(active=5, peak=6, limit=7))
    fresh = begun(9, run(begun(0, live), 5, tokens=1, gap=0.1))
    assert fresh.memory == Memory(active=5, peak=6, limit=7)
    assert fresh.history == ()


def test_rounds_of_others_change_nothing() -> None:
    live = run(begun(), 5, tokens=1, gap=0.1)
    assert reducer.reduce(live, round_of("another", 9, ["x"])) == live
