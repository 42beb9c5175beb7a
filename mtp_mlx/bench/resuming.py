"""Whether a report's runs can be kept in a benchmark that goes on: the same plan, pair, machine."""

from __future__ import annotations

from dataclasses import replace

from mtp_mlx.bench.environment import same_machine
from mtp_mlx.bench.plan import Plan
from mtp_mlx.bench.report import Subject, pair, settings
from mtp_mlx.errors import UsageError
from mtp_mlx.report import words
from mtp_mlx.report.model import Pair, Report, Settings

_PLAN = (
    "suite", "modes", "repeats", "max_tokens", "sampling", "seed", "verify", "draft_position",
    "replay_acceptance", "cooldown_s",
)  # fmt: skip
_PAIR = ("target", "drafter", "target_sha256", "drafter_sha256", "target_bytes", "drafter_bytes",
         "quantization")  # fmt: skip


def check(earlier: Report, subject: Subject, plan: Plan) -> None:
    """Raises UsageError, with the first thing that differs."""
    here = settings(subject, plan)
    if earlier.settings.plan_sha256 is None:
        raise UsageError(
            "The report was made by no benchmark that can be resumed.",
            "Start a new one without --resume.",
        )
    mine = pair(subject)
    other = _differs(earlier.pair, mine, _PAIR)
    if other:
        raise _refused(other, getattr(earlier.pair, other), getattr(mine, other))
    if earlier.settings.plan_sha256 != here.plan_sha256 or _differs(
        earlier.settings, here, ("draft_position",)
    ):
        name = _differs(earlier.settings, here, _PLAN)
        if name is None:
            raise UsageError(
                "The report was measured by another plan: its prompts or texts differ.",
                "Give the options it was begun with, or start a new one without --resume.",
            )
        raise _refused(name, getattr(earlier.settings, name), getattr(here, name))
    machine = same_machine(earlier.environment, subject.environment)
    if machine:
        raise _refused(
            machine, getattr(earlier.environment, machine), getattr(subject.environment, machine)
        )


def continued(earlier: Report, subject: Subject) -> Subject:
    """Begun when the earlier report was, in the state the machine was in then."""
    return replace(
        subject,
        created=earlier.created,
        environment=earlier.environment,
        resumed=(earlier.settings.resumed or 0) + 1,
    )


def _differs(one: Settings | Pair, other: Settings | Pair, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if getattr(one, name) != getattr(other, name)), None)


def _refused(name: str, before: object, now: object) -> UsageError:
    told = name.replace("_", " ")
    return UsageError(
        f"The report was measured with another {told}: {_shown(before)}, now {_shown(now)}.",
        "Give what it was begun with, or start a new one without --resume.",
    )


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(str(one) for one in value)
    return words.NOT_MEASURED if value is None else str(value)
