"""What follows from measured costs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx.api import MAX_DEPTH
from mtp_mlx.calibration import Calibration, Costs

# A machine on which four rows cost 1.3 plain steps.
GOOD = Costs(
    context=256,
    verify_ms=(10.0, 11.0, 12.0, 13.0, 15.0, 17.0, 20.0, 23.0, 26.0),
    draft_ms=0.5,
    plain_ms=10.0,
)
LINEAR = replace(GOOD, verify_ms=tuple(10.0 * rows for rows in range(1, 10)), draft_ms=1.0)
CALIBRATION = Calibration(
    costs=GOOD,
    acceptance=(("last-seen", 0.8), ("anchor", 0.7)),
    drafted=100,
    date="2026-11-24",
)


@pytest.mark.parametrize("depth", range(1, MAX_DEPTH + 1))
def test_at_break_even_a_round_is_worth_its_cost(depth: int) -> None:
    acceptance = GOOD.break_even(depth)
    assert acceptance is not None
    tokens = sum(acceptance**k for k in range(depth + 1))
    assert tokens * GOOD.plain_ms == pytest.approx(GOOD.round_ms(depth), rel=1e-3)


@given(st.lists(st.floats(0.1, 50), min_size=9, max_size=9), st.floats(0.01, 5))
def test_above_break_even_and_only_there_drafting_is_faster(
    verify: list[float], draft: float
) -> None:
    costs = Costs(context=1, verify_ms=tuple(sorted(verify)), draft_ms=draft, plain_ms=verify[0])
    for depth in range(1, MAX_DEPTH + 1):
        least = costs.break_even(depth)
        perfect = costs.allowed_speed_up(depth, depth + 1)
        if perfect != pytest.approx(1):  # there rounding decides
            assert (least is None) == (perfect < 1)
        if least is not None and least < 0.99:
            above = sum((least + 0.01) ** k for k in range(depth + 1))
            assert costs.allowed_speed_up(depth, above) > 1


def test_where_every_row_costs_a_step_nothing_pays() -> None:
    assert LINEAR.least_acceptance() is None
    words = replace(CALIBRATION, costs=LINEAR).in_words()
    assert (
        words == "verifying 4 tokens costs 4.0 plain steps here: MTP does not pay at any acceptance"
    )


def test_in_words() -> None:
    words = CALIBRATION.in_words()
    assert words == "verifying 4 tokens costs 1.3 plain steps here: MTP pays above 15 % acceptance"
    alone = replace(CALIBRATION, costs=replace(GOOD, draft_ms=None))
    assert alone.in_words().endswith("there is no drafter to make use of it")


def test_the_position_accepted_more_often_is_chosen() -> None:
    assert CALIBRATION.draft_position == "last-seen"
    other = replace(CALIBRATION, acceptance=(("last-seen", 0.6), ("anchor", 0.7)))
    assert other.draft_position == "anchor"
    assert replace(CALIBRATION, acceptance=()).draft_position is None
