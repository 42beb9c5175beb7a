"""The numbers of a reply, for any rounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx.api import RoundRecord, Stats
from mtp_mlx.numbers import Clock, summarize

CLOCK = Clock(request=1.0, first_token=1.5, last_token=3.5, prefill_s=0.5)


@st.composite
def round_records(draw: st.DrawFn) -> RoundRecord:
    depth = draw(st.integers(0, 8))
    return RoundRecord(
        depth=depth, drafted=tuple(range(depth)), accepted=draw(st.integers(0, depth)), ms=1.0
    )


def stats_of(rounds: list[RoundRecord], tokens: int = 101) -> Stats:
    return summarize(
        rounds, CLOCK, generated_tokens=tokens, computed_prompt_tokens=50, peak_memory_bytes=7
    )


@given(st.lists(round_records()))
def test_totals_agree(rounds: list[RoundRecord]) -> None:
    stats = stats_of(rounds)
    drafting = [r for r in rounds if r.depth]
    assert stats.draft_rounds == len(drafting)
    assert sum(stats.acceptance_histogram) == len(drafting)
    accepted = sum(n * count for n, count in enumerate(stats.acceptance_histogram))
    assert accepted == stats.draft_n_accepted
    if drafting:
        assert stats.mean_acceptance_length == pytest.approx(1 + accepted / len(drafting))
        assert stats.acceptance_rate == pytest.approx(accepted / stats.draft_n)


@given(st.integers(1, 8), st.lists(st.integers(0, 8), min_size=1))
def test_positions_sum_to_the_mean_acceptance_length(depth: int, accepted: list[int]) -> None:
    """At one depth, tau = 1 + the sum over positions, and each is the product of conditionals."""
    rounds = [
        RoundRecord(depth=depth, drafted=tuple(range(depth)), accepted=min(n, depth), ms=1.0)
        for n in accepted
    ]
    stats = stats_of(rounds)
    assert stats.mean_acceptance_length == pytest.approx(1 + sum(stats.acceptance_by_position))
    survival = 1.0
    pairs = zip(stats.acceptance_by_position, stats.conditional_acceptance, strict=True)
    for by_position, conditional in pairs:
        survival *= conditional
        assert by_position == pytest.approx(survival)


def test_rates_leave_out_the_first_token_and_the_prompt() -> None:
    stats = stats_of([])
    assert stats.decode_tps == 50.0
    assert stats.prefill_tps == 100.0
    assert stats.ttft_s == 0.5


def test_what_was_not_measured_is_none() -> None:
    stats = stats_of([], tokens=1)
    assert stats.decode_tps is None
    assert stats.acceptance_rate is None
    assert stats.mean_acceptance_length is None
    assert stats.acceptance_by_position == ()


def test_a_reply_without_tokens_has_no_first_one() -> None:
    assert stats_of([], tokens=0).ttft_s is None
