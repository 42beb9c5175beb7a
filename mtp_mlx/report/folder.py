"""The reports of a folder, of several machines, pairs and versions: what a table says of each.

A speed-up is a number only where `claims` allows one. A file that is no report is kept with the
reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from mtp_mlx.errors import MtpMlxError, UsageError
from mtp_mlx.report import words
from mtp_mlx.report.claims import Claim, claim_of
from mtp_mlx.report.derived import follows, headline
from mtp_mlx.report.model import Group, Mode, Report
from mtp_mlx.report.naming import chip_name, pair_name
from mtp_mlx.report.saving import load
from mtp_mlx.report.warnings import MUCH_DRIFT
from mtp_mlx.report.words import line

SortKey = Literal["date", "speed-up", "tokens/s", "machine", "pair"]
SORT_KEYS: tuple[SortKey, ...] = get_args(SortKey)
_COMMIT = 7  # digits of a commit
_MOST = 40  # letters of a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One report. None and "" mean that a value is not known."""

    file: str
    created: str
    machine: str
    memory_bytes: int | None
    pair: str
    quantization: str
    program: str
    mode: Mode | None  # of the numbers with MTP; None where only plain decoding was measured
    plain_tps: float | None
    tps: float | None
    claim: Claim
    drafted_share: float | None  # of all rounds
    acceptance_rate: float | None
    tau: float | None
    runs: int
    notes: tuple[str, ...]  # what a reader must know of the numbers


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that is no report."""

    file: str
    reason: str  # a sentence that names the file


@dataclass(frozen=True, slots=True)
class Folder:
    entries: tuple[Entry, ...]
    unread: tuple[Unread, ...]


def read(folder: Path, by: SortKey = "date") -> Folder:
    """Return the reports among the JSON files of a folder, not of those within it, in order.

    Raises UsageError where there is no folder, or no JSON file in it.
    """
    try:
        files = sorted(file for file in folder.iterdir() if _is_json(file))
    except OSError as error:
        raise UsageError(
            f"{folder.name or folder} is no folder that can be read.",
            "Give the folder that holds the reports' JSON files.",
        ) from error
    if not files:
        raise UsageError(
            f"There is no JSON file in {folder.name or folder}.",
            "Save reports there with `bench --out`.",
        )
    entries, unread = list[Entry](), list[Unread]()
    for file in files:
        try:
            entries.append(entry(file.name, load(file)))
        except MtpMlxError as error:
            unread.append(Unread(file.name, error.message))
    return Folder(tuple(ordered(entries, by)), tuple(unread))


def _is_json(file: Path) -> bool:
    """Return whether it may be a report. On some disks macOS hides a file beside each."""
    return file.suffix.lower() == ".json" and not file.name.startswith(".")


def entry(file: str, report: Report) -> Entry:
    main, machine = headline(report), report.environment
    plain = main.plain_tps if main else _plain_tps(report.summary)
    main = main or _without_ratio(report.summary)
    said = claim_of(main) if main else Claim(outcome="unmeasured", verdict=words.NOT_MEASURED)
    return Entry(
        file=line(file),
        created=line(report.created or ""),
        machine=words.shortened(chip_name(machine) or machine.machine or "", _MOST),
        memory_bytes=machine.memory_bytes,
        pair=pair_name(report.pair),
        quantization=words.shortened(report.pair.quantization or "", _MOST),
        program=_program(report),
        mode=main.mode if main else None,
        plain_tps=plain,
        tps=main.decode_tps if main else None,
        claim=said,
        drafted_share=_drafted_share(main) if main else None,
        acceptance_rate=main.acceptance_rate if main else None,
        tau=main.mean_acceptance_length if main else None,
        runs=len(report.runs),
        notes=tuple(_notes(report, said)),
    )


def _plain_tps(summary: Iterable[Group]) -> float | None:
    return next((one.decode_tps for one in summary if one.mode == "off"), None)


def _without_ratio(summary: Iterable[Group]) -> Group | None:
    """Return the first group with MTP of a report that measured no speed-up."""
    return next((one for one in summary if one.mode != "off"), None)


def _drafted_share(group: Group) -> float | None:
    if group.draft_rounds is None or not group.rounds:
        return None
    return min(group.draft_rounds / group.rounds, 1.0)


def _program(report: Report) -> str:
    machine = report.environment
    commit = line(machine.commit or "")[:_COMMIT]
    changed = ", changed" if commit and machine.commit_clean is False else ""
    version = words.shortened(machine.app_version or "", _MOST)
    return f"{version} ({commit}{changed})" if commit else version


def _notes(report: Report, said: Claim) -> Iterator[str]:
    settings, made = report.settings, len(report.runs)
    if not follows(report):
        yield "changed afterwards: summary and runs disagree"
    if settings.replay_acceptance is not None:
        yield f"replayed acceptance, {words.percent(settings.replay_acceptance)}"
    if settings.planned_runs is not None and made < settings.planned_runs:
        yield f"cut short: {words.count(made)} of {words.count(settings.planned_runs)} runs"
    if unfinished := sum(run.cut for run in report.runs):
        yield f"{words.count(unfinished)} of {words.count(made)} runs did not end"
    if said.ratio is not None and (said.low is None or said.high is None):
        yield "one run each: no interval"
    if settings.context_tokens:
        yield f"after {', '.join(map(words.count, settings.context_tokens))} tokens of context"
    if report.pair.drafter is None:
        yield "no drafter"
    drift = report.plain_drift or 0
    if abs(drift) > MUCH_DRIFT:
        yield f"plain speed {'rose' if drift > 0 else 'fell'} by {words.percent(abs(drift))}"
    if report.environment.low_power_mode:
        yield "low power mode"


_KEYS: dict[SortKey, Callable[[Entry], object]] = {
    "date": lambda _: 0,
    "speed-up": lambda one: -(one.claim.ratio or 0),
    "tokens/s": lambda one: -(one.tps or one.plain_tps or 0),
    "machine": lambda one: (not one.machine, one.machine.lower()),
    "pair": lambda one: one.pair.lower(),
}


def ordered(entries: Iterable[Entry], by: SortKey) -> list[Entry]:
    """Return the entries, the greatest or first first; equal ones and dates from new to old."""
    newest = sorted(entries, key=lambda one: (one.created, one.file), reverse=True)
    return sorted(newest, key=_KEYS[by])  # type: ignore[arg-type]  # each key has one type
