"""The order of runs, where texts part, and the report of both."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mtp_mlx import wire
from mtp_mlx.bench.prompts import Prompt, Suite
from mtp_mlx.bench.report import Subject, report, title
from mtp_mlx.bench.runs import Plan, Run, turns
from mtp_mlx.bench.summary import comparisons, first_difference
from mtp_mlx.report.reading import encode
from mtp_mlx.report.table import table
from mtp_mlx.values import Mtp, Sampling
from tests.app.services.schema import violations
from tests.cli.scripted import PAIR, STATS
from tests.report.samples import SCHEMA

CODE = Prompt(id="code-1", category="code", text="x")
PROSE = Prompt(id="prose-1", category="free prose", text="y")
PLAN = Plan(modes=("off", 3), repeats=2, max_tokens=8, sampling=Sampling())
SUBJECT = Subject(
    pair=PAIR,
    environment=dict.fromkeys(
        ("app_version", "python", "mlx", "mlx_lm", "os", "device", "backend"), "1"
    )
    | {"memory_bytes": 1},
    suite=Suite(name="quick", prompts=[CODE, PROSE], sha256="ab" * 32),
    planned=8,
)


def run(
    mode: Mtp, tps: float | None, prompt: Prompt = CODE, repeat: int = 0, *, text: str = "abcd"
) -> Run:
    told = wire.Round(
        id="x", index=1, tokens=[], depth=0, drafted=0, accepted=0, rejected=[], ms=2.5
    )
    finished = wire.Finished(
        id="x",
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


def test_texts_that_part_are_told() -> None:
    parted = {(one.prompt_id, one.mode): one.parts_at for one in comparisons(RUNS)}
    assert parted == {("code-1", 3): None, ("prose-1", 3): 2}
    told = table(report(SUBJECT, PLAN, RUNS))
    assert "prose-1, K 3: parts at token 2" in told
    assert "Same text as plain decoding: 1 of 2" in told


@pytest.mark.parametrize(
    ("a", "b", "place"), [((1, 2), (1, 2), None), ((1, 2), (1, 3), 1), ((1,), (1, 3), 1)]
)
def test_where_texts_part(a: tuple[int, ...], b: tuple[int, ...], place: int | None) -> None:
    assert first_difference(a, b) == place


@pytest.mark.parametrize("plan", [PLAN, replace(PLAN, replay_acceptance=0.8)])
def test_a_report_fits_the_schema(plan: Plan) -> None:
    document = json.loads(encode(report(SUBJECT, plan, RUNS)))
    assert violations(document, SCHEMA, SCHEMA) == []
    assert document["identity"]["measured"] == (plan.replay_acceptance is None)


def test_one_ratio_has_no_interval() -> None:
    assert "2.00 to 2.00" not in table(report(SUBJECT, PLAN, RUNS[:2]))
    assert " to " in table(report(SUBJECT, PLAN, RUNS))


def test_the_title_says_what_a_stranger_must_know() -> None:
    assert title(SUBJECT, PLAN, 8) == "Speed of scripted + scripted drafter"
    replayed = title(SUBJECT, replace(PLAN, replay_acceptance=0.8), 3)
    assert replayed.endswith("replayed acceptance 0.8 (cut short: 3 of 8 runs)")
