"""Two reports: what differs is named, and ratios are of the same prompts only."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from mtp_mlx.report.comparing import side_by_side
from mtp_mlx.report.model import Environment, Report
from mtp_mlx.report.terminal import comparison
from tests.report.samples import REPORT, RUNS, SPOILED, a_report, a_run


def faster(by: float, report: Report = REPORT) -> Report:
    runs = [replace(run, decode_tps=(run.decode_tps or 0) * by) for run in report.runs]
    return replace(report, runs=tuple(runs))


def test_the_same_report_differs_in_nothing() -> None:
    found = side_by_side(REPORT, REPORT)
    assert found.differences == ()
    assert {row.ratio.median for row in found.rows} == {1.0}
    assert "Pair, settings and machine are the same." in comparison(REPORT, REPORT)


def test_what_differs_is_named() -> None:
    other = replace(
        REPORT,
        created="2027-01-01T00:00:00Z",  # this is no difference
        environment=Environment(device="Apple M2"),
        settings=replace(REPORT.settings, seed=4),
    )
    told = {one.name: (one.a, one.b) for one in side_by_side(REPORT, other).differences}
    assert told == {
        "Seed": ("0", "4"),
        "App version": ("0.1.0", "not measured"),
        "MLX": ("0.32.4", "not measured"),
        "Device": ("Apple M4 Pro", "Apple M2"),
    }
    assert "  Device: Apple M4 Pro | Apple M2\n" in comparison(REPORT, other)


def test_ratios_are_of_the_second_over_the_first() -> None:
    rows = side_by_side(REPORT, faster(0.5)).rows
    assert {row.ratio.median for row in rows} == {0.5}
    assert [row.b_tps / row.a_tps for row in rows] == pytest.approx([0.5] * len(rows))
    assert rows[3].a_tps == pytest.approx(30.3)  # the median of three repeats on code, MTP off
    assert [(row.category, row.mode, row.pairs) for row in rows][:4] == [
        (None, "off", 6),
        (None, "auto", 6),
        (None, 3, 6),
        ("code", "off", 3),
    ]
    assert comparison(REPORT, faster(0.5)).count("B: slower") == 9
    assert comparison(faster(0.5), REPORT).count("B: faster") == 9


def test_a_ratio_has_its_interval() -> None:
    uneven = [replace(run, decode_tps=(run.decode_tps or 0) * (1 + run.repeat)) for run in RUNS]
    row = side_by_side(REPORT, replace(REPORT, runs=tuple(uneven))).rows[0]
    assert row.ratio.low < row.ratio.median < row.ratio.high
    assert f"{row.ratio.low:.2f} to {row.ratio.high:.2f}" in comparison(
        REPORT, replace(REPORT, runs=tuple(uneven))
    )


def test_only_runs_that_both_have_and_finished() -> None:
    some = a_report([*RUNS[:2], a_run(5, 9.0), replace(RUNS[2], finish_reason="cancelled")])
    assert {row.mode for row in side_by_side(REPORT, some).rows} == {"off", "auto"}


def test_other_prompts_are_not_compared() -> None:
    for suite in (None, "quick ba9876543210"):
        other = replace(REPORT, settings=replace(REPORT.settings, suite=suite))
        assert side_by_side(REPORT, other).rows == ()
        assert "no ratio is measured" in comparison(REPORT, other)
    nameless = replace(REPORT, settings=replace(REPORT.settings, suite=None))
    assert side_by_side(nameless, nameless).rows == ()


def test_a_prompt_is_known_by_its_hash_whatever_the_suite() -> None:
    settings = replace(REPORT.settings, suite="full ba9876543210")
    hashed = [replace(run, prompt_sha256=f"{run.category} {run.repeat % 2}") for run in RUNS]
    renamed = [replace(run, prompt_id="other", category="x") for run in hashed[:3]]
    found = side_by_side(a_report(hashed), a_report(renamed, settings=settings))
    assert [(row.category, row.mode, row.pairs) for row in found.rows] == [
        (None, "off", 1),
        (None, "auto", 1),
        (None, 3, 1),
    ]


def test_a_pair_without_a_drafter_compares() -> None:
    told = {one.name for one in side_by_side(REPORT, SPOILED).differences}
    assert {"Target", "Drafter", "Quantization"} <= told
