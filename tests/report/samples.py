"""Reports small enough to check by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from msgspec.structs import replace

from mtp_mlx.api import Sampling
from mtp_mlx.report.derived import groups
from mtp_mlx.report.model import (
    Comparison,
    Environment,
    Identity,
    Mode,
    Pair,
    Report,
    Round,
    Run,
    Settings,
)

FOLDER = Path(__file__).parent
SCHEMA_FILE = FOLDER.parents[1] / "resources" / "report.schema.json"
SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
OLD = [FOLDER / "version-1-benchmark.json", FOLDER / "version-1-reply.json"]
NASTY = '=HYPERLINK("x")|<script>&amp;`**\n"quoted"\N{ROCKET}, \'it\''


def a_round(depth: int, accepted: int, ms: float = 20.0, **more: Any) -> Round:
    told: dict[str, Any] = {"tokens": accepted + 1, "state": "drafting" if depth else "plain"}
    return Round(ms=ms, depth=depth, drafted=depth, accepted=accepted, **told | more)


def a_run(
    mode: Mode,
    tps: float | None,
    category: str = "code",
    repeat: int = 0,
    *,
    rounds: Sequence[Round] | None = None,
    **more: Any,
) -> Run:
    if rounds is None:
        rounds = [a_round(0, 0, 30.0)] * 6 if mode == "off" else [a_round(3, 3), a_round(3, 1)]
    drafting = [one for one in rounds if one.depth]
    drafted, accepted = (
        sum(one.depth for one in drafting),
        sum(one.accepted for one in drafting),
    )
    told: dict[str, Any] = {
        "prompt_id": f"{category}-1",
        "finish_reason": "length",
        "prompt_tokens": 12,
        "reused_tokens": 0,
        "draft_rounds": len(drafting),
        "draft_n": drafted,
        "draft_n_accepted": accepted,
        "acceptance_rate": accepted / drafted if drafted else None,
        "mean_acceptance_length": 1 + accepted / len(drafting) if drafting else None,
        "acceptance_histogram": (),
        "acceptance_by_position": (),
        "conditional_acceptance": (),
        "generated_tokens": 7,
        "decode_tps": tps,
        "prefill_tps": None,
        "ttft_s": 0.25,
        "peak_memory_bytes": 3 * 2**30,
    }
    return Run(mode=mode, category=category, repeat=repeat, rounds=tuple(rounds), **told | more)


def a_report(runs: Sequence[Run], **more: Any) -> Report:
    told: dict[str, Any] = {
        "title": "Speed of target + drafter",
        "created": "2026-01-02T03:04:05Z",
        "environment": Environment(app_version="0.1.0", device="Apple M4 Pro", mlx="0.32.4"),
        "pair": Pair(target="google/gemma-4", drafter="google/helper", quantization="4-bit"),
        "settings": Settings(
            sampling=Sampling(),
            seed=0,
            max_tokens=7,
            verify="coupled",
            draft_position="last-seen",
            suite="quick 0123456789ab",
            interleaved=True,
            cooldown_s=5.0,
        ),
        "summary": groups(runs),
        "identity": Identity(measured=False, comparisons=()),
    }
    return Report(runs=tuple(runs), **told | more)


def parsed(svg: str) -> Element:
    return fromstring(svg)  # noqa: S314 - we drew it ourselves


SPEEDS: dict[str, dict[Mode, float]] = {
    "code": {"off": 30.0, "auto": 60.0, 3: 55.0},
    "free prose": {"off": 31.0, "auto": 29.0, 3: 20.0},
}
RUNS = [
    a_run(mode, tps * (1 + repeat / 100), category, repeat)
    for repeat in range(3)
    for category, speeds in SPEEDS.items()
    for mode, tps in speeds.items()
]
PARTED = Comparison(
    category="code", prompt_id="code-1", mode=3, identical=False, parts_at=17, margin=0.002
)
SAME = replace(PARTED, mode="auto", identical=True, parts_at=None, margin=None)
REPORT = a_report(RUNS, identity=Identity(measured=True, comparisons=(SAME, PARTED)))
SLOWER = a_report(
    [run for r in range(3) for run in (a_run("off", 40.0, repeat=r), a_run(3, 20.0, repeat=r))]
)
WARNED = a_report(
    [replace(RUNS[0], finish_reason="cancelled", prompt="Ask", text="Told"), *RUNS[1:]],
    summary=tuple(replace(one, speedup=9.0) for one in REPORT.summary),
    plain_drift=-0.2,
    settings=replace(REPORT.settings, planned_runs=99, replay_acceptance=0.8),
    environment=Environment(
        low_power_mode=True,
        power_source="mains",
        power_source_after="battery",
        thermal_after="heavy",
        commit_clean=False,
    ),
)
"""Everything that a reader can be warned of."""

SPOILED = a_report(
    [
        a_run("off", 30.0, NASTY, prompt_id=NASTY, prompt=NASTY, text=NASTY),
        a_run(3, 60.0, NASTY, prompt_id=NASTY),
    ],
    title=NASTY,
    pair=Pair(target=NASTY, drafter=None, quantization=NASTY),
)
"""Every text a writer could fill in is hostile to one format or another."""
