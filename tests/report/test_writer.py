"""Markdown: the numbers are told, and no text breaks out of its place."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from mtp_mlx.api import Sampling
from mtp_mlx.report.charts import charts
from mtp_mlx.report.model import Environment, Identity, Report, Switch
from mtp_mlx.report.writer import Markdown, markdown, plain
from tests.report.samples import NASTY, REPORT, RUNS, SLOWER, SPOILED, a_report, a_round, a_run

TEXT = markdown(REPORT)


def test_the_numbers_are_shown() -> None:
    assert TEXT.startswith("# Speed of target + drafter\n")
    assert f"| code | 30.3 | **60.6** | 55.5 | 2.00 | {TWICE} | faster | 1.83 |" in TEXT
    assert "| code | 6 of 6 | 67 | 3.00 | 3.00 | 6 of 6 |" in TEXT
    assert "| 2 | 50 | 50 |" in TEXT
    assert "| Device | Apple M4 Pro |" in TEXT
    assert "| Cool-down | 5.00 s |" in TEXT
    assert "| Made | 2026-01-02T03:04:05Z |" in TEXT
    assert "| Sampling top k | 0 |" in TEXT
    assert "| Sampling logit bias | none |" in TEXT
    assert "in the same repeat, interleaved." in TEXT


TWICE = "2.00 to 2.00"


def test_the_answer_stands_first() -> None:
    """Title, subject, verdict, figures: a paragraph each."""
    title, about, said, figures, *_ = TEXT.split("\n\n")
    assert title == "# Speed of target + drafter"
    assert about.startswith("google/gemma-4 + google/helper · 4-bit · Apple M4 Pro")
    assert about.endswith(" · 2 January 2026")
    assert said.startswith("**This run shows no clear difference between MTP auto and plain")
    assert said.endswith("1 of 1 prompt.** Drafts were made in 12 of 12 rounds (100 %).")
    assert figures.splitlines()[0] == "- Tokens/s, MTP off and on: **30.8 → 44.8** (medians)"
    assert len(figures.splitlines()) == 4


def test_names_over_columns_stand_before_each_of_their_columns() -> None:
    assert "| Category | Tokens/s: off | Tokens/s: auto | Tokens/s: K 3 | auto against" in TEXT
    head = next(line for line in TEXT.splitlines() if line.startswith("| Category | auto: "))
    assert head.startswith("| Category | auto: Drafted in | auto: Accepted, % | auto: τ |")
    assert "First token, s: off | First token, s: auto | First token, s: K 3 |" in head


def test_numbers_are_right_aligned_and_names_are_not() -> None:
    lines = TEXT.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("| Category | Tokens/s: off"))
    assert lines[at + 1] == f"| --- {'| ---: ' * 5}| --- {'| ---: ' * 2}| --- |"


def test_a_chart_is_its_numbers() -> None:
    for chart in charts(REPORT):
        assert f"## {chart.title}\n\n{Markdown().table(chart.numbers)}" in TEXT


def test_a_slow_down_is_as_plain_as_a_gain() -> None:
    assert "| **0.50** | 0.50 to 0.50 | **slower** |" in markdown(SLOWER)
    assert "**MTP with K 3 was slower: it wrote at 0.50 times" in markdown(SLOWER)
    assert "| faster |" not in markdown(SLOWER)


def test_what_one_chose_is_shown() -> None:
    law = Sampling(logit_bias=((5, 2.0), (7, -1.5)), presence_penalty=0.5)
    turned = replace(REPORT.settings, sampling=law, mtp=3, switches=(Switch(at_s=0.5, mtp="auto"),))
    text = markdown(replace(REPORT, settings=replace(turned, modes=("off", "auto", 3))))
    assert "| Modes | off, auto, K 3 |" in text
    assert "| Sampling logit bias | +2 for token 5; -1.5 for token 7 |" in text
    assert "| Sampling presence penalty | 0.5 |" in text
    assert "| MTP switched | auto from 0.50 s |" in text
    assert "| MTP at the start | K 3 |" in text


def test_what_was_not_measured_is_called_so() -> None:
    bare = replace(a_report([a_run("auto", None, rounds=[])]), environment=Environment())
    text = markdown(replace(bare, identity=None))
    assert text.count("not measured") > 18
    assert "None" not in text
    assert "## Same text with and without MTP\n\nnot measured\n\nThe texts were not" in text
    assert "Acceptance by position" not in text


def test_what_does_not_apply_is_not_called_unmeasured() -> None:
    alone = replace(REPORT.pair, drafter=None)
    text = markdown(replace(REPORT, pair=alone, settings=replace(REPORT.settings, suite=None)))
    assert "| Drafter | none |" in text
    assert "Drafter size" not in text
    assert "| Suite |" not in text


def test_what_was_cut_short_is_marked() -> None:
    cut = [replace(RUNS[0], finish_reason="cancelled"), *RUNS[1:]]
    planned = replace(REPORT.settings, planned_runs=20)
    text = markdown(a_report(cut, settings=planned))
    assert "| **cancelled** |" in text
    assert "> What disturbed this run: Cut short: 18 of 20 runs were made." in text
    assert "1 of 18 runs did not come to their end" in text


def test_replayed_acceptance_is_said_before_any_number() -> None:
    replayed = replace(REPORT.settings, replay_acceptance=0.8)
    text = markdown(replace(REPORT, settings=replayed))
    assert text.index("Replayed acceptance") < text.index("|")


@pytest.mark.parametrize("report", [REPORT, SPOILED])
def test_tables_are_tables(report: Report) -> None:
    text = markdown(report)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    heads = len(re.findall(r"^\| -[-: |]*\|$", text, re.MULTILINE))
    assert sum(token.type == "table_open" for token in tokens) == heads >= 7
    assert sum(token.type == "tr_open" for token in tokens) == len(
        [line for line in text.splitlines() if line.startswith("|")]
    ) - heads  # fmt: skip
    assert not [token for token in tokens if token.type == "html_block"]


def test_each_row_has_the_cells_of_its_head() -> None:
    for block in markdown(SPOILED).split("\n\n"):
        if block.startswith("|"):
            cells = {line.count("|") - line.count("\\|") for line in block.splitlines()}
            assert len(cells) == 1


def test_texts_that_part_are_told() -> None:
    assert "| code | code-1 | K 3 | 17 | 0.002 | not measured |" in TEXT
    unknown = Identity(measured=False, comparisons=())
    assert "The texts were not compared.\n" in markdown(replace(REPORT, identity=unknown))


@pytest.mark.parametrize("text", ["# ask\n<b>", "Private\n```\nwords.", "````", NASTY])
def test_texts_are_shown_as_they_are(text: str) -> None:
    report = a_report([a_run(3, 1.0, rounds=[a_round(1, 1)], prompt=text, text=text)])
    fences = [t for t in MarkdownIt("commonmark").parse(markdown(report)) if t.tag == "code"]
    assert [fence.content for fence in fences] == [f"{text}\n"] * 2


def test_no_name_breaks_out_of_its_place() -> None:
    assert plain("a|b\n*c* <d>") == r"a\|b \*c\* \<d\>"
    shown = MarkdownIt("commonmark").enable("table").parse(markdown(SPOILED))
    heading = shown[1]
    assert heading.children is not None
    assert "".join(part.content for part in heading.children) == " ".join(NASTY.split())
    assert not [t for token in shown for t in token.children or [] if t.type == "html_inline"]
