"""The order of runs, where texts part, and the report of both."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mtp_mlx.api import Mtp, Sampling
from mtp_mlx.bench.identity import comparisons, first_difference, key
from mtp_mlx.bench.plan import Key, Plan, turns
from mtp_mlx.bench.prompts import Prompt, Suite
from mtp_mlx.bench.report import Subject, report, title
from mtp_mlx.bench.report import run as reported
from mtp_mlx.bench.runs import Run
from mtp_mlx.events import Finished, Round, Token
from mtp_mlx.report.model import Comparison, Environment
from mtp_mlx.report.saving import encode
from mtp_mlx.report.terminal import table
from tests.app.services.schema import violations
from tests.cli.scripted import PAIR, STATS
from tests.report.samples import SCHEMA

CODE = Prompt(id="code-1", category="code", text="x")
PROSE = Prompt(id="prose-1", category="free prose", text="y")
PLAN = Plan(modes=("off", 3), repeats=2, max_tokens=8, sampling=Sampling())
SUBJECT = Subject(
    pair=PAIR,
    environment=Environment(app_version="1", device="1", memory_bytes=1),
    suite=Suite(name="quick", prompts=[CODE, PROSE], sha256="ab" * 32),
    planned=8,
)


def run(
    mode: Mtp, tps: float | None, prompt: Prompt = CODE, repeat: int = 0, *, text: str = "abcd"
) -> Run:
    tokens = [Token(id=ord(letter), text=letter, source="draft") for letter in text]
    drafted = 0 if mode == "off" else 3
    told = Round(index=1, tokens=tokens, depth=drafted, accepted=drafted, rejected=[], ms=2.5)
    finished = Finished(
        reason="length",
        prompt_tokens=4,
        reused_tokens=0,
        seed=0,
        sampling=Sampling(),
        stats=replace(STATS, decode_tps=tps),
    )
    return Run(
        mode=mode,
        prompt=prompt,
        repeat=repeat,
        tokens=tuple(map(ord, text)),
        rounds=(told,),
        finished=finished,
    )


RUNS = [
    run("off", 10.0),
    run(3, 20.0),
    run("off", 20.0, PROSE),
    run(3, 10.0, PROSE, text="abxd"),
    run("off", 11.0, repeat=1),
    run(3, 33.0, repeat=1),
    run("off", 40.0, PROSE, repeat=1),
    run(3, 20.0, PROSE, repeat=1),
]


def test_runs_are_interleaved_and_reversed_every_other_repeat() -> None:
    order = [(turn.repeat, turn.prompt.id, turn.mode) for turn in turns(PLAN, [CODE, PROSE])]
    assert order == [
        (0, "code-1", "off"),
        (0, "code-1", 3),
        (0, "prose-1", "off"),
        (0, "prose-1", 3),
        (1, "code-1", 3),
        (1, "code-1", "off"),
        (1, "prose-1", 3),
        (1, "prose-1", "off"),
    ]


TOLD = [reported(one) for one in RUNS]
TEXTS = {key(told): one.tokens for told, one in zip(TOLD, RUNS, strict=True)}
COMPARED = comparisons(TOLD, TEXTS)


def test_texts_that_part_are_told() -> None:
    parted = {(one.prompt_id, one.mode): one.parts_at for one in COMPARED}
    assert parted == {("code-1", 3): None, ("prose-1", 3): 2}
    assert [one.identical for one in COMPARED] == [True, False]
    told = table(report(SUBJECT, PLAN, TOLD, COMPARED))
    assert "free prose prose-1 K 3 2 " in " ".join(told.split())
    assert "Same text with and without MTP: 1 of 2, by prompt and mode" in told
    assert "the same text for 1 of 2 prompts." in " ".join(told.split())


def test_the_candidates_are_told_by_their_ids() -> None:
    one = COMPARED[1]
    assert (one.repeat, one.plain_token, one.mode_token) == (0, ord("c"), ord("x"))
    shorter = [reported(run("off", 1.0)), reported(run(3, 1.0, text="abc"))]
    texts = {Key("code-1", 0, "off"): tuple(b"abcd"), Key("code-1", 0, 3): tuple(b"abc")}
    (ended,) = comparisons(shorter, texts)
    assert (ended.parts_at, ended.plain_token, ended.mode_token) == (3, ord("d"), None)


def test_runs_are_compared_also_where_their_texts_are_gone() -> None:
    """A resumed benchmark has hashes only."""
    gone = comparisons(TOLD, {})
    assert [(one.identical, one.parts_at) for one in gone] == [(True, None), (False, None)]
    told = table(report(SUBJECT, PLAN, TOLD, gone))
    assert "free prose prose-1 K 3 \N{EN DASH} " in " ".join(told.split())
    assert comparisons(TOLD, {}, earlier=COMPARED) == COMPARED


def test_a_text_is_written_down_only_where_it_was_asked_for() -> None:
    one = replace(RUNS[0], text="a secret reply")
    assert b"secret" not in encode(report(SUBJECT, PLAN, [reported(one)]))
    asked = reported(one, include_text=True)
    assert (asked.prompt, asked.text) == ("x", "a secret reply")


@pytest.mark.parametrize(
    ("plan", "same"),
    [
        (PLAN, True),
        (replace(PLAN, replay_acceptance=0.8), False),
        (replace(PLAN, verify="block"), True),  # greedy: all rules are one
        (replace(PLAN, sampling=Sampling(temperature=1.0)), True),
        (replace(PLAN, verify="token", sampling=Sampling(temperature=1.0)), False),
    ],
)
def test_which_plans_promise_the_same_text(plan: Plan, same: bool) -> None:
    assert plan.same_text == same


def test_plans_are_told_apart_by_their_hash() -> None:
    prompts = [CODE, PROSE]
    others = [
        replace(PLAN, repeats=3),
        replace(PLAN, modes=(3, "off")),
        replace(PLAN, cooldown_s=5.0),
        replace(PLAN, sampling=Sampling(temperature=1.0)),
    ]
    found = {plan.sha256(prompts) for plan in [PLAN, *others]} | {PLAN.sha256(prompts[:1])}
    assert len(found) == len(others) + 2
    assert replace(PLAN).sha256([*prompts]) in found


@pytest.mark.parametrize(
    ("a", "b", "place"), [((1, 2), (1, 2), None), ((1, 2), (1, 3), 1), ((1,), (1, 3), 1)]
)
def test_where_texts_part(a: tuple[int, ...], b: tuple[int, ...], place: int | None) -> None:
    assert first_difference(a, b) == place


@pytest.mark.parametrize("compared", [COMPARED, None])
def test_a_report_fits_the_schema(compared: tuple[Comparison, ...] | None) -> None:
    document = json.loads(encode(report(SUBJECT, PLAN, TOLD, compared)))
    assert violations(document, SCHEMA, SCHEMA) == []
    assert document["identity"]["measured"] == (compared is not None)
    assert (document["settings"]["modes"], document["settings"]["repeats"]) == (["off", 3], 2)


def test_one_ratio_has_no_interval() -> None:
    assert "2.00 to 2.00" not in table(report(SUBJECT, PLAN, TOLD[:2]))
    assert " to " in table(report(SUBJECT, PLAN, TOLD))


def test_the_title_says_what_a_stranger_must_know() -> None:
    assert title(SUBJECT, PLAN, 8) == "Scripted fp32 with MTP on a 1"
    mac = Environment(machine="MacBook Pro (Mac16,8)", device="Apple M4 Pro")
    on_mac = replace(SUBJECT, environment=mac)
    assert title(on_mac, PLAN, 8) == "Scripted fp32 with MTP on a MacBook Pro M4 Pro"
    replayed = title(SUBJECT, replace(PLAN, replay_acceptance=0.8), 3)
    assert replayed.endswith(", drafts replayed at 80 % acceptance (cut short: 3 of 8 runs)")
