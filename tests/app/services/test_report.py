from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as with_

from app.domain.conversation import SwitchRecord
from app.domain.numbers import numbers_of
from app.services.report import Report, reply_report
from mtp_mlx.wire import Sampling
from tests.app.records import drafted_reply, reply_of
from tests.app.services.replies import ENVIRONMENT, PAIR, REPLY
from tests.app.services.schema import violations

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "resources" / "report.schema.json").read_text()
)
LOST = with_(REPLY, stats=None, finish="engine died: /Users/ada/x", plain_tps=None, mtp="auto")
DIED = with_(LOST, rounds=REPLY.rounds[:1])
SECRETS = ("Private", "words", "unsaid", "ghost", "700", "prompt of", "ada")


def against_schema(report: Report) -> list[str]:
    return violations(json.loads(json.dumps(report)), SCHEMA, SCHEMA)


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


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["version"], 2),
        (["title"], ""),
        (["runs"], []),
        (["runs", 0, "mode"], "fast"),
        (["runs", 0, "mode"], 9),
        (["runs", 0, "decode_tps"], "60"),
        (["runs", 0, "draft_n"], True),
        (["runs", 0, "acceptance_rate"], 1.2),
        (["runs", 0, "rounds", 1, "drafted"], [1, 2]),
        (["runs", 0, "finish_reason"], "engine died"),
        (["settings", "verify"], "lossy"),
        (["settings", "sampling", "top_p"], None),
        (["settings", "sampling", "presence_penalty"], 2.5),
        (["settings", "sampling", "logit_bias"], [[5]]),
        (["settings", "sampling", "logit_bias"], {"5": 1.0}),
        (["environment", "memory_bytes"], 0.5),
        (["identity"], {"measured": True}),
        (["identity"], {"measured": True, "comparisons": [{"mode": 3}]}),
        (["summary", 0, "speedup"], -1),
    ],
)
def test_the_schema_refuses(path: list[Any], value: Any) -> None:
    report = reply_report(REPLY, PAIR, ENVIRONMENT)
    place: Any = report
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert against_schema(report)


@pytest.mark.parametrize("part", [*SCHEMA["required"]])
def test_the_schema_misses_a_part(part: str) -> None:
    report = reply_report(REPLY, PAIR, ENVIRONMENT)
    del report[part]
    assert against_schema(report)


@pytest.mark.parametrize("name", SCHEMA["$defs"]["run"]["required"])
def test_the_schema_misses_a_number(name: str) -> None:
    report = reply_report(REPLY, PAIR, ENVIRONMENT)
    del report["runs"][0][name]
    assert against_schema(report)


def test_a_benchmark_fits_the_schema() -> None:
    report = reply_report(REPLY, PAIR, ENVIRONMENT)
    (run,) = report["runs"]
    report["runs"] = [
        run | {"mode": mode, "category": "code", "prompt_id": "code-1", "repeat": repeat}
        for repeat in range(3)
        for mode in ("off", "auto", 3)
    ]
    report["summary"] *= 3
    comparison = {"category": "code", "prompt_id": "code-1", "mode": 3, "identical": False}
    report["identity"] = {
        "measured": True,
        "comparisons": [comparison | {"parts_at": 17, "margin": 0.002}],
    }
    assert against_schema(report) == []


def test_numbers_are_taken_over_by_name() -> None:
    run = reply_report(REPLY, PAIR, ENVIRONMENT)["runs"][0]
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
    (group,) = reply_report(REPLY, PAIR, ENVIRONMENT)["summary"]
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
    (group,) = reply_report(reply, PAIR, ENVIRONMENT)["summary"]
    assert (group["plain_tps"], group["baseline"], group["speedup"]) == (None, None, None)


def test_what_the_engine_did_not_say_is_not_measured() -> None:
    run = reply_report(DIED, PAIR, {})["runs"][0]
    assert run["decode_tps"] is None
    assert run["acceptance_rate"] is None
    assert (run["prefill_tps"], run["peak_memory_bytes"]) == (None, None)
    assert (run["prompt_tokens"], run["reused_tokens"]) == (None, None)
    assert len(run["rounds"]) == 1  # which was seen
    assert set(reply_report(DIED, PAIR, {})["environment"].values()) == {None}


def test_what_the_window_saw_of_a_lost_reply_is_kept() -> None:
    run = reply_report(LOST, PAIR, {})["runs"][0]
    assert (run["draft_n"], run["draft_n_accepted"], run["generated_tokens"]) == (3, 2, 4)
    assert run["acceptance_histogram"] == [0, 0, 1, 0]
    assert run["decode_tps"] == pytest.approx(60)
    assert against_schema(reply_report(LOST, PAIR, {})) == []


def test_the_baseline_has_its_day() -> None:
    (group,) = reply_report(with_(REPLY, plain_day="2026-11-24"), PAIR, {})["summary"]
    assert group["baseline"] == (
        "plain decoding of this pair on this machine, measured on 2026-11-24, not interleaved"
    )


def test_the_speed_up_of_a_part_is_not_called_the_runs() -> None:
    rounds = drafted_reply(40)
    turned = reply_of(rounds, switches=[SwitchRecord(rounds[-1].at, "off")], plain_tps=30.0)
    assert numbers_of(turned).speed_up == pytest.approx(2.0)
    (group,) = reply_report(turned, PAIR, {})["summary"]
    assert (group["plain_tps"], group["baseline"], group["speedup"]) == (None, None, None)


def test_settings_name_the_switch_and_its_turns() -> None:
    settings = reply_report(REPLY, PAIR, ENVIRONMENT)["settings"]
    assert (settings["mtp"], settings["switches"]) == (3, [{"at_s": 0.5, "mtp": "auto"}])
    assert (settings["verify"], settings["draft_position"]) == ("coupled", "last-seen")
    assert (settings["seed"], settings["sampling"]["top_k"]) == (42, 64)


@pytest.mark.parametrize("reply", [REPLY, DIED])
def test_nothing_private_unless_asked_for(reply: Any) -> None:
    report = json.dumps(reply_report(reply, PAIR, ENVIRONMENT, prompt="prompt of hers"))
    assert not [secret for secret in SECRETS if secret in report]


def test_texts_where_asked_for() -> None:
    run = reply_report(REPLY, PAIR, ENVIRONMENT, include_text=True, prompt="ask")["runs"][0]
    assert (run["prompt"], run["text"]) == ("ask", "Private\n```\nwords.")


@pytest.mark.parametrize("folder", ["/Users/ada/models/mine", "~/mine", "./mine", "a/b/mine"])
def test_a_folder_is_named_by_its_last_part(folder: str) -> None:
    report = reply_report(REPLY, replace(PAIR, target=folder), ENVIRONMENT)
    assert report["pair"]["target"] == "mine"
    assert report["title"].startswith("Speed of one reply: mine + google/")
