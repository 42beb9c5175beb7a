"""Two reports: what differs comes first, and only what means the same is compared."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from mtp_mlx.report.answer import Verdict
from mtp_mlx.report.comparing import comparison, side_by_side
from mtp_mlx.report.contents import Charts, Facts, Heading, Paragraph
from mtp_mlx.report.model import Environment, Report
from mtp_mlx.report.sheet import NARROW
from mtp_mlx.report.svg import LIGHT
from mtp_mlx.report.tables import Table, named_flat
from mtp_mlx.report.words import Fact
from tests.report.samples import REPORT, RUNS, SPOILED, a_report, a_run, parsed


def faster(by: float, report: Report = REPORT) -> Report:
    runs = [replace(run, decode_tps=(run.decode_tps or 0) * by) for run in report.runs]
    return replace(report, runs=tuple(runs))


def verdict_of(a: Report, b: Report) -> Verdict:
    """Return the verdict of the comparison, which comes before those of each by itself."""
    return next(part for part in comparison(a, b) if isinstance(part, Verdict))


def tables_of(a: Report, b: Report, column: str) -> list[Table]:
    tables = (part for part in comparison(a, b) if isinstance(part, Table))
    return [one for one in tables if column in {each.name for each in one.columns}]


def test_the_same_report_differs_in_nothing() -> None:
    found = side_by_side(REPORT, REPORT)
    assert found.differences == ()
    assert {row.ratio.median for row in found.rows} == {1.0}
    told = Paragraph("Machine, versions, pair and settings are the same.")
    assert told in list(comparison(REPORT, REPORT))
    assert verdict_of(REPORT, REPORT).text == (
        "These runs show no clear difference between A and B in MTP auto: "
        "1.00 times the speed (95 %: 1.00 to 1.00)."
    )


OTHER = replace(
    REPORT,
    created="2027-01-01T00:00:00Z",  # this is no difference
    environment=Environment(device="Apple M2", thermal_after="nominal"),
    settings=replace(REPORT.settings, seed=4),
    pair=replace(REPORT.pair, quantization="8-bit"),
)


def test_what_differs_comes_first_and_machines_before_settings() -> None:
    (table,) = tables_of(REPORT, OTHER, "What differs")
    assert table.rows == (
        ("Machine", "App version", "0.1.0", "not measured"),
        ("Machine", "MLX", "0.32.4", "not measured"),
        ("Machine", "Device", "Apple M4 Pro", "Apple M2"),
        ("Pair", "Quantization", "4-bit", "8-bit"),
        ("Settings", "Seed", "0", "4"),
    )
    kinds = [type(part) for part in comparison(REPORT, OTHER)]
    assert kinds.index(Table) < kinds.index(Verdict) < kinds.index(Charts)


def test_both_are_named() -> None:
    facts = next(part for part in comparison(REPORT, OTHER) if isinstance(part, Facts))
    assert facts.facts == (
        Fact("A", "Speed of target + drafter, MTP MLX 0.1.0, 2 January 2026"),
        Fact("B", "Speed of target + drafter, 1 January 2027"),
    )


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


def test_a_row_of_ratios_has_two_modes_side_by_side() -> None:
    first, second = tables_of(REPORT, faster(0.5), "B is")
    assert [named_flat(column) for column in first.columns[:7]] == [
        "Category", "off: Pairs", "off: A, tokens/s", "off: B, tokens/s",
        "off: B over A, ×", "off: 95 %", "off: B is",  # noqa: RUF001
    ]  # fmt: skip
    assert first.rows[1][:7] == ("code", "3", "30.3", "15.2", "0.50", "0.50 to 0.50", "slower")
    assert [row[0] for row in second.rows] == ["all", "code", "free prose"]
    slower = {cell.column for cell in first.warnings}
    assert {named_flat(first.columns[i]) for i in slower} == {
        "off: B over A, ×", "off: B is", "auto: B over A, ×", "auto: B is",  # noqa: RUF001
    }  # fmt: skip
    assert [len(cells.warnings) for cells in tables_of(faster(0.5), REPORT, "B is")] == [0, 0]


ONE_EACH = a_report([run for run in RUNS if run.repeat == 0 and run.category == "code"])


@pytest.mark.parametrize(
    ("a", "b", "text", "large", "tone"),
    [
        (
            REPORT, faster(0.5),
            "B ran MTP auto slower than A: at 0.50 times its speed (95 %: 0.50 to 0.50).",
            "0.50×", "warning",  # noqa: RUF001
        ),
        (
            REPORT, faster(2.0),
            "B ran MTP auto 2.00 times as fast as A (95 %: 2.00 to 2.00).",
            "2.00×", "faster",  # noqa: RUF001
        ),
        (
            ONE_EACH, faster(2.0, ONE_EACH),
            "B ran MTP auto 2.00 times as fast as A, in one run each, which has no interval.",
            "Faster", "plain",
        ),
    ],
)  # fmt: skip
def test_what_a_comparison_comes_to(a: Report, b: Report, text: str, large: str, tone: str) -> None:
    said = verdict_of(a, b)
    assert (said.text, said.large, said.tone) == (text, large, tone)
    pairs = "1 pair" if a is ONE_EACH else "6 pairs"
    assert said.drafted == f"{pairs} of runs of the same prompt."


def test_the_ratios_are_a_chart_with_its_numbers() -> None:
    (drawn,) = (part for part in comparison(REPORT, faster(0.5)) if isinstance(part, Charts))
    (chart,) = drawn.charts
    assert chart.title == "Speed of B over A by category, auto"
    assert {row[1:] for row in chart.numbers.rows} == {("0.50", "0.50 to 0.50", "slower")}
    parsed(chart.svg(LIGHT, NARROW))


def replayed(at: float | None) -> Report:
    return replace(REPORT, settings=replace(REPORT.settings, replay_acceptance=at))


REFUSED = {
    "replayed against real": (replayed(0.8), REPORT, "the drafts of A were replayed"),
    "real against replayed": (REPORT, replayed(0.8), "the drafts of B were replayed"),
    "two acceptances": (replayed(0.8), replayed(0.6), "at different acceptances"),
    "other prompts": (
        REPORT,
        replace(REPORT, settings=replace(REPORT.settings, suite="full ba9876543210")),
        "no run of A is known to have the prompt",
    ),
    "no suite": (
        replace(REPORT, settings=replace(REPORT.settings, suite=None)),
        replace(REPORT, settings=replace(REPORT.settings, suite=None)),
        "no run of A is known to have the prompt",
    ),
    "other modes": (
        a_report([run for run in RUNS if run.mode == "off"]),
        a_report([run for run in RUNS if run.mode != "off"]),
        "no run of A is known to have the prompt, mode and repeat of one of B",
    ),
    "nothing": (a_report([]), a_report([]), "no run of A is known"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_means_different_things_is_not_compared(case: str) -> None:
    """There is the reason and no number of B over A; each stands there by itself."""
    a, b, reason = REFUSED[case]
    found = side_by_side(a, b)
    assert (found.rows, found.compared) == ((), 0)
    assert reason in found.refusal
    said = verdict_of(a, b)
    assert (said.text, said.large, said.tone) == (found.refusal, "Not comparable", "plain")
    assert tables_of(a, b, "B is") == []
    assert not [part for part in comparison(a, b) if isinstance(part, Charts)]
    headings = [part.text for part in comparison(a, b) if isinstance(part, Heading)]
    assert headings == ["What differs", "A by itself", "B by itself"]


def test_equally_replayed_drafts_are_compared() -> None:
    assert side_by_side(replayed(0.8), replayed(0.8)).refusal == ""


def test_runs_without_a_counterpart_are_counted() -> None:
    some = a_report(RUNS[:2])
    told = [part.text for part in comparison(REPORT, some) if isinstance(part, Paragraph)]
    assert "2 runs of the same prompt, mode and repeat are compared; 16 have no counterpart." in (
        told
    )


def test_a_ratio_has_its_interval() -> None:
    uneven = [replace(run, decode_tps=(run.decode_tps or 0) * (1 + run.repeat)) for run in RUNS]
    other = replace(REPORT, runs=tuple(uneven))
    row = side_by_side(REPORT, other).rows[0]
    assert row.ratio.low < row.ratio.median < row.ratio.high
    shown = tables_of(REPORT, other, "B is")[0].rows[0]
    assert f"{row.ratio.low:.2f} to {row.ratio.high:.2f}" in shown


def test_only_runs_that_both_have_and_finished() -> None:
    some = a_report([*RUNS[:2], a_run(5, 9.0), replace(RUNS[2], finish_reason="cancelled")])
    assert {row.mode for row in side_by_side(REPORT, some).rows} == {"off", "auto"}


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
