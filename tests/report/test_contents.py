"""What a report says: every warning once, in every format, and nothing that no format shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import unescape

import pytest
from msgspec.structs import replace

from app.render.report_page import Look, page_html, page_parts
from mtp_mlx.report import answer, terminal
from mtp_mlx.report.answer import Verdict
from mtp_mlx.report.comparing import comparison
from mtp_mlx.report.contents import (
    About,
    Charts,
    Disturbed,
    Facts,
    Figures,
    Folded,
    Heading,
    Paragraph,
    Part,
    Title,
    Verbatim,
    contents,
    page,
    summary,
)
from mtp_mlx.report.html import html
from mtp_mlx.report.model import Environment, Identity, Report
from mtp_mlx.report.saving import COMPARED
from mtp_mlx.report.tables import Table
from mtp_mlx.report.warnings import notes
from mtp_mlx.report.writer import markdown
from tests.app.test_theme_tokens import tokens
from tests.report.samples import (
    PARTED,
    REPORT,
    SAME,
    SLOWER,
    WARNED,
    a_report,
    a_run,
)

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


def window(report: Report) -> str:
    """Return the text of the window's page with every section open."""
    look = Look(tokens=tokens("light"), width=900, unfolded=sections(report))
    return re.sub("<.*?>", " ", page_html(page_parts(report, None), (), look))


def sections(report: Report) -> list[str]:
    return [part.name for part in contents(report) if isinstance(part, Folded)]


@pytest.mark.parametrize(
    "show",
    [
        lambda report: re.sub("<.*?>", " ", html(report)),
        window,
        lambda report: re.sub(r"\\(.)", r"\1", markdown(report)),
        terminal.table,
        terminal.report,
        lambda report: terminal.comparison(report, REPORT),
        lambda report: re.sub("<.*?>", " ", COMPARED[".html"](report, REPORT).decode()),
    ],
    ids=["html", "window", "markdown", "table", "terminal", "compare", "compare as html"],
)
def test_every_format_has_each_warning_once(show: Callable[[Report], str]) -> None:
    shown = " ".join(unescape(show(WARNED)).split())
    assert [shown.count(note) for note in notes(WARNED)] == [1] * WARNINGS
    calm = " ".join(unescape(show(REPORT)).split())
    assert "What disturbed this run" not in calm


def kinds(parts: Iterable[Part]) -> list[type]:
    return [type(part) for part in parts]


def test_the_first_page_answers() -> None:
    answers = [Title, About, Verdict, Figures, Disturbed, Charts]
    assert kinds(page(WARNED)) == answers
    assert kinds(contents(WARNED))[:6] == answers
    assert kinds(page(REPORT)) == [Title, About, Verdict, Figures, Charts]  # a calm run


def test_what_disturbed_the_run_is_one_line_before_the_charts() -> None:
    (disturbed,) = (part for part in contents(WARNED) if isinstance(part, Disturbed))
    assert disturbed.text == " ".join(notes(WARNED))


def test_a_report_of_nothing_has_a_page() -> None:
    assert kinds(page(a_report([]))) == [Title, About, Verdict]


def test_the_order_of_a_report() -> None:
    parts = list(contents(REPORT))
    assert [part.text for part in parts if isinstance(part, Heading)] == [
        "Speed by category",
        "Drafts by category",
    ]
    assert sections(REPORT) == [
        "Same text with and without MTP",
        "Runs",
        "Method",
        "Pair and machine",
    ]
    first = kinds(parts).index(Folded)
    assert set(kinds(parts[first:])) == {Folded}


def test_the_end_of_a_benchmark_has_verdict_figures_and_speeds() -> None:
    assert kinds(summary(WARNED)) == [Verdict, Figures, Disturbed, Table, Folded]


def folded(report: Report, name: str) -> Folded:
    (section,) = (p for p in contents(report) if isinstance(p, Folded) and p.name == name)
    return section


def test_what_a_closed_section_says() -> None:
    assert [folded(REPORT, name).summary for name in sections(REPORT)] == [
        "1 of 2, by prompt and mode",
        "18",
        "18 runs, interleaved, temperature 0",
        "google/gemma-4 + google/helper, 4-bit, Apple M4 Pro",
    ]
    assert folded(WARNED, "Runs").summary == "18, 1 cut short"
    bare = replace(REPORT, environment=Environment())
    assert folded(bare, "Pair and machine").summary == "google/gemma-4 + google/helper, 4-bit"


SAME_TEXT = "Same text with and without MTP"


def test_only_texts_that_part_have_a_row() -> None:
    section = folded(REPORT, SAME_TEXT)
    (table,) = section.parts
    assert isinstance(table, Table)
    assert [row[:4] for row in table.rows] == [("code", "code-1", "K 3", "17")]
    alike = replace(REPORT, identity=Identity(measured=True, comparisons=(SAME, SAME)))
    section = folded(alike, SAME_TEXT)
    assert section.summary == "2 of 2, by prompt and mode"
    assert section.parts == (Paragraph("No text differs from that of plain decoding."),)


@pytest.mark.parametrize("identity", [None, Identity(measured=False, comparisons=(PARTED,))])
def test_texts_that_nobody_compared(identity: Identity | None) -> None:
    section = folded(replace(REPORT, identity=identity), SAME_TEXT)
    assert section.summary == "not measured"
    assert section.parts == (Paragraph("The texts were not compared."),)


def test_every_word_of_a_table_is_explained() -> None:
    """Each measure that has a name of its own stands among the definitions."""
    method = folded(REPORT, "Method")
    settings, definitions = method.parts
    assert isinstance(settings, Facts)
    assert isinstance(definitions, Facts)
    explained = {fact.name for fact in definitions.facts}
    assert {"Tokens/s", "Speed-up", "95 %", "Result", "Drafted in", "Tokens/round", "τ", "GB"} <= (
        explained
    )
    assert "Replay acceptance" not in {fact.name for fact in settings.facts}  # does not apply


def test_how_the_best_is_marked_is_said_where_one_is() -> None:
    told = [[part.text for part in contents(r) if isinstance(part, Paragraph)]
            for r in (REPORT, SLOWER)]  # fmt: skip
    assert [sum(text.startswith("Bold: ") for text in texts) for texts in told] == [1, 0]


def test_each_baseline_is_told_once() -> None:
    told = [part.text for part in contents(REPORT) if isinstance(part, Paragraph)]
    assert told[1:] == [
        "Speed-ups are against plain decoding of the same prompt in the same repeat, interleaved."
    ]


def test_prompts_and_replies_follow_their_runs() -> None:
    spoken = a_report([a_run("off", 1.0, prompt="Ask", text="Answer"), a_run(3, 2.0, text="Same")])
    table, *texts = folded(spoken, "Runs").parts
    assert isinstance(table, Table)
    assert texts == [
        Verbatim("Prompt of code-1, off, repeat 0", "Ask"),
        Verbatim("Text of code-1, off, repeat 0", "Answer"),
        Verbatim("Text of code-1, K 3, repeat 0", "Same"),
    ]


def test_a_comparison_begins_with_what_differs() -> None:
    parts = list(comparison(REPORT, WARNED))
    assert kinds(parts)[:6] == [Title, Facts, Heading, Table, Verdict, Disturbed]
    assert answer.verdict(REPORT) in parts
    assert answer.verdict(WARNED) in parts
