"""What makes the numbers of a report doubtful: a sentence each, the same in every format. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mtp_mlx.report import words
from mtp_mlx.report.claims import claim_of
from mtp_mlx.report.derived import follows
from mtp_mlx.report.model import Environment, Group, Report
from mtp_mlx.report.words import measured

MUCH_DRIFT = 0.03
"""The share by which plain decoding's speed may change from start to end without a warning.

Medians of a few runs differ by about as much on a steady machine.
"""

_HOT = ("moderate", "heavy", "trapping", "sleeping", "CPU limited", "warning level")


def notes(report: Report) -> Iterator[str]:
    """Yield a sentence for each reason to doubt the numbers."""
    if not follows(report):
        yield "The summary does not follow from the runs: one of them was changed afterwards."
    yield from _busy(report.summary)
    yield from _replayed(report.settings.replay_acceptance)
    yield from _cut_short(report)
    yield from _drift(report.plain_drift)
    yield from _conditions(report.environment)


def _busy(summary: Sequence[Group]) -> Iterator[str]:
    """Yield one sentence, with the evidence of the first speed-up that drafts do not explain."""
    busy = [one for one in summary if claim_of(one).outcome == "busy"]
    if not busy:
        return
    first, others = busy[0], len(busy) - 1
    rate = measured(words.rate)
    speed, plain = rate(first.decode_tps), rate(first.plain_tps)
    each, most = (
        measured(words.length)(first.tokens_per_round),
        measured(words.times)(first.speedup_most),
    )
    where = "" if first.category is None else f"in the category {first.category}, "
    rows = "another row" if others == 1 else f"{others} more rows"
    rest = f" The same holds for {rows} of the table." if others else ""
    yield (
        f"The machine was busy: {where}MTP {words.mode(first.mode)} ran at {speed} tokens/s "
        f"against {plain} of plain decoding. Its rounds emitted {each} tokens each, so drafts "
        f"explain at most {most}, and the measured ratio is not shown.{rest}"
    )


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
    change = f"{words.percent(abs(share))} {'slower' if share < 0 else 'faster'}"
    yield (
        f"Plain decoding was {change} in the last third of its runs than in the first. Speed-ups "
        "compare neighbouring runs, so they hold; tokens/s come from a machine that was not steady."
    )


def _conditions(machine: Environment) -> Iterator[str]:
    if machine.low_power_mode:
        yield "The machine was in low power mode, so all speeds are lower than it can reach."
    before, after = machine.power_source, machine.power_source_after
    if before and after not in (None, before):
        yield (
            f"The power source changed ({before}, then {after}), so early and late runs may differ "
            "in speed."
        )
    hot = words.line(machine.thermal_after or "")
    if hot.startswith(_HOT):
        yield (
            f"The machine was hot in the end (thermal state: {hot}), so late runs may be slower "
            "than early ones."
        )
    if machine.commit_clean is False:
        yield (
            "The program had changes that are in no commit, so nobody else can run exactly this "
            "program."
        )
