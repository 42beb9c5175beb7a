"""What a reader must know of how a report came about, one sentence each. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from mtp_mlx.report import words
from mtp_mlx.report.derived import follows
from mtp_mlx.report.model import Comparison, Environment, Report

MUCH_DRIFT = 0.03  # a share: below it, medians of a few runs differ by themselves
_HOT = ("moderate", "heavy", "trapping", "sleeping", "CPU limited", "warning level")


def notes(report: Report) -> Iterator[str]:
    """Nothing where all was as it should be, or was not measured."""
    if not follows(report):
        yield "The summary does not follow from the runs: one of them was changed afterwards."
    yield from _replayed(report.settings.replay_acceptance)
    yield from _cut_short(report)
    yield from _drift(report.plain_drift)
    yield from _conditions(report.environment)


def _replayed(share: float | None) -> Iterator[str]:
    if share is not None:
        yield (
            "Replayed acceptance: drafts were replaced so that each is right with "
            f"{words.percent(share)} chance. The speed is measured, the acceptance is given."
        )


def _cut_short(report: Report) -> Iterator[str]:
    planned, made = report.settings.planned_runs, len(report.runs)
    if planned is not None and made < planned:
        yield f"Cut short: {made} of {planned} runs were made."
    cut = sum(run.cut for run in report.runs)
    if cut:
        yield f"{cut} of {made} runs did not come to their end, and count in no speed-up."


def _drift(share: float | None) -> Iterator[str]:
    if share is None or abs(share) <= MUCH_DRIFT:
        return
    told = f"{words.percent(abs(share))} {'slower' if share < 0 else 'faster'}"
    yield (
        f"Plain decoding was {told} in the last third of its runs than in the first; speed-ups are "
        "of neighbouring runs and bear it, tokens/s are of a machine that was not steady."
    )


def _conditions(found: Environment) -> Iterator[str]:
    if found.low_power_mode:
        yield "The machine was in low power mode, which makes it slower."
    if found.power_source and found.power_source_after not in (None, found.power_source):
        yield f"The power source changed: {found.power_source}, then {found.power_source_after}."
    if (found.thermal_after or "").startswith(_HOT):
        yield f"The machine was hot in the end (thermal state: {found.thermal_after})."
    if found.commit_clean is False:
        yield "The program had changes that are in no commit."


def parting(one: Comparison) -> str:
    """Where two texts part, and whether rounding explains it."""
    place = f"{words.line(one.prompt_id or words.NONE)}, {words.mode(one.mode)}: parts "
    place += "from plain decoding" if one.parts_at is None else f"at token {one.parts_at}"
    if one.margin is None:
        return place
    margin = f"margin {words.margin(one.margin)} logits"
    if one.margin_bound is None or one.rounding_tie is None:
        return f"{place}, {margin}"
    return f"{place}, {rounding(one)}: {margin}, rounding up to {words.margin(one.margin_bound)}"


def rounding(one: Comparison) -> str:
    """Whether it explains that two texts part."""
    if one.rounding_tie is None:
        return words.NOT_MEASURED
    return "a rounding tie" if one.rounding_tie else "more than rounding explains"
