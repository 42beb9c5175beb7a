"""The contents of a report and their order, decided here for every format. Pure.

`contents` yields titles, sentences, tables and charts as values. Each format has a dialect that
writes every kind of part (`writer`, `html`, and the window's page). Texts here are not escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import UNSET

from mtp_mlx.numbers import acceptance_of
from mtp_mlx.report import words
from mtp_mlx.report.derived import follows, headline
from mtp_mlx.report.model import Comparison, Environment, Group, Identity, Report, Run
from mtp_mlx.report.words import NONE, TAU, Fact, Show, measured

MUCH_DRIFT = 0.03
"""The share by which plain decoding's speed may change from start to end without a warning.

Medians of a few runs differ by about as much on a steady machine.
"""

_HOT = ("moderate", "heavy", "trapping", "sleeping", "CPU limited", "warning level")


@dataclass(frozen=True, slots=True)
class Title:
    text: str


@dataclass(frozen=True, slots=True)
class About:
    """The pair, its quantisation, the device and the day, as far as each is known."""

    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Headline:
    """The speed-up that the report is about, with its verdict."""

    ratio: str
    verdict: str  # with the mode
    spread: str  # "" where one ratio was measured
    tone: Literal["faster", "warning", "plain"]


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    head: tuple[str, ...]  # () where each row is a name and its value
    rows: tuple[tuple[str, ...], ...]
    warnings: frozenset[int] = frozenset()  # rows that show a slow-down, a difference or a cut run


@dataclass(frozen=True, slots=True)
class Charts:
    """The place of the report's charts; the dialect chooses their colours."""

    report: Report


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A prompt or a reply, shown as it is."""

    title: str
    text: str


Part = Title | About | Headline | Heading | Paragraph | Table | Charts | Verbatim

_SUMMARY = (
    "Category", "MTP", "Runs", "Tokens/s", "Lowest", "Highest", "Plain tokens/s", "Speed-up",
    "95 %", "Against plain", "Acceptance", TAU, "First token",
)  # fmt: skip
_RUNS = (
    "Category", "Prompt", "MTP", "Repeat", "Tokens", "Tokens/s", "Drafted", "Accepted",
    "Rounds that drafted", "Prompt tokens", "Prompt tokens/s", "First token", "Peak memory", "End",
)  # fmt: skip
_IDENTITY = ("Category", "Prompt", "MTP", "Same", "Parts at token", "Margin there", "Rounding")
_POSITIONS = ("Position", "Accepted", "Accepted where all before were")
_ENDS = {
    "stop": "end token",
    "length": "limit of tokens",
    "cancelled": "cut short: cancelled",
    "failed": "cut short: failed",
}
_DEFINITIONS = (
    Fact("Tokens/s", "(n - 1) / (time of the last token - time of the first)"),
    Fact("Speed-up", "against plain decoding by the same engine on the same machine"),
    Fact("95 %", "where the median speed-up lies, by a bootstrap of the paired runs"),
    Fact("Acceptance", "drafted tokens that were emitted / drafted tokens"),
    Fact(TAU, "1 + accepted / rounds that drafted"),
)
_text = measured(str)


def contents(report: Report, *, brief: bool = False) -> Iterator[Part]:
    """Yield the whole report from its title on.

    A `brief` report is for a reader in a hurry: it has the headline below the title, and leaves out
    the tables of runs and of positions, prompts and replies.
    """
    yield from head(report) if brief else (Title(report.title),)
    yield from (Paragraph(note, warning=True) for note in notes(report))
    yield from _summary(report)
    yield Charts(report)
    if not brief:
        yield from _positions(report.runs)
        yield from _runs(report.runs)
    yield Heading("Same text with and without MTP")
    yield _identity(report.identity)
    for section in (*sections(report), Section("Definitions", _DEFINITIONS)):
        yield Heading(section.name)
        yield Table((), tuple((fact.name, fact.value) for fact in section.facts))


def head(report: Report) -> Iterator[Part]:
    """Yield title, subject and, where one was measured, the speed-up."""
    pair = report.pair
    drafter = f" + {pair.drafter}" if pair.drafter else ""
    day = (report.created or "")[:10]
    facts = (f"{pair.target}{drafter}", pair.quantization, report.environment.device, day)
    yield Title(report.title)
    yield About(tuple(fact for fact in facts if fact))
    group = headline(report)
    if group is not None and group.speedup is not None:
        sure = words.verdict(group) == words.FASTER
        yield Headline(
            ratio=words.times(group.speedup),
            verdict=f"{words.verdict(group)}, MTP {words.mode(group.mode)}",
            spread=words.spread(group),
            tone="warning" if words.is_slower(group) else "faster" if sure else "plain",
        )


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    facts: Sequence[Fact]


def sections(report: Report) -> tuple[Section, ...]:
    """Return the facts about pair, settings and environment."""
    return (
        Section("Pair", words.pair_facts(report.pair)),
        Section("Settings", words.settings_facts(report.settings)),
        Section("Environment", words.environment_facts(report)),
    )


def notes(report: Report) -> Iterator[str]:
    """Yield a sentence for each reason to doubt the numbers."""
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
    change = f"{words.percent(abs(share))} {'slower' if share < 0 else 'faster'}"
    yield (
        f"Plain decoding was {change} in the last third of its runs than in the first. Speed-ups "
        "compare neighbouring runs, so they hold; tokens/s come from a machine that was not steady."
    )


def _conditions(machine: Environment) -> Iterator[str]:
    if machine.low_power_mode:
        yield "The machine was in low power mode, which makes it slower."
    before, after = machine.power_source, machine.power_source_after
    if before and after not in (None, before):
        yield f"The power source changed: {before}, then {after}."
    if (machine.thermal_after or "").startswith(_HOT):
        yield f"The machine was hot in the end (thermal state: {machine.thermal_after})."
    if machine.commit_clean is False:
        yield "The program had changes that are in no commit."


def rounding(compared: Comparison) -> str:
    """Return whether rounding explains that two texts part."""
    if compared.rounding_tie is None:
        return words.NOT_MEASURED
    return "a rounding tie" if compared.rounding_tie else "more than rounding explains"


def _summary(report: Report) -> Iterator[Part]:
    slow = frozenset(i for i, group in enumerate(report.summary) if words.is_slower(group))
    yield Table(_SUMMARY, tuple(map(_group, report.summary)), slow)
    baselines = {group.baseline for group in report.summary if group.baseline}
    yield from (Paragraph(f"Plain tokens/s: {baseline}.") for baseline in sorted(baselines))


def _group(group: Group) -> tuple[str, ...]:
    return (
        words.category(group.category),
        words.mode(group.mode),
        str(group.runs),
        _shown(words.rate, group.decode_tps),
        _shown(words.rate, group.decode_tps_low),
        _shown(words.rate, group.decode_tps_high),
        _shown(words.rate, group.plain_tps),
        NONE if group.mode == "off" else _shown(words.times, group.speedup),
        words.spread(group) or NONE,
        words.verdict(group) or NONE,
        NONE if group.mode == "off" else _shown(words.percent, group.acceptance_rate),
        NONE if group.mode == "off" else _shown(words.length, group.mean_acceptance_length),
        _shown(words.seconds, group.ttft_s),
    )


def _positions(runs: Sequence[Run]) -> Iterator[Part]:
    places = acceptance_of(r for run in runs for r in run.rounds).positions
    if not places:
        return
    yield Heading("Acceptance by position")
    yield Table(
        _POSITIONS,
        tuple(
            (str(i), _shown(words.percent, place.share), _shown(words.percent, place.conditional))
            for i, place in enumerate(places, 1)
        ),
    )


def _runs(runs: Sequence[Run]) -> Iterator[Part]:
    """Yield a table of the runs, then the prompts and replies that the document holds."""
    yield Heading("Runs")
    cut = frozenset(i for i, run in enumerate(runs) if run.cut)
    yield Table(_RUNS, tuple(map(_run, runs)), cut)
    for run in runs:
        for name, text in (("Prompt", run.prompt), ("Text", run.text)):
            if text is not UNSET and text:
                yield Verbatim(name, text)


def _run(run: Run) -> tuple[str, ...]:
    return (
        run.category,
        run.prompt_id or NONE,
        words.mode(run.mode),
        str(run.repeat),
        _text(run.generated_tokens),
        _shown(words.rate, run.decode_tps),
        _text(run.draft_n),
        _text(run.draft_n_accepted),
        _text(run.draft_rounds),
        _text(run.prompt_tokens),
        _shown(words.rate, run.prefill_tps),
        _shown(words.seconds, run.ttft_s),
        _shown(words.memory, run.peak_memory_bytes),
        _ENDS[run.finish_reason],
    )


def _identity(identity: Identity | None) -> Part:
    if identity is None or not identity.measured:
        return Paragraph(f"{words.NOT_MEASURED.capitalize()}.")
    compared = identity.comparisons
    parted = frozenset(i for i, comparison in enumerate(compared) if not comparison.identical)
    return Table(_IDENTITY, tuple(map(_comparison, compared)), parted)


def _comparison(compared: Comparison) -> tuple[str, ...]:
    return (
        compared.category,
        compared.prompt_id or NONE,
        words.mode(compared.mode),
        words.yes_or_no(compared.identical),
        NONE if compared.parts_at is None else str(compared.parts_at),
        NONE if compared.identical else _shown(words.margin, compared.margin),
        NONE if compared.identical else rounding(compared),
    )


def _shown(show: Show, value: float | None) -> str:
    return measured(show)(value)
