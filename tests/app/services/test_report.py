"""Replies and comparisons as reports: their numbers, their schema, and nothing private unasked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as with_

from app.domain.comparison import Comparison
from app.domain.conversation import Died, SwitchRecord
from app.domain.numbers import numbers_of
from app.services.report import (
    comparison_report,
    export_report,
    has_texts,
    reply_report,
    without_texts,
)
from mtp_mlx.api import Sampling
from mtp_mlx.report.model import Identity, Report
from mtp_mlx.report.saving import FORMATS, encode, load, save
from mtp_mlx.report.writer import markdown
from tests.app.domain.test_comparison import OFF, ON, with_id
from tests.app.records import a_round, drafted_reply, reply_of
from tests.app.services.replies import ENVIRONMENT, PAIR, REPLY
from tests.app.services.schema import violations
from tests.report.samples import PARTED, SCHEMA
from tests.report.samples import REPORT as BENCH

LOST = with_(REPLY, stats=None, finish=Died(text="/Users/ada/x"), plain_tps=None, mtp="auto")
DIED = with_(LOST, rounds=REPLY.rounds[:1])
SECRETS = ("Private", "words", "unsaid", "ghost", "700", "prompt of", "ada")


def document(report: Report) -> dict[str, Any]:
    """As any reader of the file sees it."""
    found: dict[str, Any] = json.loads(encode(report))
    return found


def against_schema(report: Report) -> list[str]:
    return violations(document(report), SCHEMA, SCHEMA)


def told(*given: Any, **options: Any) -> dict[str, Any]:
    return document(reply_report(*given, **options))


@pytest.mark.parametrize(
    "reply",
    [
        REPLY,
        DIED,
        with_(REPLY, rounds=(), mtp="off"),
        with_(REPLY, sampling=Sampling(logit_bias=((5, 2.0), (7, -1.5)), presence_penalty=-2.0)),
    ],
)
def test_a_report_fits_the_schema(reply: Any) -> None:
    assert against_schema(reply_report(reply, PAIR, ENVIRONMENT)) == []
    assert against_schema(reply_report(reply, PAIR, {}, include_text=True, prompt="p")) == []


def test_numbers_are_taken_over_by_name() -> None:
    run = told(REPLY, PAIR, ENVIRONMENT)["runs"][0]
    assert (run["mode"], run["category"], run["prompt_id"], run["repeat"]) == (3, "chat", None, 0)
    assert (run["draft_rounds"], run["draft_n"], run["draft_n_accepted"]) == (1, 3, 2)
    assert run["acceptance_histogram"] == [0, 0, 1, 0]
    assert run["rounds"][1] == {
        "at_s": 0.3,
        "ms": 31.5,
        "state": "drafting",
        "depth": 3,
        "drafted": 3,
        "accepted": 2,
        "tokens": 3,
    }


def test_speedup_is_against_the_plain_speed_measured() -> None:
    (group,) = told(REPLY, PAIR, ENVIRONMENT)["summary"]
    assert (group["plain_tps"], group["decode_tps"], group["speedup"]) == (30.0, 60.0, 2.0)
    assert "not interleaved" in group["baseline"]


@pytest.mark.parametrize(
    "reply",
    [
        with_(REPLY, plain_tps=None),
        with_(REPLY, stats=None),
        with_(REPLY, mtp="off"),
        with_(REPLY, switches=(SwitchRecord(0.5, "off"),)),
    ],
)
def test_without_a_comparison_there_is_no_speedup(reply: Any) -> None:
    (group,) = told(reply, PAIR, ENVIRONMENT)["summary"]
    assert (group["plain_tps"], group["baseline"], group["speedup"]) == (None, None, None)


def test_what_the_engine_did_not_say_is_not_measured() -> None:
    run = told(DIED, PAIR, {})["runs"][0]
    assert run["decode_tps"] is None
    assert run["acceptance_rate"] is None
    assert (run["prefill_tps"], run["peak_memory_bytes"]) == (None, None)
    assert (run["prompt_tokens"], run["reused_tokens"]) == (None, None)
    assert len(run["rounds"]) == 1  # which was seen
    assert set(told(DIED, PAIR, {})["environment"].values()) == {None}


def test_what_the_window_saw_of_a_lost_reply_is_kept() -> None:
    run = told(LOST, PAIR, {})["runs"][0]
    assert (run["draft_n"], run["draft_n_accepted"], run["generated_tokens"]) == (3, 2, 4)
    assert run["acceptance_histogram"] == [0, 0, 1, 0]
    assert run["decode_tps"] == pytest.approx(60)
    assert against_schema(reply_report(LOST, PAIR, {})) == []


def test_the_baseline_has_its_day() -> None:
    (group,) = told(with_(REPLY, plain_day="2026-11-24"), PAIR, {})["summary"]
    assert group["baseline"] == (
        "plain decoding of this pair on this machine, measured on 2026-11-24, not interleaved"
    )


def test_the_speed_up_of_a_part_is_not_called_the_runs() -> None:
    rounds = drafted_reply(40)
    turned = reply_of(rounds, switches=[SwitchRecord(rounds[-1].at, "off")], plain_tps=30.0)
    assert numbers_of(turned).speed_up == pytest.approx(2.0)
    (group,) = told(turned, PAIR, {})["summary"]
    assert (group["plain_tps"], group["baseline"], group["speedup"]) == (None, None, None)


def test_settings_name_the_switch_and_its_turns() -> None:
    settings = told(REPLY, PAIR, ENVIRONMENT)["settings"]
    assert (settings["mtp"], settings["switches"]) == (3, [{"at_s": 0.5, "mtp": "auto"}])
    assert (settings["verify"], settings["draft_position"]) == ("coupled", "last-seen")
    assert (settings["seed"], settings["sampling"]["top_k"]) == (42, 64)


@pytest.mark.parametrize("reply", [REPLY, DIED])
def test_nothing_private_unless_asked_for(reply: Any) -> None:
    report = encode(reply_report(reply, PAIR, ENVIRONMENT, prompt="prompt of hers")).decode()
    assert not [secret for secret in SECRETS if secret in report]


def test_texts_where_asked_for() -> None:
    run = told(REPLY, PAIR, ENVIRONMENT, include_text=True, prompt="ask")["runs"][0]
    assert (run["prompt"], run["text"]) == ("ask", "Private\n```\nwords.")


@pytest.mark.parametrize("folder", ["/Users/ada/models/mine", "~/mine", "./mine", "a/b/mine"])
def test_a_folder_is_named_by_its_last_part(folder: str) -> None:
    report = told(REPLY, replace(PAIR, target=folder), ENVIRONMENT)
    assert report["pair"]["target"] == "mine"
    assert report["title"] == "One reply of Mine 4-bit on a Mac with an M4 Pro"


SAME = Comparison(question="secret", off=reply_of(OFF, mtp="off"), on=reply_of(ON, mtp=3))


def compared(comparison: Comparison) -> dict[str, Any]:
    return document(comparison_report(comparison, ENVIRONMENT))


def test_two_runs_in_the_order_they_were_made_in() -> None:
    assert against_schema(comparison_report(SAME, ENVIRONMENT)) == []
    report = compared(SAME)
    assert [run["mode"] for run in report["runs"]] == ["off", 3]
    other = compared(Comparison(question="q", off=SAME.off, on=SAME.on, first="on"))
    assert [run["mode"] for run in other["runs"]] == [3, "off"]
    assert "after, not interleaved" in other["summary"][0]["baseline"]


def test_the_speed_up_is_of_these_two() -> None:
    off, on = compared(SAME)["summary"]
    assert off["speedup"] is None
    assert off["plain_tps"] == off["decode_tps"] == pytest.approx(20)
    assert (on["plain_tps"], on["speedup"]) == (off["decode_tps"], SAME.speed_up)
    assert on["baseline"] == (
        "plain decoding of the same prompt, one run just before, not interleaved"
    )


def test_identity_is_measured() -> None:
    report = compared(SAME)
    (found,) = report["identity"]["comparisons"]
    assert report["identity"]["measured"]
    assert (found["identical"], found["parts_at"], found["mode"]) == (True, None, 3)
    parted = Comparison(
        question="q", off=reply_of([*OFF[:50], with_id(OFF[50], 999)], mtp="off"), on=SAME.on
    )
    (found,) = compared(parted)["identity"]["comparisons"]
    assert (found["identical"], found["parts_at"]) == (False, 50)
    assert "| chat | compared | K 3 | 50 |" in markdown(comparison_report(parted, ENVIRONMENT))


def test_a_run_without_a_token_proves_nothing() -> None:
    empty = Comparison(question="q", off=SAME.off, on=reply_of([], finish="cancelled"))
    assert against_schema(comparison_report(empty, ENVIRONMENT)) == []
    report = compared(empty)
    assert report["identity"] == {"measured": False, "comparisons": []}
    assert report["title"].endswith("(cut short)")
    assert report["summary"][1]["speedup"] is None
    assert report["summary"][1]["baseline"] is None


def test_nothing_private_is_in_a_comparison() -> None:
    named = [with_(r, tokens=a_round(0, 0, texts=["Ada"]).tokens) for r in ON]
    report = compared(Comparison(question="secret", off=SAME.off, on=reply_of(named)))
    assert "Ada" not in json.dumps(report)
    assert "secret" not in json.dumps(report)


REPORT = reply_report(REPLY, PAIR, ENVIRONMENT)


def test_a_reply_is_saved_and_opened(tmp_path: Path) -> None:
    save(REPORT, tmp_path / "r.json")
    assert load(tmp_path / "r.json") == REPORT


def test_markdown_tells_a_reply() -> None:
    text = markdown(REPORT)
    assert text.startswith("# One reply of Gemma 4 E4B 4-bit on a Mac with an M4 Pro\n")
    assert "wrote 2.00 times as fast as plain decoding in one run each, which has no" in text
    assert "| 2.00 | \N{EN DASH} | faster |" in text
    assert "| MTP switched | auto from 0.50 s |" in text
    assert "on this machine, not interleaved." in text


SPOKEN = with_(
    BENCH,
    runs=tuple(with_(run, prompt="SECRET PROMPT", text="SECRET REPLY") for run in BENCH.runs),
    identity=Identity(
        measured=True, comparisons=(with_(PARTED, plain_text="SECRET A", mode_text="SECRET B"),)
    ),
)


@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_an_export_is_private_unless_asked(tmp_path: Path, ending: str) -> None:
    source, target = tmp_path / "source.json", tmp_path / f"out{ending}"
    save(SPOKEN, source)
    export_report(SPOKEN, source, target, texts=False)
    assert b"SECRET" not in target.read_bytes()
    if ending in {".json", ".md", ".html"}:
        export_report(SPOKEN, source, target, texts=True)
        assert b"SECRET REPLY" in target.read_bytes()


def test_what_a_later_program_wrote_goes_along(tmp_path: Path) -> None:
    source, target = tmp_path / "source.json", tmp_path / "out.json"
    source.write_bytes(encode(BENCH).replace(b"{", b'{"later": "kept",', 1))
    export_report(BENCH, source, target, texts=False)
    assert b'"later": "kept"' in target.read_bytes()


def test_a_report_without_a_file_is_exported(tmp_path: Path) -> None:
    export_report(BENCH, None, tmp_path / "out.json", texts=True)
    assert load(tmp_path / "out.json") == BENCH


def test_texts_are_found_and_taken_out() -> None:
    assert has_texts(SPOKEN)
    assert not has_texts(BENCH)
    assert not has_texts(with_(BENCH, identity=None))
    assert has_texts(with_(SPOKEN, runs=BENCH.runs))
    assert not has_texts(without_texts(SPOKEN))
    assert without_texts(BENCH) == BENCH
    assert without_texts(with_(BENCH, identity=None)).identity is None


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("finished", "stop"),
        ("length", "length"),
        ("cancelled", "cancelled"),
        (Died(text=""), "failed"),
    ],
)
def test_how_a_reply_ended(finish: Any, reason: str) -> None:
    assert told(with_(REPLY, finish=finish), PAIR, {})["runs"][0]["finish_reason"] == reason


def test_two_runs_have_no_mode_in_common() -> None:
    settings = compared(SAME)["settings"]
    assert settings["mtp"] is None
    assert [group["mode"] for group in compared(SAME)["summary"]] == ["off", 3]


def test_a_thought_is_no_part_of_the_text() -> None:
    token = REPLY.rounds[-1].tokens[-1]
    thinking = with_(REPLY.rounds[-1], tokens=(with_(token, text="unsaid", thought=True),))
    reply = with_(REPLY, rounds=(*REPLY.rounds, thinking))
    run = told(reply, PAIR, ENVIRONMENT, include_text=True)["runs"][0]
    assert run["text"] == told(REPLY, PAIR, ENVIRONMENT, include_text=True)["runs"][0]["text"]


def test_a_report_has_its_date_and_its_commit() -> None:
    known = ENVIRONMENT | {"commit": "a" * 40, "clean": "false"}
    report = reply_report(REPLY, PAIR, known, created="2026-11-28T10:00:00Z")
    assert report.created == "2026-11-28T10:00:00Z"
    assert (report.environment.commit, report.environment.commit_clean) == ("a" * 40, False)
    assert (report.environment.mlx, report.environment.app_version) == ("0.32.4", "0.1.0")
    assert reply_report(REPLY, PAIR, {}).created is not None
    made = Comparison(question="q", off=SAME.off, on=SAME.on, made="2026-11-29T10:00:00Z")
    assert comparison_report(made, known).created == "2026-11-29T10:00:00Z"
    assert comparison_report(made, known).environment.commit == "a" * 40


def test_several_comparisons_make_one_report() -> None:
    second = Comparison(question="q", off=SAME.off, on=SAME.on, first="on", earlier=(SAME,))
    report = comparison_report(second, ENVIRONMENT)
    assert against_schema(report) == []
    assert [(run.mode, run.repeat) for run in report.runs] == [
        ("off", 0),
        (3, 0),
        (3, 1),
        ("off", 1),
    ]
    assert report.settings.interleaved
    _, on = report.summary
    assert on.runs == 2
    assert on.speedup_low == pytest.approx(3.0)
