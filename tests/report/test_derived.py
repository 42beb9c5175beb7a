"""Derived numbers: pairing, medians, intervals, positions and costs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mtp_mlx.numbers import Counts, acceptance_of
from mtp_mlx.report.derived import (
    T_QUANTILES,
    chosen,
    completed,
    costs,
    follows,
    groups,
    headline,
    interval,
    ratios,
)
from mtp_mlx.report.model import Ending, Group, Round, Run
from mtp_mlx.report.saving import decode
from mtp_mlx.report.warnings import notes
from tests.report.samples import OLD, REPORT, SLOWER, a_report, a_round, a_run

OLD_REPORTS = [decode(file.read_bytes()) for file in OLD]
PAIRS = [
    a_run("off", 10.0),
    a_run(3, 20.0),
    a_run("off", 20.0, "free prose"),
    a_run(3, 10.0, "free prose"),
    a_run("off", 11.0, repeat=1),
    a_run(3, 33.0, repeat=1),
    a_run("off", 40.0, "free prose", repeat=1),
    a_run(3, 20.0, "free prose", repeat=1),
]


def found(category: str | None, mode: int | str) -> Group:
    return next(g for g in groups(PAIRS) if (g.category, g.mode) == (category, mode))


def test_speed_ups_are_of_pairs() -> None:
    """Each run is compared with plain decoding of the same prompt in the same repeat."""
    code = found("code", 3)
    assert code.speedup == 2.5
    assert code.speedup_low is not None
    assert code.speedup_low < 0.5  # two pairs tell next to nothing
    assert found("free prose", 3).speedup == 0.5  # a slow-down is told as one
    assert found(None, 3).speedup == 1.25
    assert found(None, "off").speedup is None


def test_groups_keep_spread_and_plain_speed() -> None:
    group = found("free prose", 3)
    assert (group.decode_tps, group.decode_tps_low, group.decode_tps_high) == (15.0, 10.0, 20.0)
    assert group.plain_tps == 30.0
    assert (group.acceptance_rate, group.mean_acceptance_length) == (4 / 6, 3.0)


def test_what_was_not_measured_is_none() -> None:
    (alone,) = groups([a_run(3, None, rounds=[], ttft_s=None)])
    numbers = (alone.decode_tps, alone.plain_tps, alone.speedup, alone.ttft_s)
    assert (*numbers, alone.acceptance_rate, alone.mean_acceptance_length) == (None,) * 6


def test_a_run_cut_short_has_no_pair() -> None:
    whole = [a_run("off", 10.0), a_run(3, 20.0)]
    endings: tuple[Ending, ...] = ("cancelled", "failed")
    for cut, ending in itertools.product((0, 1), endings):
        runs = [
            replace(run, finish_reason=ending) if i == cut else run for i, run in enumerate(whole)
        ]
        assert ratios(runs[1:], runs) == []
    assert ratios(whole[1:], whole) == [2.0]


def test_one_ratio_has_no_interval() -> None:
    (group,) = (one for one in groups(PAIRS[:2]) if one.mode == 3)
    assert (group.speedup, group.speedup_low, group.speedup_high) == (2.0, None, None)


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=30))
def test_an_interval_holds_its_median(values: list[float]) -> None:
    one = interval(values)
    assert one is not None
    assert one.low <= one.median <= one.high
    assert one.has_spread == (len(values) > 1)
    if len(values) > max(T_QUANTILES):
        assert min(values) <= one.low
        assert one.high <= max(values)
    assert one == interval(values)  # a report made again says the same


@pytest.mark.parametrize("count", [2, 3, 5, 15])
def test_an_interval_covers_the_truth_about_as_often_as_it_says(count: int) -> None:
    """Medians of a few draws around 1: of 200 such intervals, 95 % should hold it."""
    import random

    chance = random.Random(7)
    held = 0
    for _ in range(200):
        one = interval([chance.lognormvariate(0, 0.1) for _ in range(count)])
        assert one is not None
        held += one.low <= 1 <= one.high
    assert 178 <= held <= 200


def test_the_most_that_drafts_explain_is_of_the_runs_that_were_compared() -> None:
    rounds = [a_round(3, 3), a_round(0, 0, state="parked")]
    runs = [
        *(a_run(mode, 10.0, repeat=0, rounds=rounds if mode else None) for mode in ("off", 3)),
        a_run(3, 9.0, repeat=1, rounds=[a_round(3, 3)] * 4, finish_reason="cancelled"),
    ]
    (group,) = (one for one in groups(runs) if one.mode == 3)
    assert (group.draft_rounds, group.rounds, group.speedup_most) == (5, 6, 2.5)
    assert group.tokens_per_round == pytest.approx(21 / 6)


def test_what_an_older_program_did_not_count_is_counted() -> None:
    bare = [
        replace(one, rounds=None, draft_rounds=None, tokens_per_round=None, speedup_most=None)
        for one in REPORT.summary
    ]
    assert completed(replace(REPORT, summary=tuple(bare))) == REPORT
    assert completed(REPORT) is REPORT


@dataclass(frozen=True)
class Timed:
    """A round as the engine counts it."""

    index: int
    depth: int
    accepted: int
    tokens: tuple[int, ...] = (7,)


rounds = st.lists(
    st.integers(0, 8).flatmap(
        lambda k: st.integers(0, k).map(lambda n: a_round(k, n, ms=1.0 + k + n))
    ),
    max_size=40,
)


@given(rounds)
def test_positions_add_up(made: list[Round]) -> None:
    drafting = [one for one in made if one.depth]
    places = acceptance_of(made).positions
    assert sum(place.accepted for place in places) == sum(one.accepted for one in drafting)
    assert sum(place.drafted for place in places) == sum(one.depth for one in drafting)
    for place in places:
        assert 0 <= place.accepted <= place.reached <= place.drafted <= len(drafting)


@given(st.integers(1, 8).flatmap(lambda k: st.lists(st.integers(0, k), min_size=1).map(
    lambda kept: [a_round(k, n) for n in kept]
)))  # fmt: skip
def test_one_and_the_shares_are_tau(made: list[Round]) -> None:
    """A stranger can check a report so, where all rounds have one K."""
    (group,) = groups([a_run(3, 1.0, rounds=made)])
    shares = [place.share for place in acceptance_of(made).positions]
    assert group.mean_acceptance_length == pytest.approx(1 + sum(shares))


@given(rounds)
def test_positions_are_the_engines(made: list[Round]) -> None:
    """The engine counts a reply while it writes it, the report from the rounds kept: no other."""
    counts = Counts()
    for index, one in enumerate(made):
        counts.add(Timed(index, one.depth, one.accepted), float(index))
    stats = counts.stats()
    places = acceptance_of(made).positions
    assert stats.acceptance_by_position == tuple(place.share for place in places)
    assert stats.conditional_acceptance == tuple(place.conditional or 0 for place in places)
    (group,) = groups([a_run(3, 1.0, rounds=made)])
    assert group.acceptance_rate == stats.acceptance_rate
    assert group.mean_acceptance_length == stats.mean_acceptance_length


def test_nothing_counts_past_an_end_token() -> None:
    """The last round drafted three and ended at the first: one token, and one accepted."""
    made = [a_round(3, 3), a_round(3, 1, tokens=1)]
    assert [place.accepted for place in acceptance_of(made).positions] == [2, 1, 1]
    assert costs(made)[0].tokens == 2.5


@given(rounds)
def test_costs_count_every_round_once(made: list[Round]) -> None:
    table = costs(made)
    assert sum(cost.rounds for cost in table) == len(made)
    assert [cost.depth for cost in table] == sorted({one.depth for one in made})


def test_the_chosen_depth_is_what_auto_used_most() -> None:
    probe = [a_round(5, 1, state="probe")] * 9
    auto = a_run("auto", 1.0, rounds=[a_round(2, 1), a_round(2, 1), a_round(4, 1), *probe])
    assert chosen([auto, a_run(3, 1.0)]) == 2
    assert chosen([a_run(3, 1.0)]) is None


def test_the_headline_is_autos_over_everything() -> None:
    one = headline(REPORT)
    assert one is not None
    assert (one.category, one.mode) == (None, "auto")
    parked = a_report([a_run("off", 1.0), a_run("auto", 1.1), a_run(3, 2.0)])
    told = headline(parked)
    assert told is not None
    assert told.mode == "auto"  # what one gets, not the best of several tries
    worse = headline(SLOWER)
    assert worse is not None
    assert (worse.speedup, worse.mode) == (0.5, 3)
    assert headline(a_report([a_run("off", 1.0)])) is None


def test_a_summary_that_was_changed_is_found_out() -> None:
    assert all(follows(report) for report in (REPORT, SLOWER, *OLD_REPORTS))
    for changed in ({"speedup": 3.0}, {"decode_tps": 99.0}, {"decode_tps": None}):
        groups_ = tuple(replace(one, **changed) for one in REPORT.summary)
        boasting = replace(REPORT, summary=groups_)
        assert not follows(boasting)
        assert any("was changed afterwards" in said for said in notes(boasting))
    assert not list(notes(REPORT))


class Passes(tuple[Run, ...]):
    """Runs that count how often somebody goes through them."""

    __slots__ = ()
    made: ClassVar[int] = 0

    def __iter__(self) -> Iterator[Run]:
        Passes.made += 1
        return super().__iter__()


def test_runs_are_gone_through_once_however_many_categories_they_have() -> None:
    """A suite may have a category a prompt, and a report 100,000 runs: it opens at once."""
    runs = [replace(run, category=f"{n}") for n in range(300) for run in PAIRS[:2]]
    report = replace(a_report(runs), runs=Passes(runs))
    bare = replace(report, summary=tuple(replace(one, rounds=None) for one in report.summary))
    for check in (follows, completed):
        Passes.made = 0
        assert check(bare)
        assert Passes.made == 1
