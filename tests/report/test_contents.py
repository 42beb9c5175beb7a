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
    contents,
    head,
    notes,
)
from mtp_mlx.report.html import html, paper
from mtp_mlx.report.model import Environment, Report
from mtp_mlx.report.writer import Markdown, markdown, write
from tests.report.samples import REPORT, SLOWER, WARNED, a_report, a_run

WARNINGS = 9


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
    assert headline == Headline("0.50×", "slower, MTP K 3", "", "warning")  # noqa: RUF001
    alone = replace(REPORT.pair, drafter=None, quantization=None)
    bare = a_report([a_run("off", 1.0)], pair=alone, created=None, environment=Environment())
    assert list(head(bare)) == [Title(bare.title), About(("google/gemma-4",))]


def test_a_dialect_without_a_large_number_writes_a_sentence() -> None:
    _, *facts, headline = write(head(REPORT), Markdown()).split("\n\n")
    assert facts == ["google/gemma-4 + google/helper · 4-bit · Apple M4 Pro · 2026-01-02"]
    assert headline == "1.47×, faster, within the spread, MTP auto · 95 %: 0.94 to 2.00"  # noqa: RUF001
    assert write(head(SLOWER), Markdown()).endswith("**0.50×, slower, MTP K 3**")  # noqa: RUF001
