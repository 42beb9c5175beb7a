"""Costs from noisy rounds: stalls are not believed, changes that last are."""

from __future__ import annotations

import pytest

from mtp_mlx.api import MAX_DEPTH
from mtp_mlx.depth.costs import ENOUGH, FRESH, STALLS, CostCurve


def curve(*stays: tuple[int, list[float]]) -> CostCurve:
    """After stays at depths, the first round of each unsampled."""
    costs = CostCurve()
    for depth, times in stays:
        costs.observe(depth, 99.0)
        for ms in times:
            costs.observe(depth, ms)
    return costs


def test_a_change_of_depth_is_not_sampled() -> None:
    costs = curve((3, [15.0] * ENOUGH), (0, [10.0] * ENOUGH))
    assert (costs.ms[3], costs.ms[0]) == (15.0, 10.0)


@pytest.mark.parametrize("stalls", range(1, STALLS))
def test_a_few_stalls_are_not_believed(stalls: int) -> None:
    costs = curve((0, [10.0] * ENOUGH), (3, [15.0] * ENOUGH), (0, [50.0] * stalls))
    assert costs.ms[0] == 10.0


def test_what_lasts_is_no_stall() -> None:
    costs = curve((0, [10.0] * 6 + [50.0] * STALLS))
    assert costs.ms[0] == 50.0


@pytest.mark.parametrize("times", [1.5, 0.7, 5.0])
def test_a_slower_machine_is_slower_at_every_depth(times: float) -> None:
    costs = curve((3, [15.0] * ENOUGH), (0, [10.0] * FRESH + [10.0 * times] * 100))
    assert costs.ms[0] == pytest.approx(10 * times, rel=0.02)
    assert costs.ms[3] / costs.ms[0] == pytest.approx(1.5)
    assert costs.measured()[3] == pytest.approx(15 * times, rel=0.02)


def test_a_depth_is_measured_against_the_machine_of_the_moment() -> None:
    """K 3 is looked at while plain decoding is twice as slow as it was."""
    slow = (0, [10.0] * FRESH + [20.0] * 100)
    costs = curve((3, [15.0] * ENOUGH), slow, (3, [30.0] * ENOUGH))
    assert costs.ms[3] / costs.ms[0] == pytest.approx(1.5, rel=0.02)


def test_known_costs_are_of_a_machine_that_may_have_changed() -> None:
    costs = CostCurve([10.0, None, None, 15.0])
    for _ in range(100):
        costs.observe(3, 30.0)
    assert costs.ms[0] == pytest.approx(20.0, rel=0.02)


def test_a_new_stay_outweighs_the_old_one() -> None:
    costs = curve((3, [10.0] * 20), (0, [5.0] * ENOUGH), (3, [14.0] * 6))
    assert costs.ms[3] > 13


def test_depths_between_and_beyond_lie_on_a_line_that_never_falls() -> None:
    costs = curve((0, [10.0] * 3), (2, [16.0] * 3))
    assert costs.ms[1] == pytest.approx(13.0)
    assert costs.ms[MAX_DEPTH] == pytest.approx(10 + 3 * MAX_DEPTH)
    falling = curve((0, [10.0] * 3), (2, [8.0] * 3))
    assert min(falling.ms[2:]) >= 8.0
