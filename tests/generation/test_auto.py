"""Auto in simulation: cost curves of real machines, acceptance from none to nearly all.

Curves: cost of verifying n rows against one, from decoding.md's sources (MLX and mlxcel trackers);
a drafter step costs 5 % of a plain step.
"""

from __future__ import annotations

import random

import pytest

from mtp_mlx.generation.auto import AutoDepth
from mtp_mlx.values import MAX_DEPTH

DRAFT_STEP = 0.05
CURVES = {
    "M4 Pro": [1, 1.03, 1.22, 1.47, 1.77, 2.07, 2.38, 2.69, 3.0],
    "M5 Max": [1, 1.05, 1.11, 1.25, 1.42, 1.7, 2.1, 2.47, 2.8],
    "M3 Ultra": [1, 1.17, 1.34, 1.51, 1.68, 1.85, 2.02, 2.19, 2.36],
    "M1 (linear)": [1, 1.95, 2.9, 3.85, 4.8, 5.75, 6.7, 7.65, 8.6],
    "mixture of experts": [1, 1.5, 2.0, 2.5, 2.95, 3.4, 3.8, 4.2, 4.6],
}


def cost(curve: list[float], depth: int) -> float:
    return 30 * (curve[depth] + DRAFT_STEP * depth)


def tokens_of(random_: random.Random, depth: int, acceptance: float) -> int:
    accepted = 0
    while accepted < depth and random_.random() < acceptance:
        accepted += 1
    return accepted


def simulate(auto: AutoDepth, curve: list[float], acceptance: float, rounds: int) -> float:
    """Tokens a millisecond over `rounds`, with 5 % noise on the times."""
    random_ = random.Random(1)
    tokens, ms = 0, 0.0
    for _ in range(rounds):
        depth = auto.choose().depth
        accepted = tokens_of(random_, depth, acceptance)
        took = cost(curve, depth) * random_.uniform(0.95, 1.05)
        auto.observe(depth, accepted, took)
        tokens, ms = tokens + accepted + 1, ms + took
    return tokens / ms


def best_rate(curve: list[float], acceptance: float) -> float:
    return max(
        sum(acceptance**k for k in range(depth + 1)) / cost(curve, depth)
        for depth in range(MAX_DEPTH + 1)
    )


@pytest.mark.parametrize("acceptance", [0.0, 0.4, 0.6, 0.8, 0.95])
@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES.keys())
def test_auto_comes_near_the_best_fixed_depth(curve: list[float], acceptance: float) -> None:
    auto = AutoDepth()
    simulate(auto, curve, acceptance, 300)  # warm-up
    rate = simulate(auto, curve, acceptance, 3000)
    assert rate >= 0.97 * best_rate(curve, acceptance)
    assert rate >= 0.98 / cost(curve, 0)  # plain decoding


def test_auto_parks_where_drafting_never_pays() -> None:
    auto = AutoDepth()
    simulate(auto, CURVES["M1 (linear)"], 0.4, 600)
    parked = sum(auto_step(auto, CURVES["M1 (linear)"], 0.4) == 0 for _ in range(200))
    assert parked >= 190


def auto_step(auto: AutoDepth, curve: list[float], acceptance: float) -> int:
    depth = auto.choose().depth
    accepted = tokens_of(random.Random(depth), depth, acceptance)
    auto.observe(depth, accepted, cost(curve, depth))
    return depth


def test_auto_follows_a_change_of_text() -> None:
    auto = AutoDepth()
    curve = CURVES["M5 Max"]
    simulate(auto, curve, 0.1, 600)
    simulate(auto, curve, 0.9, 1500)  # until probes have told
    assert simulate(auto, curve, 0.9, 1000) >= 0.9 * best_rate(curve, 0.9)


def test_one_stall_does_not_change_the_choice() -> None:
    auto = AutoDepth()
    curve = CURVES["M5 Max"]
    simulate(auto, curve, 0.8, 500)
    before = auto.expected_ms(3)
    auto.observe(3, 3, cost(curve, 3))
    auto.observe(3, 3, 100 * cost(curve, 3))
    assert auto.expected_ms(3) <= before * 1.15
