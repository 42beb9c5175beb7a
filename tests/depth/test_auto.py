"""Auto in simulation: within 3 % of the best fixed K, and never under 0.98 of plain decoding."""

from __future__ import annotations

import math
from statistics import mean

import pytest

from mtp_mlx.api import MAX_DEPTH
from mtp_mlx.depth.auto import FIRST_DEPTH, AutoDepth, Learned, Observation
from tests.depth.simulation import (
    CURVES,
    Found,
    Text,
    against_best,
    against_plain,
    cost,
    informative,
    noise,
    simulate,
)

LENGTH = 4000  # tokens
NAMES = list(CURVES)


def steps(first: float, second: float, period: int, place: int) -> float:
    return first if place // period % 2 == 0 else second


ACCEPTANCES = [0.0, 0.4, 0.6, 0.8, 0.95]
CHANGING = {
    "drifting": lambda place: 0.6 + 0.3 * math.cos(2 * math.pi * place / LENGTH),
    "switching": lambda place: steps(0.95, 0.3, 300, place),
    "drafts right or wrong": lambda place: steps(0.0, 0.9, 400, place),
}


@pytest.mark.parametrize("acceptance", ACCEPTANCES)
@pytest.mark.parametrize("name", NAMES)
def test_auto_comes_near_the_best_fixed_depth(name: str, acceptance: float) -> None:
    """Over two texts: one alone may favour a neighbouring K by chance."""
    curve = CURVES[name]
    best, plain = [], []
    for seed in range(2):
        text = Text(lambda _: acceptance, LENGTH, seed)
        found = simulate(AutoDepth(), curve, text, seed=seed)
        best.append(against_best(found, text, curve))
        plain.append(against_plain(found, text, curve))
    assert mean(best) >= 0.97
    assert min(plain) >= 0.98


@pytest.mark.parametrize("acceptance", CHANGING.values(), ids=CHANGING.keys())
@pytest.mark.parametrize("name", NAMES)
def test_auto_follows_a_text_that_changes(name: str, acceptance: object) -> None:
    curve = CURVES[name]
    text = Text(acceptance, 2 * LENGTH, 1)  # type: ignore[arg-type]
    found = simulate(AutoDepth(), curve, text)
    assert against_best(found, text, curve) >= 0.97
    assert against_plain(found, text, curve) >= 0.98


def hard_and_easy(place: int) -> float:
    return steps(0.9, 0.0, 40, place)


def test_a_confidence_that_tells_something_is_used() -> None:
    """Stretches too short to be learned by counting."""
    curve = CURVES["M3 Ultra"]
    with_it, without = (
        against_best(simulate(AutoDepth(), curve, text), text, curve)
        for text in (
            Text(hard_and_easy, 2 * LENGTH, 2, informative),
            Text(hard_and_easy, 2 * LENGTH, 2),
        )
    )
    assert with_it > 1.1 * without


@pytest.mark.parametrize("acceptance", [0.4, 0.8])
def test_a_confidence_that_means_nothing_costs_nothing(acceptance: float) -> None:
    for name in ("M5 Max", "mixture of experts"):
        text = Text(lambda _: acceptance, LENGTH, 3, noise)
        found = simulate(AutoDepth(), CURVES[name], text)
        assert against_best(found, text, CURVES[name]) >= 0.97


@pytest.mark.parametrize(
    "drift",
    [
        lambda place, depth: 1.4 if place > LENGTH / 2 and depth > 0 else 1.0,  # heat
        lambda place, _depth: 1 + 0.5 * place / LENGTH,  # a growing context
    ],
    ids=["heat", "context"],
)
def test_costs_that_drift_are_followed(drift: object) -> None:
    for name in ("M4 Pro", "M3 Ultra"):
        text = Text(lambda _: 0.7, LENGTH, 4)
        found = simulate(AutoDepth(), CURVES[name], text, drift=drift)  # type: ignore[arg-type]
        assert against_best(found, text, CURVES[name], drift) >= 0.97  # type: ignore[arg-type]


def parked(acceptance: float) -> Found:
    return simulate(AutoDepth(), CURVES["M1 (linear)"], Text(lambda _: acceptance, LENGTH, 5))


def test_auto_parks_where_drafting_never_pays() -> None:
    found = parked(0.4)
    assert found.depths.count(0) >= 0.98 * len(found.depths)


def test_probes_come_back_but_rarely() -> None:
    found = parked(0.0)
    assert 0 < found.probing_ms <= 0.01 * found.ms


def settled(auto: AutoDepth) -> int:
    choice = auto.choose()
    assert not choice.probe
    return choice.depth


def learned_on(name: str, acceptance: float) -> Learned:
    auto = AutoDepth()
    simulate(auto, CURVES[name], Text(lambda _: acceptance, LENGTH, 6))
    return auto.learned()


@pytest.mark.parametrize(("name", "acceptance"), [("M3 Ultra", 0.95), ("M1 (linear)", 0.4)])
def test_a_new_process_goes_on_where_the_last_one_stopped(name: str, acceptance: float) -> None:
    known = learned_on(name, acceptance)
    text = Text(lambda _: acceptance, 600, 7)
    found = simulate(AutoDepth(known), CURVES[name], text, warm_up=0)
    assert against_best(found, text, CURVES[name]) >= 0.97
    deep = settled(AutoDepth(known))
    assert deep >= 6 if name == "M3 Ultra" else deep == 0


def test_calibrated_costs_alone_save_the_measuring() -> None:
    curve = CURVES["M5 Max"]
    costs = tuple(cost(curve, depth) for depth in range(MAX_DEPTH + 1))
    auto = AutoDepth(Learned(costs_ms=costs))
    assert settled(auto) > 0
    linear = tuple(cost(CURVES["M1 (linear)"], depth) for depth in range(MAX_DEPTH + 1))
    assert settled(AutoDepth(Learned(costs_ms=linear))) == 0


def test_nothing_known_is_measured_first() -> None:
    auto = AutoDepth()
    seen = []
    for _ in range(8):
        choice = auto.choose()
        assert choice.probe
        seen.append(choice.depth)
        auto.observe(Observation(depth=choice.depth, accepted=0, ms=10.0 + choice.depth))
    assert seen == 4 * [FIRST_DEPTH] + 4 * [0]  # the first of each is not sampled


NONE = (None,) * (MAX_DEPTH + 1)
ZEROS, ONES = (0.0,) * MAX_DEPTH, (1.0,) * MAX_DEPTH


@pytest.mark.parametrize(
    ("costs", "hits", "counts"),
    [
        ((), (), ()),
        ((1.0,) * MAX_DEPTH, (), ()),
        ((math.nan, *NONE[1:]), (), ()),
        ((-1.0, *NONE[1:]), (), ()),
        ((math.inf, *NONE[1:]), (), ()),
        ((1e300, *NONE[1:]), (), ()),
        (NONE, ONES, (1e300,) * MAX_DEPTH),
        (NONE, (1.0,), (1.0,)),
        (NONE, ONES, ()),
        (NONE, ONES, ZEROS),
        (NONE, ZEROS, ZEROS),
        (NONE, (math.nan, *ONES[1:]), ONES),
    ],
)
def test_numbers_that_make_no_sense_are_refused(
    costs: tuple[float | None, ...], hits: tuple[float, ...], counts: tuple[float, ...]
) -> None:
    with pytest.raises(ValueError, match="cannot have been measured"):
        Learned(costs_ms=costs, hits=hits, counts=counts)


def test_what_is_learned_can_be_learned_from() -> None:
    known = learned_on("M4 Pro", 0.8)
    assert AutoDepth(known).learned() == known


def test_stalls_do_not_change_the_choice() -> None:
    auto = AutoDepth(learned_on("M5 Max", 0.8))
    depth = settled(auto)
    for stall in (1, 100, 1, 1, 100, 1, 1, 1):
        auto.observe(
            Observation(depth=depth, accepted=depth, ms=stall * cost(CURVES["M5 Max"], depth))
        )
    assert auto.costs.ms[depth] == pytest.approx(cost(CURVES["M5 Max"], depth), rel=0.1)


def test_the_same_observations_make_the_same_choices() -> None:
    text = Text(lambda _: 0.7, 1000, 8)
    first, second = (simulate(AutoDepth(), CURVES["M4 Pro"], text).depths for _ in range(2))
    assert first == second
