"""A benchmark's runs as a report. It holds prompts and texts only if the request says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from mtp_mlx.api import PairInfo
from mtp_mlx.bench.plan import Plan
from mtp_mlx.bench.prompts import Suite, tokens_sha256
from mtp_mlx.bench.runs import Run
from mtp_mlx.events import Round
from mtp_mlx.report import from_engine, model
from mtp_mlx.report.derived import groups
from mtp_mlx.report.lengths import by_context
from mtp_mlx.report.model import Comparison, Environment, Identity, Report
from mtp_mlx.report.naming import benchmark_title
from mtp_mlx.report.steadiness import drift


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Revisions and hashes of the weights; None where they came from no file."""

    target_revision: str | None = None
    target_sha256: str | None = None
    drafter_revision: str | None = None
    drafter_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The pair that was measured, its weights, the prompts and the environment."""

    pair: PairInfo
    environment: Environment
    suite: Suite
    planned: int  # runs; fewer were made where the benchmark was cut short
    weights: Weights = Weights()
    created: str | None = None  # when a resumed report was begun; None for a new one
    resumed: int = 0  # times
    context_sha256: str | None = None  # of the longest context as token ids; None for none


def report(
    subject: Subject,
    plan: Plan,
    runs: Sequence[model.Run],
    compared: Sequence[Comparison] | None = None,
) -> Report:
    """Return the report of at least one run. `compared` is None where texts were not compared."""
    measured = compared is not None and bool(compared)
    return Report(
        title=title(subject, plan, len(runs)),
        created=subject.created or model.now(),
        environment=subject.environment,
        pair=pair(subject),
        settings=settings(subject, plan),
        runs=tuple(runs),
        summary=groups(runs),
        identity=Identity(measured=measured, comparisons=tuple(compared or ())),
        plain_drift=drift(runs),
        by_context=by_context(runs),
    )


def title(subject: Subject, plan: Plan, made: int) -> str:
    """Return the title: pair, machine, contexts, replayed acceptance and missing runs."""
    return benchmark_title(
        from_engine.pair_of(subject.pair),
        subject.environment,
        contexts=plan.context_tokens,
        replayed=plan.replay_acceptance,
        made=f"{made} of {subject.planned} runs" if made < subject.planned else "",
    )


def pair(subject: Subject) -> model.Pair:
    weights = subject.weights
    return msgspec.structs.replace(
        from_engine.pair_of(subject.pair),
        target_revision=weights.target_revision,
        target_sha256=weights.target_sha256,
        drafter_revision=weights.drafter_revision,
        drafter_sha256=weights.drafter_sha256,
    )


def settings(subject: Subject, plan: Plan) -> model.Settings:
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
        modes=plan.modes,
        repeats=plan.repeats,
        suite_sha256=subject.suite.sha256 or None,
        plan_sha256=plan.sha256(subject.suite.prompts),
        resumed=subject.resumed,
        context_tokens=plan.context_tokens if any(plan.context_tokens) else None,
        context_sha256=subject.context_sha256,
    )


def run(made: Run, *, include_text: bool = False) -> model.Run:
    finished = made.finished
    measured = model.Run(
        mode=made.mode,
        category=made.prompt.category,
        prompt_id=made.prompt.id,
        repeat=made.repeat,
        finish_reason=finished.reason,
        prompt_tokens=finished.prompt_tokens,
        reused_tokens=finished.reused_tokens,
        **from_engine.numbers_of(finished.stats),
        rounds=tuple(_round(event) for event in made.rounds),
        prompt_sha256=made.prompt_sha256,
        context_tokens=made.context_tokens,
        tokens_sha256=tokens_sha256(made.tokens),
    )
    if not include_text:
        return measured
    return msgspec.structs.replace(measured, prompt=made.prompt.text, text=made.text)


def _round(event: Round) -> model.Round:
    return model.Round(
        ms=event.ms,
        state=event.state,
        depth=event.depth,
        drafted=event.depth,
        accepted=event.accepted,
        tokens=len(event.tokens),
    )
