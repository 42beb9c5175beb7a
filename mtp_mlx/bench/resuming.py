"""Whether a report's runs can be kept in a benchmark that goes on: the same plan, pair, machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from mtp_mlx.api import Sampling
from mtp_mlx.bench.plan import Plan
from mtp_mlx.bench.report import Subject, pair, settings
from mtp_mlx.errors import UsageError
from mtp_mlx.report import words
from mtp_mlx.report.model import Environment, Pair, Report, Settings
from mtp_mlx.report.words import label

_PAIR = (
    "target", "drafter", "target_sha256", "drafter_sha256", "target_bytes", "drafter_bytes",
    "quantization",
)  # fmt: skip
_SETTINGS = (
    "suite", "modes", "repeats", "max_tokens", "sampling", "seed", "verify", "draft_position",
    "replay_acceptance", "cooldown_s",
)  # fmt: skip
_MACHINE = ("app_version", "commit", "mlx", "mlx_lm", "device", "backend", "memory_bytes")


def check(earlier: Report, subject: Subject, plan: Plan) -> None:
    """Raises UsageError, with the first thing that differs."""
    here = settings(subject, plan)
    if earlier.settings.plan_sha256 is None:
        raise UsageError(
            "The report was made by no benchmark that can be resumed.", "Start a new report."
        )
    _same(earlier.pair, pair(subject), _PAIR)
    _same(earlier.settings, here, _SETTINGS)
    _same(earlier.environment, subject.environment, _MACHINE)
    if earlier.settings.plan_sha256 != here.plan_sha256:  # what has no name of its own
        raise UsageError(
            "The report was begun otherwise: with other prompts, or without their texts.",
            "Go on as it was begun, or start a new report.",
        )


def continued(earlier: Report, subject: Subject) -> Subject:
    """Begun when the earlier report was, in the state the machine was in then."""
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
        return ",".join(str(one) for one in value)
    if isinstance(value, Sampling):
        return f"temperature {value.temperature:g}"
    return words.NOT_MEASURED if value is None else str(value)
