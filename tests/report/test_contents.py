"""What a report says: every warning once, in every format, and nothing that no format shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from msgspec.structs import replace
from PySide6.QtGui import QTextDocument
from pytestqt.qtbot import QtBot

from mtp_mlx.report import terminal
from mtp_mlx.report.contents import (
    About,
    Charts,
    Heading,
    Headline,
    Paragraph,
    Table,
    Title,
    Verbatim,
    contents,
    head,
)
from mtp_mlx.report.html import html, paper
from mtp_mlx.report.model import Environment, Identity, Report
from mtp_mlx.report.warnings import notes
from mtp_mlx.report.writer import Markdown, markdown, write
from tests.report.samples import PARTED, REPORT, RUNS, SAME, SLOWER, WARNED, a_report, a_run

WARNINGS = 10


def told(drift: float | None = None, **environment: object) -> list[str]:
    found = Environment(**environment)  # type: ignore[arg-type]
    return list(notes(replace(REPORT, plain_drift=drift, environment=found)))


@pytest.mark.parametrize("drift", [None, 0.0, 0.029, -0.029])
def test_a_steady_machine_needs_no_words(drift: float | None) -> None:
    calm = {"power_source": "mains", "power_source_after": "mains", "thermal_after": "nominal"}
    assert told(drift, low_power_mode=False, commit_clean=True, **calm) == []


@pytest.mark.parametrize(("drift", "words"), [(-0.12, "12 % slower"), (0.08, "8 % faster")])
def test_drift(drift: float, words: str) -> None:
    (sentence,) = told(drift)
    assert words in sentence


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"low_power_mode": True}, "low power mode"),
        ({"power_source": "mains", "power_source_after": "battery"}, "mains, then battery"),
        ({"thermal_after": "heavy"}, "heavy"),
        ({"thermal_after": "CPU limited to 62 %"}, "62 %"),
        ({"commit_clean": False}, "in no commit"),
    ],
)
def test_conditions(known: dict[str, object], words: str) -> None:
    (sentence,) = told(**known)  # type: ignore[arg-type]
    assert words in sentence
    shown = terminal.table(replace(REPORT, environment=Environment(**known)))  # type: ignore[arg-type]
    assert words in " ".join(shown.split())


def test_the_sample_has_every_warning() -> None:
    assert len(set(notes(WARNED))) == WARNINGS


def printed(report: Report) -> str:
    document = QTextDocument()
    document.setHtml(paper(report, 4))
    return document.toPlainText()


@pytest.mark.parametrize(
    "show",
    [
        lambda report: re.sub("<.*?>", " ", html(report)),
        printed,
        markdown,
        terminal.table,
        terminal.report,
        lambda report: terminal.comparison(report, REPORT),
    ],
    ids=["html", "pdf", "markdown", "table", "terminal", "compare"],
)
def test_every_format_has_each_warning_once(qtbot: QtBot, show: Callable[[Report], str]) -> None:
    shown = " ".join(unescape(show(WARNED)).split())
    assert [shown.count(note) for note in notes(WARNED)] == [1] * WARNINGS


@pytest.mark.parametrize("brief", [True, False])
def test_warnings_stand_before_the_numbers(*, brief: bool) -> None:
    kinds = [type(part) for part in contents(WARNED, brief=brief) if type(part) is not Heading]
    first = [Title, About, Headline] if brief else [Title]
    assert kinds[: len(first) + WARNINGS + 1] == [*first, *[Paragraph] * WARNINGS, Table]
    warned = [part for part in contents(WARNED, brief=brief) if isinstance(part, Paragraph)]
    assert [part.text for part in warned if part.warning] == list(notes(WARNED))


def headings(report: Report, *, brief: bool) -> list[str]:
    return [part.text for part in contents(report, brief=brief) if isinstance(part, Heading)]


def test_the_order_of_a_report() -> None:
    whole = headings(REPORT, brief=False)
    assert whole[:2] == ["Acceptance by position", "Runs"]
    assert whole[2:] == headings(REPORT, brief=True) == [
        "Same text with and without MTP", "Pair", "Settings", "Environment", "Definitions",
    ]  # fmt: skip


def rows(report: Report, kind: str) -> list[dict[str, str]]:
    """Return the rows of the only table that has the column `kind`, by the names of its columns."""
    tables = [part for part in contents(report) if isinstance(part, Table) and kind in part.head]
    (table,) = tables
    return [dict(zip(table.head, row, strict=True)) for row in table.rows]


def test_the_columns_of_the_summary() -> None:
    first = rows(REPORT, "Against plain")[4]
    assert first == {
        "Category": "code",
        "MTP": "auto",
        "Runs": "3",
        "Tokens/s": "60.6",
        "Lowest": "60.0",
        "Highest": "61.2",
        "Plain tokens/s": "30.3",
        "Speed-up": "2.00×",  # noqa: RUF001
        "95 %": "2.00 to 2.00",
        "Against plain": "faster",
        "Drafted in": "6 of 6",
        "Tokens/round": "3.00",
        "Acceptance": "67 %",
        "τ": "3.00",
        "First token": "0.25 s",
    }


def test_the_columns_of_a_run() -> None:
    run = a_run(3, 60.0, repeat=2, finish_reason="length", prefill_tps=250.0)
    (row,) = rows(a_report([run]), "Peak memory")
    assert row == {
        "Category": "code",
        "Prompt": "code-1",
        "MTP": "K 3",
        "Repeat": "2",
        "Tokens": "7",
        "Tokens/s": "60.0",
        "Drafted": "6",
        "Accepted": "4",
        "Rounds that drafted": "2",
        "Prompt tokens": "12",
        "Prompt tokens/s": "250",
        "First token": "0.25 s",
        "Peak memory": "3.22 GB",
        "End": "limit of tokens",
    }


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("stop", "end token"),
        ("length", "limit of tokens"),
        ("cancelled", "cut short: cancelled"),
        ("failed", "cut short: failed"),
    ],
)
def test_how_a_run_ended(reason: str, end: str) -> None:
    (row,) = rows(a_report([a_run(3, 60.0, finish_reason=reason)]), "End")
    assert row["End"] == end


def test_the_columns_of_a_comparison() -> None:
    tie = replace(PARTED, margin_bound=0.31, rounding_tie=True)
    compared = Identity(measured=True, comparisons=(tie, PARTED, SAME))
    shown = rows(replace(REPORT, identity=compared), "Same")
    assert shown[0] == {
        "Category": "code",
        "Prompt": "code-1",
        "MTP": "K 3",
        "Same": "no",
        "Parts at token": "17",
        "Margin there": "0.002",
        "Rounding": "a rounding tie",
    }
    assert [row["Rounding"] for row in shown] == ["a rounding tie", "not measured", "–"]  # noqa: RUF001


def test_the_columns_of_the_positions() -> None:
    assert rows(REPORT, "Position")[2] == {
        "Position": "3",
        "Accepted": "50 %",
        "Accepted where all before were": "100 %",
    }


def test_rows_that_warn() -> None:
    """A slow-down, a run cut short and a text that parts are marked, and no other row is."""
    cut = [replace(RUNS[0], finish_reason="cancelled"), *RUNS[1:]]
    report = a_report(cut, identity=Identity(measured=True, comparisons=(SAME, PARTED)))
    tables = [part for part in contents(report) if isinstance(part, Table) and part.warnings]
    summary, runs, identity = tables
    assert [summary.rows[i][9] for i in sorted(summary.warnings)] == [
        row[9] for row in summary.rows if row[9].startswith("slower")
    ]
    assert len(summary.warnings) == 2
    assert [set(runs.warnings), set(identity.warnings)] == [{0}, {1}]


def test_each_baseline_is_told_once() -> None:
    told = [part.text for part in contents(REPORT) if isinstance(part, Paragraph)]
    assert told == [
        "Plain tokens/s: plain decoding of the same prompt in the same repeat, interleaved."
    ]


@pytest.mark.parametrize("brief", [True, False])
def test_charts_stand_once_below_the_summary(*, brief: bool) -> None:
    kinds = [type(part) for part in contents(REPORT, brief=brief)]
    assert kinds.count(Charts) == 1
    assert kinds.index(Charts) == kinds.index(Table) + 2  # and the baseline's sentence


def test_the_head_tells_only_what_is_known() -> None:
    title, about, headline = head(SLOWER)
    assert title == Title(SLOWER.title)
    facts = ("google/gemma-4 + google/helper", "4-bit", "Apple M4 Pro", "2026-01-02")
    assert about == About(facts)
    facts = ("slower", "MTP K 3", "95 %: 0.50 to 0.50", "drafted in 6 of 6 rounds")
    assert headline == Headline("0.50×", facts, "warning")  # noqa: RUF001
    alone = replace(REPORT.pair, drafter=None, quantization=None)
    bare = a_report([a_run("off", 1.0)], pair=alone, created=None, environment=Environment())
    assert list(head(bare)) == [Title(bare.title), About(("google/gemma-4",))]


def test_a_dialect_without_a_large_number_writes_a_sentence() -> None:
    _, *facts, headline = write(head(REPORT), Markdown()).split("\n\n")
    assert facts == ["google/gemma-4 + google/helper · 4-bit · Apple M4 Pro · 2026-01-02"]
    assert headline == (
        "No difference this run can show · MTP auto · 1.47× · 95 %: 0.94 to 2.00 · "  # noqa: RUF001
        "drafted in 12 of 12 rounds"
    )
    claim = "**0.50× · slower · MTP K 3 · 95 %: 0.50 to 0.50 · drafted in 6 of 6 rounds**"  # noqa: RUF001
    assert write(head(SLOWER), Markdown()).endswith(claim)


def test_prompts_and_replies_follow_their_runs() -> None:
    spoken = a_report([a_run("off", 1.0, prompt="Ask", text="Answer"), a_run(3, 2.0, text="Same")])
    shown = [part for part in contents(spoken) if isinstance(part, Verbatim)]
    assert shown == [
        Verbatim("Prompt", "Ask"),
        Verbatim("Text", "Answer"),
        Verbatim("Text", "Same"),
    ]
    assert [part for part in contents(spoken, brief=True) if isinstance(part, Verbatim)] == []
