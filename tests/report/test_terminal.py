"""Reports on a terminal: where texts part, and that all fits the width."""

from __future__ import annotations

from msgspec.structs import replace

from mtp_mlx.report.model import Identity
from mtp_mlx.report.terminal import comparison, parting, report, table
from tests.report.samples import PARTED, REPORT, SAME, SLOWER, WARNED


def test_where_texts_part() -> None:
    place = "code-1, K 3: parts at token 17"
    assert parting(replace(PARTED, margin=None)) == place
    assert parting(PARTED) == f"{place}, margin 0.002 logits"
    tie = replace(PARTED, margin_bound=0.31, rounding_tie=True)
    assert parting(tie) == f"{place}, a rounding tie: margin 0.002 logits, rounding up to 0.31"
    mistake = replace(PARTED, margin=2.5, margin_bound=0.31, rounding_tie=False)
    assert "more than rounding explains" in parting(mistake)


def test_no_line_is_wider_than_the_terminal() -> None:
    for shown in (table(WARNED), table(REPORT), comparison(REPORT, SLOWER)):
        assert max(map(len, shown.splitlines())) <= 100
    notes = table(WARNED).split("\n\n")[-1]
    assert max(map(len, notes.splitlines())) <= 79


def test_what_was_not_measured_is_named_in_one_line_a_section() -> None:
    sections = report(REPORT).split("\n\n")
    environment = next(one for one in sections if one.startswith("Environment"))
    assert environment.count("ot measured") == 1
    assert "  Not measured: commit, python, " in environment


def test_a_line_of_the_table() -> None:
    lines = table(REPORT).splitlines()
    at = next(i for i, one in enumerate(lines) if "0.65" in one and "K 3" in one)
    numbers = "all K 3 37.7 1.24× 0.65 to 1.83 67 % 3.00"  # noqa: RUF001
    assert " ".join(lines[at].split()) == numbers
    claim = "no difference this run can show, drafted in 12 of 12 rounds, 3.00 tokens/round"
    assert lines[at + 1].strip() == claim
    long = replace(REPORT.summary[0], category="a category of many letters")
    line = table(replace(REPORT, summary=(long,))).splitlines()[1]
    assert line.startswith("a category of…     off")


def test_how_many_texts_are_the_same() -> None:
    assert "\n\nSame text as plain decoding: 1 of 2 prompts and modes.\n  code-1" in table(REPORT)
    same = replace(REPORT, identity=Identity(measured=True, comparisons=(SAME, SAME, SAME)))
    assert "Same text as plain decoding: 3 of 3 prompts and modes." in table(same)
    assert "Same text" not in table(SLOWER)
