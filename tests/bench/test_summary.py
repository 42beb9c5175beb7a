"""What runs come to: pairing, medians and intervals, and where texts part."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx import wire
from mtp_mlx.bench.prompts import Prompt, Suite
from mtp_mlx.bench.report import Subject, report, title
from mtp_mlx.bench.runs import Plan, Run, turns
from mtp_mlx.bench.summary import Group, comparisons, first_difference, groups, interval
from mtp_mlx.bench.table import table
from mtp_mlx.values import Mtp, Sampling
from tests.app.services.schema import violations
from tests.cli.scripted import PAIR, STATS

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "resources" / "report.schema.json").read_text()
)
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


def found(category: str | None, mode: Mtp) -> Group:
    return next(g for g in groups(RUNS) if (g.category, g.mode) == (category, mode))


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


def test_speed_ups_are_of_pairs() -> None:
    """Each run is compared with plain decoding of the same prompt in the same repeat."""
    code = found("code", 3).speedup
    assert code is not None
    assert (code.median, code.low, code.high) == (2.5, 2.0, 3.0)
    prose = found("free prose", 3).speedup
    assert prose is not None
    assert prose.median == 0.5  # a slow-down is told as one
    everything = found(None, 3).speedup
    assert everything is not None
    assert everything.median == 1.25
    assert found(None, "off").speedup is None


def test_groups_keep_spread_and_plain_speed() -> None:
    group = found("free prose", 3)
    assert (group.decode_tps, group.decode_tps_low, group.decode_tps_high) == (15.0, 10.0, 20.0)
    assert group.plain_tps == 30.0
    assert group.acceptance_rate == 0.5
    assert group.mean_acceptance_length == 2.5


def test_what_was_not_measured_is_none() -> None:
    alone = groups([run(3, None)])[0]
    assert alone.decode_tps is None
    assert alone.plain_tps is None
    assert alone.speedup is None


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=30))
def test_an_interval_holds_its_median(ratios: list[float]) -> None:
    one = interval(ratios)
    assert one is not None
    assert min(ratios) <= one.low <= one.median <= one.high <= max(ratios)


def test_texts_that_part_are_told() -> None:
    parted = {(one.prompt_id, one.mode): one.parts_at for one in comparisons(RUNS)}
    assert parted == {("code-1", 3): None, ("prose-1", 3): 2}
    assert "prose-1, K 3: parts at token 2" in table(RUNS, identity=True)


@pytest.mark.parametrize(
    ("a", "b", "place"), [((1, 2), (1, 2), None), ((1, 2), (1, 3), 1), ((1,), (1, 3), 1)]
)
def test_where_texts_part(a: tuple[int, ...], b: tuple[int, ...], place: int | None) -> None:
    assert first_difference(a, b) == place


@pytest.mark.parametrize("plan", [PLAN, replace(PLAN, replay_acceptance=0.8)])
def test_a_report_fits_the_schema(plan: Plan) -> None:
    document = json.loads(json.dumps(report(SUBJECT, plan, RUNS)))
    assert violations(document, SCHEMA, SCHEMA) == []
    assert document["identity"]["measured"] == (plan.replay_acceptance is None)


def test_one_ratio_has_no_interval() -> None:
    (group,) = (g for g in report(SUBJECT, PLAN, RUNS[:2])["summary"] if g["mode"] == 3)
    assert (group["speedup"], group["speedup_low"], group["speedup_high"]) == (2.0, None, None)
    assert "2.00 to 2.00" not in table(RUNS[:2], identity=False)
    wide = next(g for g in report(SUBJECT, PLAN, RUNS)["summary"] if g["mode"] == 3)
    assert wide["speedup_low"] < wide["speedup"] < wide["speedup_high"]


def test_the_title_says_what_a_stranger_must_know() -> None:
    assert title(SUBJECT, PLAN, 8) == "Speed of scripted + scripted drafter"
    replayed = title(SUBJECT, replace(PLAN, replay_acceptance=0.8), 3)
    assert replayed.endswith("replayed acceptance 0.8 (cut short: 3 of 8 runs)")
