"""A benchmark's runs as a report. Prompts and texts are not in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mtp_mlx import wire
from mtp_mlx.bench.prompts import Suite
from mtp_mlx.bench.runs import Plan, Run
from mtp_mlx.bench.summary import comparisons
from mtp_mlx.report import making, model
from mtp_mlx.report.derived import groups
from mtp_mlx.report.model import Report
from mtp_mlx.values import PairInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What was measured, and on what."""

    pair: PairInfo
    environment: Mapping[str, object]  # of the schema's fields, those that are known
    suite: Suite
    planned: int  # runs; fewer were made where the benchmark was cut short


def report(subject: Subject, plan: Plan, runs: Sequence[Run]) -> Report:
    """The document of `runs`, at least one."""
    told = tuple(_run(run) for run in runs)
    return Report(
        title=title(subject, plan, len(runs)),
        created=making.now(),
        environment=making.environment(subject.environment),
        pair=making.pair(subject.pair),
        settings=_settings(subject, plan),
        runs=told,
        summary=groups(told),
        identity=_identity(plan, runs),
    )


def title(subject: Subject, plan: Plan, made: int) -> str:
    """What a stranger must know before the first number."""
    words = f"Speed of {making.pair_names(subject.pair)}"
    if plan.replay_acceptance is not None:
        words += f", replayed acceptance {plan.replay_acceptance:g}"
    return words + (f" (cut short: {made} of {subject.planned} runs)" * (made < subject.planned))


def _settings(subject: Subject, plan: Plan) -> model.Settings:
    return model.Settings(
        sampling=plan.sampling,
        seed=plan.seed,
        max_tokens=plan.max_tokens,
        verify=plan.verify,
        draft_position=subject.pair.draft_position,
        suite=f"{subject.suite.name} {subject.suite.sha256[:12]}".strip(),
        interleaved=True,
        cooldown_s=plan.cooldown_s,
        replay_acceptance=plan.replay_acceptance,
        planned_runs=subject.planned,
    )


def _run(run: Run) -> model.Run:
    finished = run.finished
    return model.Run(
        mode=run.mode,
        category=run.prompt.category,
        prompt_id=run.prompt.id,
        repeat=run.repeat,
        finish_reason=finished.reason,
        prompt_tokens=finished.prompt_tokens,
        reused_tokens=finished.reused_tokens,
        **making.measured(finished.stats),
        rounds=tuple(_round(told) for told in run.rounds),
    )


def _round(told: wire.Round) -> model.Round:
    return model.Round(
        ms=told.ms,
        state=told.state,
        depth=told.depth,
        drafted=told.drafted,
        accepted=told.accepted,
        tokens=len(told.tokens),
    )


def _identity(plan: Plan, runs: Sequence[Run]) -> model.Identity:
    """Replayed texts are the same by construction, which proves nothing."""
    found = () if plan.replay_acceptance is not None else comparisons(runs)
    return model.Identity(measured=bool(found), comparisons=tuple(found))
