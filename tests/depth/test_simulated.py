"""Auto in simulation: within 3 % of the best fixed K, and never under 0.98 of plain decoding."""

from __future__ import annotations

import math
from statistics import mean

import pytest

from mtp_mlx.depth.control import Learned, Observation, PairState
from tests.depth.simulation import (
    CURVES,
    Drift,
    Outcome,
    Text,
    against_best,
    against_plain,
    cost,
    informative,
    new,
    noise,
    settled,
    simulate,
    turns,
)
from tests.support.boards import chessboard

LENGTH = 4000  # tokens
NAMES = list(CURVES)
ACCEPTANCES = [0.0, 0.4, 0.6, 0.8, 0.95]
CHANGING = {
    "drifting": lambda place: 0.6 + 0.3 * math.cos(2 * math.pi * place / LENGTH),
    "switching": turns(0.95, 0.3, 300),
    "drafts right or wrong": turns(0.0, 0.9, 400),
}


@chessboard("name, acceptance", NAMES, ACCEPTANCES)
def test_auto_comes_near_the_best_fixed_depth(name: str, acceptance: float) -> None:
    """Over two texts: one alone may favour a neighbouring K by chance."""
    curve = CURVES[name]
    best, plain = [], []
    for seed in range(2):
        text = Text(lambda _: acceptance, LENGTH, seed)
        outcome = simulate(new(), curve, text, seed=seed)
        best.append(against_best(outcome, text, curve))
        plain.append(against_plain(outcome, text, curve))
    assert mean(best) >= 0.97
    assert min(plain) >= 0.98


@chessboard("name, acceptance", NAMES, CHANGING)
def test_auto_follows_a_text_that_changes(name: str, acceptance: str) -> None:
    curve = CURVES[name]
    text = Text(CHANGING[acceptance], 2 * LENGTH, 1)
    outcome = simulate(new(), curve, text)
    assert against_best(outcome, text, curve) >= 0.97
    assert against_plain(outcome, text, curve) >= 0.98


def test_a_confidence_that_tells_something_is_used() -> None:
    """Stretches too short to be learned by counting."""
    curve = CURVES["M3 Ultra"]
    with_it, without = (
        against_best(simulate(new(), curve, text), text, curve)
        for text in (
            Text(turns(0.9, 0.0, 40), 2 * LENGTH, 2, informative),
            Text(turns(0.9, 0.0, 40), 2 * LENGTH, 2),
        )
    )
    assert with_it > 1.1 * without


@pytest.mark.parametrize("acceptance", [0.4, 0.8])
def test_a_confidence_that_means_nothing_costs_nothing(acceptance: float) -> None:
    for name in ("M5 Max", "mixture of experts"):
        text = Text(lambda _: acceptance, LENGTH, 3, noise)
        outcome = simulate(new(), CURVES[name], text)
        assert against_best(outcome, text, CURVES[name]) >= 0.97


def heat(place: int, depth: int) -> float:
    return 1.4 if place > LENGTH / 2 and depth > 0 else 1.0


def growth(place: int, depth: int) -> float:
    del depth
    return 1 + 0.5 * place / LENGTH


@pytest.mark.parametrize("drift", [heat, growth])
def test_costs_that_drift_are_followed(drift: Drift) -> None:
    for name in ("M4 Pro", "M3 Ultra"):
        text = Text(lambda _: 0.7, LENGTH, 4)
        outcome = simulate(new(), CURVES[name], text, drift=drift)
        assert against_best(outcome, text, CURVES[name], drift) >= 0.97


def parked(acceptance: float) -> Outcome:
    return simulate(new(), CURVES["M1 (linear)"], Text(lambda _: acceptance, LENGTH, 5))


def test_auto_parks_where_drafting_never_pays() -> None:
    outcome = parked(0.4)
    assert outcome.depths.count(0) >= 0.98 * len(outcome.depths)


def test_probes_come_back_but_rarely() -> None:
    outcome = parked(0.0)
    assert 0 < outcome.probing_ms <= 0.01 * outcome.ms


def learned_on(name: str, acceptance: float) -> Learned:
    auto = new()
    simulate(auto, CURVES[name], Text(lambda _: acceptance, LENGTH, 6))
    return auto.pair.learned()


@pytest.mark.parametrize(("name", "acceptance"), [("M3 Ultra", 0.95), ("M1 (linear)", 0.4)])
def test_a_new_process_goes_on_where_the_last_one_stopped(name: str, acceptance: float) -> None:
    learned = learned_on(name, acceptance)
    text = Text(lambda _: acceptance, 600, 7)
    outcome = simulate(new(learned), CURVES[name], text, warm_up=0)
    assert against_best(outcome, text, CURVES[name]) >= 0.97
    deep = settled(new(learned))
    assert deep >= 6 if name == "M3 Ultra" else deep == 0


def test_what_is_learned_can_be_learned_from() -> None:
    learned = learned_on("M4 Pro", 0.8)
    assert PairState(learned).learned() == learned


def test_stalls_do_not_change_the_choice() -> None:
    auto = new(learned_on("M5 Max", 0.8))
    depth = settled(auto)
    expected = cost(CURVES["M5 Max"], depth)
    for stall in (1, 100, 1, 1, 100, 1, 1, 1):
        auto.observe(Observation(depth=depth, accepted=depth, ms=stall * expected))
    assert auto.pair.costs.by_depth(0)[depth] == pytest.approx(expected, rel=0.1)


def test_the_same_observations_make_the_same_choices() -> None:
    text = Text(lambda _: 0.7, 1000, 8)
    first, second = (simulate(new(), CURVES["M4 Pro"], text).depths for _ in range(2))
    assert first == second
