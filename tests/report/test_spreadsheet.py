"""CSV: a row a run, read back to the digit; what a spreadsheet would compute is defused."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from mtp_mlx.report.model import Report
from mtp_mlx.report.saving import decode
from mtp_mlx.report.spreadsheet import csv_table
from tests.report.samples import NASTY, OLD, REPORT, RUNS, SLOWER, SPOILED, a_report, a_run

ONE_EACH = "{} in one run each, which has no interval"


def rows(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_table(report), newline=""), strict=True))


def test_a_row_a_run() -> None:
    found = rows(REPORT)
    assert len(found) == len(RUNS)
    assert [row["mode"] for row in found[:3]] == ["off", "auto", "3"]
    assert [float(row["decode_tps"]) for row in found] == [run.decode_tps for run in RUNS]
    assert found[1]["target"] == "google/gemma-4"
    assert float(found[1]["speedup"]) == pytest.approx(2.0)
    assert found[0]["prefill_tps"] == ""  # not measured
    assert "prompt" not in found[0]


def test_a_slow_down_is_said() -> None:
    assert [row["against_plain"] for row in rows(SLOWER)] == ["", ONE_EACH.format("slower")] * 3


def test_a_lone_reply_is_against_the_plain_speed_of_its_summary() -> None:
    (row,) = rows(decode(OLD[1].read_bytes()))
    assert (row["plain_tps"], row["speedup"]) == ("30.0", "2.0")
    assert row["against_plain"] == ONE_EACH.format("faster")


def test_a_speed_up_that_drafts_do_not_explain_is_empty() -> None:
    _, on = rows(a_report([a_run("off", 10.0), a_run(3, 90.0)]))
    assert (on["speedup"], on["against_plain"]) == ("", "the machine was busy: measure again")


def test_what_was_cut_short_says_so() -> None:
    cut = a_report([a_run("off", 1.0), a_run(3, 2.0, finish_reason="cancelled")])
    assert [(row["cut_short"], row["speedup"]) for row in rows(cut)] == [("no", ""), ("yes", "")]


def test_texts_come_out_as_they_went_in() -> None:
    first, second = rows(SPOILED)
    for name in ("category", "prompt_id", "target", "prompt", "text"):
        assert first[name] == f"'{NASTY}"
    assert second["prompt"] == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\n=", "\r", "\uff1d"])
def test_formulas_are_texts(start: str) -> None:
    report = a_report([a_run(3, 1.0, start + "1+1")])
    assert rows(report)[0]["category"] == f"'{start}1+1"


@given(st.text())
@example("=\0")
@example("\0=")
def test_any_text_stays_in_its_cell(text: str) -> None:
    report = replace(REPORT, pair=replace(REPORT.pair, drafter=text))
    found = rows(report)
    assert len(found) == len(RUNS)
    assert found[0]["drafter"].removeprefix("'") == text.replace("\0", "").removeprefix("'")
    assert not found[0]["drafter"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert found[0]["device"] == "Apple M4 Pro"


def test_lists_and_rounds_are_in_their_cells() -> None:
    run = a_run(3, 60.0, acceptance_histogram=(0, 1, 0, 1), acceptance_by_position=(1.0, 0.5))
    (row,) = rows(a_report([run]))
    assert (row["acceptance_histogram"], row["acceptance_by_position"]) == ("0 1 0 1", "1.0 0.5")
    assert row["rounds"] == "2"
    assert (row["drafter"], row["device"]) == ("google/helper", "Apple M4 Pro")
