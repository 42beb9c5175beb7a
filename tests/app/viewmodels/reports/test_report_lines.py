"""A report's line in the list."""

from __future__ import annotations

from msgspec.structs import replace

from app.services.report_files import ReportEntry
from app.viewmodels.reports.report_lines import ReportLine, report_line
from mtp_mlx.report.model import Report
from mtp_mlx.report.reading import encode, outline
from tests.report.samples import REPORT, SLOWER, SPOILED, a_report, a_run


def line(report: Report) -> ReportLine:
    return report_line(ReportEntry(name="r.json", written=0.0, outline=outline(encode(report))))


def test_what_it_comes_to() -> None:
    told = line(REPORT)
    assert told.title == "Speed of target + drafter"
    assert told.pair == "google/gemma-4 + google/helper"
    assert told.figure == "1.47×"  # noqa: RUF001
    assert told.day.startswith("2026-01-0")
    assert not told.slower


def test_a_slow_down_is_marked() -> None:
    assert line(SLOWER).slower
    assert line(SLOWER).figure == "0.50×"  # noqa: RUF001


def test_one_that_was_cut_short_says_so() -> None:
    planned = replace(REPORT.settings, planned_runs=len(REPORT.runs))
    assert line(replace(REPORT, settings=planned)).figure == "1.47×"  # noqa: RUF001
    more = replace(planned, planned_runs=len(REPORT.runs) + 1)
    assert line(replace(REPORT, settings=more)).figure == "1.47×, cut short"  # noqa: RUF001


def test_without_a_speed_up_nothing_is_invented() -> None:
    alone = a_report([a_run("off", 30.0)], pair=replace(REPORT.pair, drafter=None))
    assert line(alone).figure == "not measured"
    assert line(alone).pair == "google/gemma-4"


def test_a_title_from_elsewhere_stays_one_line() -> None:
    assert "\n" not in line(SPOILED).title + line(SPOILED).pair


def test_one_that_cannot_be_opened_is_named_with_the_reason() -> None:
    told = report_line(ReportEntry(name="bad.json", written=0.0, trouble="It is damaged.\n"))
    assert (told.title, told.figure, told.help) == (
        "bad.json",
        "cannot be opened",
        "It is damaged.",
    )
