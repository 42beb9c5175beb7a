"""Tokens per second over time, against sums done by hand."""

from __future__ import annotations

import pytest

from mtp_mlx.report.timeline import timelines
from tests.report.samples import a_round, a_run


def rates(*runs: list[tuple[float, int]]) -> list[float]:
    """Of runs whose rounds took so many ms and emitted so many tokens."""
    made = [
        a_run("auto", 1.0, rounds=[a_round(3, 0, ms, tokens=tokens) for ms, tokens in rounds])
        for rounds in runs
    ]
    found = timelines(made, ["auto"])
    return [point.tps for series in found for point in series.points]


def test_a_round_is_spread_over_its_time() -> None:
    """Two bins of 0.3 s: 4 tokens in 0.4 s, then 1 in 0.2 s."""
    assert rates([(400.0, 4), (200.0, 1)]) == pytest.approx([10.0, 2.0 / 0.3])


def test_a_run_that_has_ended_writes_at_no_speed() -> None:
    """Bins of 0.3 s; in the second only ten of eleven still write, at 10 tokens/s each."""
    short, long = [(300.0, 6)], [(600.0, 6)]
    assert rates(short, *[long] * 10) == pytest.approx([(6 + 10 * 3) / (11 * 0.3), 10.0])


def test_a_round_without_a_duration_counts_for_nothing() -> None:
    """A clock that did not move tells no speed."""
    assert rates([(0.0, 100), (400.0, 4), (0.0, 100), (200.0, 2)]) == pytest.approx([10.0, 10.0])
