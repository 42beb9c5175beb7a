"""The MTP switch as depths, and what auto is told of the rounds."""

from __future__ import annotations

import mlx.core as mx

from mtp_mlx.generation.depth import DepthControl, Plan
from mtp_mlx.speculative.round import Anchor, Round


def round_of(drafted: int) -> Round:
    return Round(
        tokens=(1,),
        drafted=(2,) * drafted,
        accepted=0,
        agreed=0,
        confidence=(),
        anchor=Anchor(mx.array([1]), mx.zeros((1, 4))),
    )


def test_a_step_left_in_flight_says_nothing_of_what_a_step_costs() -> None:
    depth = DepthControl(None)
    plain, drafting = Plan(depth=0, state="plain"), Plan(depth=3, state="drafting")
    for ms in (20.0, 10.0, 10.0, 10.0):
        depth.observe(round_of(0), plain, ms)
    for _ in range(20):  # the switch is turned on and off again and again
        depth.observe(round_of(0), drafting, 2.0)
        depth.observe(round_of(0), plain, 10.0)
    assert depth.learned().costs_ms[0] == 10.0
