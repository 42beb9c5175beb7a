"""From a benchmark's request to its plan; requests that cannot be measured are refused here.

A benchmark resumes a report, and keeps its runs, where plan, pair and machine are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from mtp_mlx.api import MAX_REPEATS, Bench, PairInfo, Sampling
from mtp_mlx.bench.contexts import MOST_CONTEXTS, Contexts
from mtp_mlx.bench.environment import conditions, cooldown_s, environment, machine, weights_sha256
from mtp_mlx.bench.plan import Plan
from mtp_mlx.bench.prompts import Prompt, Suite, load_suite, random_suite, tokens_sha256
from mtp_mlx.bench.report import Subject, Weights, pair, settings
from mtp_mlx.engine import Engine
from mtp_mlx.errors import UsageError
from mtp_mlx.report.model import Environment, Pair, Report, Settings
from mtp_mlx.report.saving import load
from mtp_mlx.report.words import label
from mtp_mlx.request import check_mtp
from mtp_mlx.text.codec import ReadingCancelledError

_PAIR = (
    "target", "drafter", "target_sha256", "drafter_sha256", "target_bytes", "drafter_bytes",
    "quantization",
)  # fmt: skip
_SETTINGS = (
    "suite", "modes", "repeats", "max_tokens", "sampling", "seed", "verify", "draft_position",
    "replay_acceptance", "cooldown_s", "context_tokens", "context_sha256",
)  # fmt: skip
MOST_RUNS = 100_000
"""More would take weeks, and a report of them could not be opened."""

_MACHINE = ("app_version", "commit", "mlx", "mlx_lm", "device", "backend", "memory_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Everything that a benchmark needs before its first run."""

    plan: Plan
    subject: Subject
    earlier: Report | None  # the report that is resumed
    out: Path | None
    jsonl: Path | None


def order(engine: Engine, asked: Bench, cancelled: Callable[[], bool]) -> Order | None:
    """Return the order; None once `cancelled`, for hashing may take seconds.

    Raises UsageError, DamagedReport or NewerReport.
    """
    check(asked)
    here, before = machine(), conditions()
    earlier = None if asked.resume is None else load(Path(asked.resume))
    suite = _suite(engine, asked)
    pause = _pause(asked, earlier, cooldown_s(here, before))
    plan = plan_of(asked, engine.pair, pause)
    planned = len(suite.prompts) * len(plan.modes) * plan.repeats * len(plan.context_tokens)
    if planned > MOST_RUNS:
        raise UsageError(
            f"The benchmark would have {planned} runs; {MOST_RUNS} are the most.",
            "Give fewer prompts, modes, repeats or contexts.",
        )
    try:
        context_sha256 = _context(Contexts(engine, cancelled), plan, suite.prompts, engine.pair)
    except ReadingCancelledError:
        return None
    subject = Subject(
        pair=engine.pair,
        environment=environment(here, before),
        suite=suite,
        planned=planned,
        weights=weights(engine, cancelled),
        context_sha256=context_sha256,
    )
    if cancelled():
        return None
    if earlier is not None:
        check_resumed(earlier, subject, plan)
        subject = continued(earlier, subject)
    out = asked.out or asked.resume
    return Order(
        plan=plan,
        subject=subject,
        earlier=earlier,
        out=Path(out) if out else None,
        jsonl=Path(asked.jsonl) if asked.jsonl else None,
    )


def check(asked: Bench) -> None:
    """Raises UsageError for a setting that is out of range."""
    if not asked.modes:
        raise UsageError("There is no mode to measure.", "Give one or more of off, auto, 0 to 8.")
    for mode in asked.modes:
        check_mtp(mode)
    ranges = (
        ("repeats", asked.repeats, 1, MAX_REPEATS),
        ("max_tokens", asked.max_tokens, 2, math.inf),  # one token has no time per token
        ("temperature", asked.temperature, 0, 100),
        ("cooldown_s", asked.cooldown_s, 0, 600),
        ("replay_acceptance", asked.replay_acceptance, 0, 1),
        ("seed", asked.seed, 0, 2**63),
    )
    if not 0 < len(asked.context_tokens) <= MOST_CONTEXTS:
        raise UsageError(
            f"{len(asked.context_tokens)} contexts cannot be measured.",
            f"Give 1 to {MOST_CONTEXTS} of them.",
        )
    contexts = (("context_tokens", tokens, 0, math.inf) for tokens in asked.context_tokens)
    for name, value, least, most in (*ranges, *contexts):
        if value is not None and not least <= value <= most:  # false for NaN
            upper = f" to {most:g}" if most < math.inf else " or more"
            raise UsageError(f"{name} {value:g} is out of range.", f"Use {least}{upper}.")
    for file in filter(None, (asked.out, asked.jsonl)):
        if not Path(file).resolve().parent.is_dir():
            raise UsageError(f"There is no folder for {Path(file).name}.", "Make it first.")
    if asked.jsonl is not None and asked.jsonl in (asked.out, asked.resume):
        raise UsageError(
            "The report and the lines of its runs cannot be one file.", "Give --jsonl another file."
        )


def plan_of(asked: Bench, pair: PairInfo, pause: float) -> Plan:
    sampling = Sampling()
    if asked.temperature:
        recommended = pair.recommended
        sampling = Sampling(
            temperature=asked.temperature,
            top_k=recommended.top_k or 64,
            top_p=recommended.top_p if recommended.top_p < 1 else 0.95,
        )
    return Plan(
        modes=tuple(dict.fromkeys(asked.modes)),
        repeats=asked.repeats,
        max_tokens=asked.max_tokens,
        sampling=sampling,
        verify=asked.verify,
        seed=asked.seed,
        cooldown_s=pause,
        context_tokens=tuple(dict.fromkeys(asked.context_tokens)),
        replay_acceptance=asked.replay_acceptance,
        include_text=asked.include_text,
    )


def _context(
    contexts: Contexts, plan: Plan, prompts: Sequence[Prompt], pair: PairInfo
) -> str | None:
    """Return the hash of the longest context; None for none.

    Raises UsageError where the model's context does not hold it with every prompt and reply,
    ReadingCancelledError.
    """
    tokens = max(plan.context_tokens)
    if tokens == 0:
        return None
    longest = max(len(contexts.prompt_ids(prompt)) for prompt in prompts)
    most = pair.context_length - longest - plan.max_tokens
    if tokens > most:
        remedy = (
            f"Use --depth up to {most}, or fewer --max-tokens."
            if most > 0
            else ("Use fewer --max-tokens, or leave --depth out.")
        )
        raise UsageError(
            f"{tokens} tokens of context, a prompt of {longest} and a reply of {plan.max_tokens} "
            f"are more than the {pair.context_length} that the model holds.",
            remedy,
        )
    return tokens_sha256(contexts.tokens(tokens))


def weights(engine: Engine, cancelled: Callable[[], bool]) -> Weights:
    pair = engine.loaded
    return Weights(
        target_revision=pair.target_weights.revision,
        target_sha256=weights_sha256(pair.target_weights.files, cancelled),
        drafter_revision=pair.drafter_weights.revision,
        drafter_sha256=weights_sha256(pair.drafter_weights.files, cancelled),
    )


def _suite(engine: Engine, asked: Bench) -> Suite:
    """Return the prompts asked for; a pair without a tokenizer gets random token ids."""
    if asked.suite is None and engine.codec is None:
        return random_suite(engine.vocabulary)
    return load_suite(asked.suite or "quick")


def _pause(asked: Bench, earlier: Report | None, usual: float) -> float:
    if asked.cooldown_s is not None:
        return asked.cooldown_s
    resumed = None if earlier is None else earlier.settings.cooldown_s
    return usual if resumed is None else resumed


def check_resumed(earlier: Report, subject: Subject, plan: Plan) -> None:
    """Raises UsageError, with the first difference, where the report cannot be resumed."""
    here = settings(subject, plan)
    if earlier.settings.plan_sha256 is None:
        raise UsageError(
            "The report was made by no benchmark that can be resumed.", "Start a new report."
        )
    _same(earlier.pair, pair(subject), _PAIR)
    _same(earlier.settings, here, _SETTINGS)
    _same(earlier.environment, subject.environment, _MACHINE)
    if earlier.settings.plan_sha256 != here.plan_sha256:  # all else that the hash covers
        raise UsageError(
            "The report was begun otherwise: with other prompts, or without their texts.",
            "Go on as it was begun, or start a new report.",
        )


def continued(earlier: Report, subject: Subject) -> Subject:
    """Return `subject` with the date and the machine's state of the earlier report."""
    return replace(
        subject,
        created=earlier.created,
        environment=earlier.environment,
        resumed=(earlier.settings.resumed or 0) + 1,
    )


Part = TypeVar("Part", Pair, Settings, Environment)


def _same(before: Part, now: Part, names: Sequence[str]) -> None:
    for name in names:
        there, here = getattr(before, name), getattr(now, name)
        if there != here:
            raise UsageError(
                f"The report was begun otherwise: {label(name)} {_shown(there)} there, "
                f"{_shown(here)} here.",
                "Go on as it was begun, or start a new report.",
            )


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, Sampling):
        return f"temperature {value.temperature:g}"
    return "none" if value is None else str(value)
