"""The depths that auto chooses, from given costs and rounds."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from mtp_mlx.api import MAX_DEPTH
from mtp_mlx.depth.control import (
    FIRST_DEPTH,
    MARGIN,
    REACH,
    TRIAL_ROUNDS,
    AutoDepth,
    DepthControl,
    Learned,
    Observation,
    PairState,
    Plan,
    Probes,
    best_depth,
)
from mtp_mlx.depth.costs import DraftCost, DraftKey, VerifyCost, VerifyKey
from tests.depth.simulation import CURVES, calibrated, cost, new, settled


def test_calibrated_costs_alone_save_the_measuring() -> None:
    assert settled(new(calibrated("M5 Max"))) > 0
    assert settled(new(calibrated("M1 (linear)"))) == 0


def test_the_length_of_the_context_decides_too() -> None:
    """Where rows are dear behind a long context, auto parks there and only there."""
    short, long = calibrated("M5 Max"), calibrated("M5 Max", dearer=0.8, band=3)
    auto = new(Learned(verify=short.verify + long.verify, draft=short.draft))
    assert settled(auto, 500) > 0
    assert settled(auto, 40_000) == 0
    assert settled(auto, 500) > 0


def test_two_sequences_share_costs_and_have_texts_of_their_own() -> None:
    """In turn, a round each: one drafter is always right, the other always wrong."""
    pair = PairState(calibrated("M3 Ultra"))
    right, wrong = AutoDepth(pair), AutoDepth(pair)
    for _ in range(100):
        for auto in (right, wrong):
            depth = auto.choose(0).depth
            ms = cost(CURVES["M3 Ultra"], depth)
            accepted = depth if auto is right else 0
            auto.observe(Observation(depth=depth, accepted=accepted, ms=ms))
    assert right.choose(0).depth >= 6
    assert wrong.choose(0).depth == 0
    assert right.pair.costs is wrong.pair.costs


def chosen(auto: AutoDepth, right: Callable[[int], int], count: int) -> list[int]:
    """The depths chosen for `count` rounds; the first `right(i)` drafts of round i are right."""
    depths = []
    for i in range(count):
        depth = auto.choose(0).depth
        ms = cost(CURVES["M3 Ultra"], depth)
        sure = (0.3 + 0.08 * right(i),) * depth
        auto.observe(
            Observation(depth=depth, accepted=min(depth, right(i)), ms=ms, confidence=sure)
        )
        depths.append(depth)
    return depths


def test_auto_stops_before_the_position_at_which_drafts_fail() -> None:
    depths = chosen(new(calibrated("M3 Ultra")), lambda _: 2, 100)
    assert depths[-20:].count(2) >= 17  # all but those of a probe


def test_a_sure_drafter_is_asked_for_more() -> None:
    """Text that is hard and easy in turns of four rounds: the first round of each tells which."""
    auto = new(calibrated("M3 Ultra"))
    depths = chosen(auto, lambda i: 8 if i // 4 % 2 else 1, 240)
    later = [depths[i + 1 : i + 4] for i in range(200, 240, 4)]  # of each turn
    assert max(max(hard) for hard in later[::2]) < min(min(easy) for easy in later[1::2])


def test_a_new_sequence_starts_from_what_the_last_one_learned() -> None:
    """It parks at once, and the probes of the last one, which have become rare, stay rare."""
    control = DepthControl(None, calibrated("M3 Ultra"))
    states = []
    for _ in range(20):
        for _ in range(50):
            plan = control.plan("auto", 100)
            control.observe(plan, plan.depth, 0, (), cost(CURVES["M3 Ultra"], plan.depth))
            states.append(plan.state)
        control = control.for_sequence()
    assert DepthControl(None, control.learned()).plan("auto", 100).state == "parked"
    assert states[200:].count("parked") >= 0.98 * len(states[200:])


COSTS = [10.0 + 2 * k for k in range(MAX_DEPTH + 1)]


@pytest.mark.parametrize(("better", "chosen"), [(0.5 * MARGIN, 2), (2 * MARGIN, 3)])
def test_a_depth_hardly_better_is_not_worth_a_change(better: float, chosen: int) -> None:
    tokens = [1.0, 1.5, 2.0, 2.0, 2.0]
    tokens[3] = 2.0 + 0.1 * (COSTS[3] - COSTS[2]) + better * tokens[2]
    assert best_depth(tokens, COSTS, 0.1, 4, current=2) == chosen


def test_a_hard_round_is_kept_short_and_an_easy_one_may_be_long() -> None:
    """By the rate of the whole: the best rate of an easy round alone would be a shorter one."""
    costs = [10.0, 20.0, 30.0, 45.0]
    rho = 0.05
    easy = [1.0, 2.0, 3.0, 4.0]  # 3 tokens in 30 ms is its best rate; a fourth is worth 15 ms
    assert best_depth(easy, costs, rho, 3, current=0) == 3
    assert max(range(4), key=lambda k: easy[k] / costs[k]) != 3
    assert best_depth([1.0, 1.2, 1.25, 1.26], costs, rho, 3, current=3) == 0


def test_a_depth_as_good_as_the_best_is_not_probed_for_nothing() -> None:
    """Depth 1 promises the rate of plain decoding: a probe of it seems to cost nothing."""
    probes = Probes()
    tokens = [1.0, *(COSTS[k] / COSTS[0] for k in range(1, MAX_DEPTH + 1))]
    for _ in range(3):
        probes.passed(0, 0, 10.0)
        assert probes.due(0, tokens, COSTS, 0.1, 0) is None
    for _ in range(200):
        probes.passed(0, 0, 10.0)
    assert probes.due(0, tokens, COSTS, 0.1, 0) is not None


def rounds_until_due(probes: Probes) -> int:
    tokens = [1.0, 1.1, *(1.1 for _ in range(MAX_DEPTH - 1))]
    for n in range(10_000):
        probes.passed(0, 0, 10.0)
        if probes.due(0, tokens, COSTS, 0.1, 0) is not None:
            probes.passed(1, 0, 12.0)
            probes.ended(parked=True)
            return n
    raise AssertionError


def test_probes_that_change_nothing_become_rarer_and_never_stop() -> None:
    probes = Probes()
    first, second, *_, last_but_one, last = [rounds_until_due(probes) for _ in range(8)]
    assert second == pytest.approx(2 * first, rel=0.2)
    assert last == pytest.approx(last_but_one, rel=0.2)
    probes.reset()
    assert rounds_until_due(probes) == pytest.approx(first, rel=0.2)


def test_nothing_known_is_measured_first() -> None:
    auto = new()
    depths = []
    for _ in range(8):
        choice = auto.choose(0)
        assert choice.probe
        depths.append(choice.depth)
        auto.observe(Observation(depth=choice.depth, accepted=0, ms=10.0 + choice.depth))
    assert depths == 4 * [FIRST_DEPTH] + 4 * [0]  # the first of each is not sampled


def verify(*ms: float) -> tuple[VerifyCost, ...]:
    return tuple(VerifyCost(VerifyKey(rows, 0), cost) for rows, cost in enumerate(ms, start=1))


ZEROS, ONES = (0.0,) * MAX_DEPTH, (1.0,) * MAX_DEPTH
DRAFT = DraftCost(DraftKey("drafter", 1), 1.0)


@pytest.mark.parametrize(
    "values",
    [
        {"verify": verify(math.nan)},
        {"verify": verify(-1.0)},
        {"verify": verify(0.0)},
        {"verify": verify(math.inf)},
        {"verify": verify(1e300)},
        {"verify": (*verify(1.0), *verify(2.0))},
        {"verify": (VerifyCost(VerifyKey(0, 0), 1.0),)},
        {"verify": (VerifyCost(VerifyKey(1, -1), 1.0),)},
        {"draft": (DraftCost(DraftKey("drafter", 0), 1.0),)},
        {"draft": (DraftCost(DraftKey("drafter", 1), -1.0),)},
        {"draft": (DraftCost(DraftKey("drafter", 1), math.nan),)},
        {"draft": (DRAFT, DRAFT)},
        {"hits": ONES, "counts": (1e300,) * MAX_DEPTH},
        {"hits": (1.0,), "counts": (1.0,)},
        {"hits": ONES},
        {"hits": ONES, "counts": ZEROS},
        {"hits": ZEROS, "counts": ZEROS},
        {"hits": (math.nan, *ONES[1:]), "counts": ONES},
    ],
)
def test_numbers_that_make_no_sense_are_refused(values: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match="cannot have been measured"):
        Learned(**values)  # type: ignore[arg-type]


def plain_ms(control: DepthControl) -> float:
    return next(cost.ms for cost in control.learned().verify if cost.key.rows == 1)


def test_a_step_left_in_flight_says_nothing_of_what_a_step_costs() -> None:
    control = DepthControl(None)
    plain, drafting = Plan(depth=0, state="plain"), Plan(depth=3, state="drafting")
    for ms in (20.0, 10.0, 10.0, 10.0):
        control.observe(plain, 0, 0, (), ms)
    for _ in range(20):  # the switch is turned on and off again and again
        control.observe(drafting, 0, 0, (), 2.0)
        control.observe(plain, 0, 0, (), 10.0)
    assert plain_ms(control) == 10.0


def test_a_plan_notes_the_context_that_its_cost_belongs_to() -> None:
    control = DepthControl(None)
    for context in (100, 20_000):
        for _ in range(4):
            control.observe(control.plan(2, 100, context), 2, 2, (), 10.0 + context / 1000)
    bands = {cost.key.band: cost.ms for cost in control.learned().verify}
    assert bands == pytest.approx({0: 10.1, 3: 30.0})


def test_no_draft_goes_past_the_end_of_the_reply() -> None:
    control = DepthControl(None)
    assert control.plan(5, 6).depth == 5
    plan = control.plan(5, 3)
    assert (plan.depth, plan.state) == (2, "drafting")
    assert "length limit" in (plan.reason or "")
    assert control.plan(5, 1).state == "plain"


def test_without_a_drafter_every_round_is_plain_and_says_why() -> None:
    plan = DepthControl("this target has no drafter").plan(3, 10)
    assert (plan.depth, plan.state, plan.reason) == (0, "plain", "this target has no drafter")


def test_a_fixed_depth_of_0_parks() -> None:
    plan = DepthControl(None).plan(0, 10)
    assert (plan.depth, plan.state, plan.reason) == (0, "parked", "K is 0")


def test_a_depth_that_was_never_measured_is_tried_for_a_few_rounds() -> None:
    """All drafts are right, so the deepest depth in reach promises most."""
    auto = new()
    depths = chosen(auto, lambda _: MAX_DEPTH, 12)
    assert depths[8:] == TRIAL_ROUNDS * [FIRST_DEPTH + REACH]
