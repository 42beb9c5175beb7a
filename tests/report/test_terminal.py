"""Reports on a terminal: all fits the width, and each row is named."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from mtp_mlx.report.charts import charts
from mtp_mlx.report.model import Identity, Report
from mtp_mlx.report.terminal import Terminal, comparison, report, table
from tests.report.samples import PARTED, REPORT, SAME, SLOWER, SPOILED, WARNED

MISTAKE = replace(PARTED, margin=2.5, margin_bound=0.31, rounding_tie=False)


def test_each_block_of_a_wide_table_names_its_rows() -> None:
    """A row's names are its category, prompt and mode; a difference's its subject and name."""
    other = replace(MISTAKE, prompt_id="code-2", mode="auto")
    parted = replace(REPORT, identity=Identity(measured=True, comparisons=(MISTAKE, other)))
    rows = [line for line in table(parted).splitlines() if "more than rounding explains" in line]
    assert [row.split()[:3] for row in rows] == [
        ["code", "code-1", "K"],
        ["code", "code-2", "auto"],
    ]
    long = replace(REPORT, pair=replace(REPORT.pair, target="t" * 40))
    wide = comparison(long, replace(long, pair=replace(long.pair, target="u" * 40)))
    for letter in "tu":
        (row,) = (line for line in wide.splitlines() if letter * 20 in line)
        assert row.split()[:2] == ["Pair", "Target"]


@pytest.mark.parametrize("shown", [REPORT, SLOWER, WARNED, SPOILED])
def test_no_line_is_wider_than_the_terminal(shown: Report) -> None:
    for text in (table(shown), report(shown), comparison(REPORT, shown), comparison(shown, shown)):
        assert max(map(len, text.splitlines())) <= 79


def blocks(text: str, heading: str) -> list[list[str]]:
    """Return the tables below a heading, each as its lines."""
    below = text.split(f"\n\n{heading}\n\n")[1].split("\n\n")
    return [block.splitlines() for block in below if "Category" in block]


def test_a_wide_table_is_cut_between_names_over_columns() -> None:
    first, second, *_ = blocks(report(REPORT), "Speed by category")
    assert " ".join(first[0].split()) == "Tokens/s auto against plain"
    names = "Category off auto K 3 Speed-up, × 95 % Result"  # noqa: RUF001
    assert " ".join(first[1].split()) == names
    assert second[0].strip() == "K 3 against plain"
    assert [line.split("  ")[0] for line in second[2:]] == ["all", "code", "free prose"]
    assert [line.split("  ")[0] for line in first[2:]] == ["all", "code", "free prose"]


def test_names_over_columns_stand_over_them() -> None:
    over, names, *_ = blocks(report(REPORT), "Speed by category")[0]
    start = over.index("auto against plain")
    assert names.index("K 3") + 3 < start < names.index("Result")
    assert names.index("off") - 4 < over.index("Tokens/s") < names.index("K 3")


def test_numbers_stand_point_below_point_beside_a_mark() -> None:
    """The mark of the best value moves no number out of its column."""
    lines = blocks(report(REPORT), "Speed by category")[0][2:]
    points = [[i for i, letter in enumerate(line) if letter == "."] for line in lines]
    assert points[0] == points[1] == points[2]
    assert [line.count("*") for line in lines] == [0, 1, 0]
    assert "60.6*" in lines[1]
    assert "\n*: the fastest of the modes that are surely faster" in report(REPORT)


def test_what_was_not_measured_is_named_in_one_line_a_section() -> None:
    machine = report(REPORT).split("\n\n")[-1]
    assert machine.count("ot measured") == 1
    assert "  Not measured: commit, python, " in machine


def test_a_long_name_is_cut() -> None:
    long = replace(REPORT.summary[0], category="a category of many letters and still more")
    lines = table(replace(REPORT, summary=(long,))).splitlines()
    assert [line for line in lines if line.startswith("a category of many letters an…")]


def test_how_many_texts_are_the_same() -> None:
    told = table(REPORT).split("\n\n")[-1].splitlines()
    assert told[0] == "Same text with and without MTP: 1 of 2, by prompt and mode"
    assert told[2].split()[:4] == ["code", "code-1", "K", "3"]
    same = replace(REPORT, identity=Identity(measured=True, comparisons=(SAME, SAME, SAME)))
    assert "Same text with and without MTP: 3 of 3, by prompt and mode" in table(same)
    assert "Same text with and without MTP: not measured" in table(SLOWER)


def test_runs_and_texts_stay_in_the_files() -> None:
    shown = report(WARNED)
    assert "Runs: 18, 1 cut short (in the CSV and the JSON)" in shown
    assert "Told" not in shown


def test_the_end_of_a_benchmark_begins_with_its_verdict() -> None:
    assert table(SLOWER).startswith("MTP with K 3 was slower: it wrote at 0.50 times the speed of")


def test_a_chart_is_its_numbers() -> None:
    for chart in charts(REPORT):
        assert f"\n\n{chart.title}\n{Terminal().table(chart.numbers)}" in report(REPORT)


def test_a_long_table_ends_with_what_is_left() -> None:
    many = replace(REPORT, identity=Identity(measured=True, comparisons=(PARTED,) * 207))
    assert report(many).count("code-1") == 200
    assert "\nand 7 more\n" in report(many)
