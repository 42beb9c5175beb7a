"""A benchmark as one document; its shape is `resources/report.schema.json`.

null means "not measured" and is never filled with a guess. Prompts and texts are not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from mtp_mlx import wire
from mtp_mlx.bench.prompts import Suite
from mtp_mlx.bench.runs import Plan, Run
from mtp_mlx.bench.summary import Comparison, Group, comparisons, groups
from mtp_mlx.values import PairInfo

VERSION = 1
BASELINE = "plain decoding of the same prompt in the same repeat, interleaved"
Report = dict[str, Any]
_UNKNOWN = (
    "commit",
    "gpu_cores",
    "power_source",
    "low_power_mode",
    "thermal_before",
    "thermal_after",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What was measured, and on what."""

    pair: PairInfo
    environment: Mapping[str, object]  # of the schema's fields, those that are known
    suite: Suite
    planned: int  # runs; fewer were made where the benchmark was cut short


def report(subject: Subject, plan: Plan, runs: Sequence[Run]) -> Report:
    """The document of `runs`, at least one."""
    return {
        "version": VERSION,
        "title": title(subject, plan, len(runs)),
        "environment": dict.fromkeys(_UNKNOWN) | dict(subject.environment),
        "pair": _pair(subject.pair),
        "settings": _settings(subject, plan),
        "runs": [_run(run) for run in runs],
        "summary": [_group(group) for group in groups(runs)],
        "identity": _identity(plan, runs),
    }


def title(subject: Subject, plan: Plan, made: int) -> str:
    """What a stranger must know before the first number."""
    pair = subject.pair
    words = f"Speed of {pair.target}" + (f" + {pair.drafter}" if pair.drafter else ", no drafter")
    if plan.replay_acceptance is not None:
        words += f", replayed acceptance {plan.replay_acceptance:g}"
    return words + (f" (cut short: {made} of {subject.planned} runs)" * (made < subject.planned))


def _pair(pair: PairInfo) -> Report:
    return {
        "target": pair.target,
        "target_revision": None,
        "target_bytes": pair.target_bytes,
        "target_sha256": None,
        "drafter": pair.drafter,
        "drafter_revision": None,
        "drafter_bytes": pair.drafter_bytes if pair.drafter else None,
        "drafter_sha256": None,
        "quantization": pair.quantization,
        "context_length": pair.context_length,
        "sliding_window": pair.sliding_window,
    }


def _settings(subject: Subject, plan: Plan) -> Report:
    return {
        "sampling": msgspec.to_builtins(plan.sampling),
        "seed": plan.seed,
        "max_tokens": plan.max_tokens,
        "verify": plan.verify,
        "draft_position": subject.pair.draft_position,
        "mtp": None,
        "switches": [],
        "suite": f"{subject.suite.name} {subject.suite.sha256[:12]}".strip(),
        "interleaved": True,
        "cooldown_s": plan.cooldown_s,
        "replay_acceptance": plan.replay_acceptance,
    }


def _run(run: Run) -> Report:
    finished = run.finished
    return {
        "mode": run.mode,
        "category": run.prompt.category,
        "prompt_id": run.prompt.id,
        "repeat": run.repeat,
        "finish_reason": finished.reason,
        "prompt_tokens": finished.prompt_tokens,
        "reused_tokens": finished.reused_tokens,
        **msgspec.to_builtins(finished.stats),
        "rounds": [_round(told) for told in run.rounds],
    }


def _round(told: wire.Round) -> Report:
    return {
        "at_s": None,
        "ms": told.ms,
        "state": told.state,
        "depth": told.depth,
        "drafted": told.drafted,
        "accepted": told.accepted,
        "tokens": len(told.tokens),
    }


def _group(group: Group) -> Report:
    told = asdict(group)
    del told["speedup"]
    speedup = group.speedup
    interval = speedup if speedup and speedup.known else None
    return told | {
        "baseline": BASELINE if group.speedup else None,
        "speedup": speedup.median if speedup else None,
        "speedup_low": interval.low if interval else None,
        "speedup_high": interval.high if interval else None,
    }


def _identity(plan: Plan, runs: Sequence[Run]) -> Report:
    """Replayed texts are the same by construction, which proves nothing."""
    if plan.replay_acceptance is not None:
        return {"measured": False, "comparisons": []}
    found = comparisons(runs)
    return {"measured": bool(found), "comparisons": [_comparison(one) for one in found]}


def _comparison(one: Comparison) -> Report:
    return {
        "category": one.category,
        "prompt_id": one.prompt_id,
        "mode": one.mode,
        "identical": one.parts_at is None,
        "parts_at": one.parts_at,
        "margin": None,
    }
