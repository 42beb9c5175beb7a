"""The MTP switch as depths, and what auto is told of the rounds."""

from __future__ import annotations

from mtp_mlx.depth.control import DepthControl, Plan


def test_a_step_left_in_flight_says_nothing_of_what_a_step_costs() -> None:
    depth = DepthControl(None)
    plain, drafting = Plan(depth=0, state="plain"), Plan(depth=3, state="drafting")
    for ms in (20.0, 10.0, 10.0, 10.0):
        depth.observe(plain, 0, 0, (), ms)
    for _ in range(20):  # the switch is turned on and off again and again
        depth.observe(drafting, 0, 0, (), 2.0)
        depth.observe(plain, 0, 0, (), 10.0)
    assert depth.learned().costs_ms[0] == 10.0
