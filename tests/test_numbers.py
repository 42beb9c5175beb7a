"""The numbers of a reply, for any rounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx.api import Stats
from mtp_mlx.numbers import Counts, acceptance_of


@dataclass(frozen=True)
class Counted:
    """As much of a round as is counted."""

    index: int
    depth: int
    accepted: int

    @property
    def tokens(self) -> tuple[int, ...]:
        return (7,) * (self.accepted + 1)


DEPTHS = st.lists(
    st.integers(0, 8).flatmap(lambda k: st.tuples(st.just(k), st.integers(0, k))), max_size=40
)


def counts_of(pairs: Iterable[tuple[int, int]]) -> Counts:
    """The token of the prompt half a second after the request, then 0.25 s a round."""
    counts = Counts()
    counts.add(Counted(0, 0, 0), 0.5)
    for index, (depth, accepted) in enumerate(pairs, start=1):
        counts.add(Counted(index, depth, accepted), 0.5 + index / 4)
    return counts


def stats_of(pairs: Iterable[tuple[int, int]]) -> Stats:
    return counts_of(pairs).stats()


@given(DEPTHS)
def test_totals_agree(pairs: list[tuple[int, int]]) -> None:
    stats = stats_of(pairs)
    drafting = [(depth, accepted) for depth, accepted in pairs if depth]
    assert stats.draft_rounds == len(drafting)
    assert stats.draft_n == sum(depth for depth, _ in drafting)
    assert sum(stats.acceptance_histogram) == len(drafting)
    accepted = sum(n * count for n, count in enumerate(stats.acceptance_histogram))
    assert accepted == stats.draft_n_accepted == sum(n for _, n in drafting)
    assert stats.generated_tokens == 1 + sum(n + 1 for _, n in pairs)
    if drafting:
        assert stats.mean_acceptance_length == pytest.approx(1 + accepted / len(drafting))
        assert stats.acceptance_rate == pytest.approx(accepted / stats.draft_n)


@given(DEPTHS)
def test_positions_are_counted_round_by_round(pairs: list[tuple[int, int]]) -> None:
    """The definitions of the field, written out."""
    drafting = [(depth, accepted) for depth, accepted in pairs if depth]
    deepest = max((depth for depth, _ in drafting), default=0)
    stats = stats_of(pairs)
    assert len(stats.acceptance_by_position) == deepest
    assert len(stats.acceptance_histogram) == (deepest + 1 if drafting else 0)
    for i in range(1, deepest + 1):
        drafted = [n for depth, n in drafting if depth >= i]
        reached = [n for n in drafted if n >= i - 1]
        kept = [n for n in reached if n >= i]
        assert stats.acceptance_by_position[i - 1] == len(kept) / len(drafted)
        conditional = len(kept) / len(reached) if reached else 0
        assert stats.conditional_acceptance[i - 1] == conditional


@given(st.integers(1, 8), st.lists(st.integers(0, 8), min_size=1))
def test_positions_sum_to_the_mean_acceptance_length(depth: int, accepted: list[int]) -> None:
    """At one depth, tau = 1 + the sum over positions, and each is the product of conditionals."""
    stats = stats_of((depth, min(n, depth)) for n in accepted)
    assert stats.mean_acceptance_length == pytest.approx(1 + sum(stats.acceptance_by_position))
    survival = 1.0
    pairs = zip(stats.acceptance_by_position, stats.conditional_acceptance, strict=True)
    for by_position, conditional in pairs:
        survival *= conditional
        assert by_position == pytest.approx(survival)


@given(DEPTHS)
def test_the_numbers_so_far_are_those_of_a_whole_reply(pairs: list[tuple[int, int]]) -> None:
    """A live reply's numbers are read after each round; reading them changes nothing."""
    counts = Counts()
    counts.add(Counted(0, 0, 0), 0.5)
    for index, (depth, accepted) in enumerate(pairs, start=1):
        counts.add(Counted(index, depth, accepted), 0.5 + index / 4)
        assert counts.stats() == stats_of(pairs[:index])


def test_rates_leave_out_the_first_token_and_the_prompt() -> None:
    stats = stats_of([(0, 0)] * 100)
    assert stats.decode_tps == 4.0
    assert stats.ttft_s == 0.5
    assert counts_of([]).stats(prefill_tps=100.0).prefill_tps == 100.0


def test_a_pause_is_no_decoding() -> None:
    """Two parts of three tokens, the second begun a minute after the first."""
    counts = counts_of([(0, 0), (0, 0)])
    for index in range(3):
        counts.add(Counted(index, 0, 0), 61.0 + index / 4)
    assert (counts.generated_tokens, counts.decoded_tokens) == (6, 4)
    assert counts.decode_s == pytest.approx(1.0)
    assert counts.decode_tps == pytest.approx(4.0)
    assert counts.stats().ttft_s == 0.5


def test_what_was_not_measured_is_none() -> None:
    stats = stats_of([])
    assert stats.decode_tps is None
    assert stats.acceptance_rate is None
    assert stats.mean_acceptance_length is None
    assert stats.acceptance_by_position == ()
    assert (stats.prefill_tps, stats.peak_memory_bytes) == (None, None)


def test_a_reply_without_tokens_has_no_first_one() -> None:
    assert Counts().stats().ttft_s is None
    assert Counts().stats().generated_tokens == 0


def test_a_position_that_no_round_reached_has_no_conditional_acceptance() -> None:
    first, second = acceptance_of([Counted(1, 2, 0)]).positions
    assert (first.share, first.conditional) == (0.0, 0.0)
    assert (second.share, second.conditional) == (0.0, None)
