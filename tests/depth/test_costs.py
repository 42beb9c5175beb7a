"""Costs from noisy rounds: stalls are not believed, changes that last are."""

from __future__ import annotations

import pytest

from mtp_mlx.api import MAX_DEPTH
from mtp_mlx.depth.costs import (
    ENOUGH,
    FRESH,
    STALLS,
    Costs,
    DraftCost,
    DraftKey,
    VerifyCost,
    VerifyKey,
    band_of,
)

LONG = 5000  # a context of another band than 0


def drafting(depth: int) -> DraftKey | None:
    return DraftKey("drafter", depth) if depth else None


def stay(costs: Costs, depth: int, times: list[float], context: int = 0) -> None:
    """Rounds at a depth; the first is not sampled."""
    for ms in (99.0, *times):
        costs.observe(depth + 1, drafting(depth), context, ms)


def learned(*stays: tuple[int, list[float]]) -> Costs:
    costs = Costs()
    for depth, times in stays:
        stay(costs, depth, times)
    return costs


def at(costs: Costs, depth: int, context: int = 0) -> float:
    return costs.by_depth(context)[depth]


def test_a_change_of_depth_is_not_sampled() -> None:
    costs = learned((3, [15.0] * ENOUGH), (0, [10.0] * ENOUGH))
    assert (at(costs, 3), at(costs, 0)) == (15.0, 10.0)


@pytest.mark.parametrize("stalls", range(1, STALLS))
def test_a_few_stalls_are_not_believed(stalls: int) -> None:
    costs = learned((0, [10.0] * ENOUGH), (3, [15.0] * ENOUGH), (0, [50.0] * stalls))
    assert at(costs, 0) == 10.0


def test_a_stall_among_the_first_rounds_is_outvoted() -> None:
    assert at(learned((0, [10.0, 50.0, 10.0])), 0) == 10.0


def test_what_lasts_is_no_stall() -> None:
    costs = learned((0, [10.0] * 6 + [50.0] * STALLS))
    assert at(costs, 0) == 50.0


@pytest.mark.parametrize("times", [1.5, 0.7, 5.0])
def test_a_slower_machine_is_slower_at_every_depth(times: float) -> None:
    costs = learned((3, [15.0] * ENOUGH), (0, [10.0] * FRESH + [10.0 * times] * 100))
    assert at(costs, 0) == pytest.approx(10 * times, rel=0.02)
    assert at(costs, 3) / at(costs, 0) == pytest.approx(1.5)
    stored = {cost.key.rows: cost.ms for cost in costs.verify_costs()}
    assert stored[4] == pytest.approx(15 * times, rel=0.02)


def test_a_depth_is_measured_against_the_machine_of_the_moment() -> None:
    """K 3 is looked at while plain decoding is twice as slow as it was."""
    slow = (0, [10.0] * FRESH + [20.0] * 100)
    costs = learned((3, [15.0] * ENOUGH), slow, (3, [30.0] * ENOUGH))
    assert at(costs, 3) / at(costs, 0) == pytest.approx(1.5, rel=0.02)


def test_a_machine_that_changed_during_a_probe_is_slower_at_every_depth() -> None:
    """Back at the depth of a long stay, rounds tell of the machine and not of the depth."""
    costs = learned((3, [15.0] * ENOUGH), (0, [10.0] * 3 * FRESH), (2, [13.0] * 2))
    stay(costs, 0, [20.0] * 100)
    assert at(costs, 0) == pytest.approx(20.0, rel=0.02)
    assert at(costs, 3) / at(costs, 0) == pytest.approx(1.5, rel=0.02)


def test_stored_costs_are_of_a_machine_that_may_have_changed() -> None:
    costs = Costs([VerifyCost(VerifyKey(1, 0), 10.0), VerifyCost(VerifyKey(4, 0), 15.0, True)])
    stay(costs, 3, [30.0] * 100)
    assert at(costs, 0) == pytest.approx(20.0, rel=0.02)


def test_a_new_stay_outweighs_the_old_one() -> None:
    costs = learned((3, [10.0] * FRESH), (0, [5.0] * 2 * FRESH), (3, [14.0] * 6))
    assert at(costs, 3) > 13


def test_depths_between_and_beyond_lie_on_a_line_that_never_falls() -> None:
    costs = learned((0, [10.0] * 3), (2, [16.0] * 3))
    assert at(costs, 1) == pytest.approx(13.0)
    assert at(costs, MAX_DEPTH) == pytest.approx(10 + 3 * MAX_DEPTH)
    falling = learned((0, [10.0] * 3), (2, [8.0] * 3))
    assert min(falling.by_depth(0)[2:]) >= 8.0


@pytest.mark.parametrize(
    ("context", "band"), [(0, 0), (1023, 0), (1024, 1), (4095, 1), (4096, 2), (65_536, 4)]
)
def test_bands_are_powers_of_four(context: int, band: int) -> None:
    assert band_of(context) == band


def test_a_band_borrows_costs_until_it_has_its_own() -> None:
    costs = learned((0, [10.0] * 3), (3, [15.0] * 3))
    assert costs.by_depth(LONG) == costs.by_depth(0)
    stay(costs, 0, [20.0] * 3, LONG)
    assert (at(costs, 0, LONG), at(costs, 0)) == (20.0, 10.0)
    assert at(costs, 3, LONG) == pytest.approx(30.0)  # as much dearer as what was measured there
    stay(costs, 3, [40.0] * 3, LONG)
    assert at(costs, 3, LONG) == 40.0
    assert at(costs, 3) == 15.0


def test_the_nearest_band_is_borrowed_from() -> None:
    costs = Costs([VerifyCost(VerifyKey(1, band), ms) for band, ms in ((0, 10.0), (2, 20.0))])
    assert (at(costs, 0, LONG), at(costs, 0, 100_000)) == (20.0, 20.0)


def test_a_round_is_put_down_to_its_forward_until_that_is_measured_alone() -> None:
    costs = learned((0, [10.0] * 3), (3, [15.0] * 3))
    (forward,) = (cost for cost in costs.verify_costs() if cost.key.rows == 4)
    assert forward == VerifyCost(VerifyKey(4, 0), 15.0, with_draft=True)
    assert costs.draft_costs() == ()


def test_a_forward_measured_alone_tells_what_drafting_costs() -> None:
    """A copy verifies as many rows and costs nothing to draft."""
    costs = learned((0, [10.0] * 3), (3, [15.0] * 3))
    for ms in (99.0, 12.0, 12.0, 12.0):
        costs.observe(4, None, 0, ms)
    assert costs.round_ms(4, None, 0) == 12.0
    stay(costs, 3, [15.0] * 3)
    assert costs.draft_costs() == (DraftCost(DraftKey("drafter", 3), 3.0),)
    assert at(costs, 3) == 15.0
    assert costs.round_ms(4, None, 0) == 12.0


def test_drafting_costs_the_same_in_every_band_and_on_a_line() -> None:
    costs = Costs(
        [VerifyCost(VerifyKey(rows, 0), 10.0 + rows) for rows in (1, 2, 4)],
        [DraftCost(DraftKey("drafter", 2), 2.0)],
    )
    assert at(costs, 1) == pytest.approx(12.0 + 1.0)
    assert at(costs, 3) == pytest.approx(14.0 + 3.0)
    stay(costs, 0, [22.0] * 3, LONG)
    assert at(costs, 3, LONG) == pytest.approx(14.0 * 22 / 11 + 3.0)


def test_a_round_quicker_than_its_forward_alone_leaves_costs_that_can_be_kept() -> None:
    """A calibration on a busy machine may time a forward longer than whole rounds take later."""
    costs = Costs([VerifyCost(VerifyKey(rows, 0), 50.0) for rows in range(1, 5)])
    stay(costs, 3, [20.0] * 3)
    assert [cost.ms >= 0 for cost in costs.draft_costs()] == [True]
