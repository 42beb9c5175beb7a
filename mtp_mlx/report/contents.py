"""The contents of a report and their order, decided here for every format. Pure.

`contents` yields titles, sentences, tables and charts as values. Each format has a dialect that
writes every kind of part (`writer`, `html`, and the window's page). Texts here are not escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import UNSET

from mtp_mlx.numbers import acceptance_of
from mtp_mlx.report import words
from mtp_mlx.report.claims import Claim, claim_of
from mtp_mlx.report.derived import headline
from mtp_mlx.report.model import Comparison, Group, Identity, Report, Run
from mtp_mlx.report.warnings import notes
from mtp_mlx.report.words import NONE, TAU, Fact, Show, measured


@dataclass(frozen=True, slots=True)
class Title:
    text: str


@dataclass(frozen=True, slots=True)
class About:
    """The pair, its quantisation, the device and the day, as far as each is known."""

    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Headline:
    """The speed-up that the report is about, and what may be claimed of it."""

    large: str  # the ratio where the claim is sure, else the verdict
    facts: tuple[str, ...]  # mode, the ratio where it may be shown, interval, rounds that drafted
    tone: Literal["faster", "warning", "plain"]

    @property
    def is_sure(self) -> bool:
        return self.tone != "plain"


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

    @property
    def numeric(self) -> frozenset[int]:
        """The columns of numbers, which stand at the right of their column."""
        if not self.head:
            return frozenset()
        columns = enumerate(zip(*self.rows, strict=True))
        return frozenset(
            i
            for i, cells in columns
            if all(map(_is_number, cells)) and any(map(_NUMBER.fullmatch, cells))
        )


@dataclass(frozen=True, slots=True)
class Charts:
    """The place of the report's charts; the dialect chooses their colours."""

    report: Report


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A prompt or a reply, shown as it is."""

    title: str
    text: str


_NUMBER = re.compile(rf"\d[\d.]*({words.TIMES}| %| s| GB| min \d+ s| (of|to) [\d.]+)?")


def _is_number(cell: str) -> bool:
    return cell in (NONE, words.NOT_MEASURED) or _NUMBER.fullmatch(cell) is not None


Part = Title | About | Headline | Heading | Paragraph | Table | Charts | Verbatim

_SUMMARY = (
    "Category", "MTP", "Runs", "Tokens/s", "Lowest", "Highest", "Plain tokens/s", "Speed-up",
    "95 %", "Against plain", "Drafted in", "Tokens/round", "Acceptance", TAU, "First token",
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
    Fact("95 %", "where the median speed-up lies: a bootstrap of the paired runs, or for fewer "
         "than six of them Student's t; one run each has no interval"),
    Fact("Against plain", "faster or slower where the interval excludes 1"),
    Fact("Drafted in", "rounds with drafts, of all rounds; the others are plain steps"),
    Fact("Tokens/round", "tokens / all rounds: drafts explain no greater speed-up"),
    Fact("Acceptance", "drafted tokens that were emitted / drafted tokens"),
    Fact(TAU, "1 + accepted / rounds that drafted"),
    Fact("GB", "10^9 bytes"),
)  # fmt: skip
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
    if group is not None:
        yield _headline(group)


def _headline(group: Group) -> Headline:
    said = claim_of(group)
    ratio = "" if said.ratio is None else words.times(said.ratio)
    facts = (
        said.verdict if said.is_sure else "",
        f"MTP {words.mode(group.mode)}",
        "" if said.is_sure else ratio,
        _interval(said),
        said.drafted,
    )
    return Headline(
        large=ratio if said.is_sure else said.verdict[:1].upper() + said.verdict[1:],
        facts=tuple(fact for fact in facts if fact),
        tone=said.tone,
    )


def _interval(said: Claim) -> str:
    spread = words.spread(said.low, said.high)
    return f"95 %: {spread}" if spread else ""


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


def rounding(compared: Comparison) -> str:
    """Return whether rounding explains that two texts part."""
    if compared.rounding_tie is None:
        return words.NOT_MEASURED
    return "a rounding tie" if compared.rounding_tie else "more than rounding explains"


def _summary(report: Report) -> Iterator[Part]:
    slow = frozenset(i for i, one in enumerate(report.summary) if claim_of(one).tone == "warning")
    yield Table(_SUMMARY, tuple(map(_group, report.summary)), slow)
    baselines = {group.baseline for group in report.summary if group.baseline}
    yield from (Paragraph(f"Plain tokens/s: {baseline}.") for baseline in sorted(baselines))


def _group(one: Group) -> tuple[str, ...]:
    said, on = claim_of(one), one.mode != "off"
    tries = said.outcome != "unmeasured"
    ratio = _shown(words.times, said.ratio) if said.outcome != "busy" else NONE
    return (
        words.category(one.category),
        words.mode(one.mode),
        str(one.runs),
        _shown(words.rate, one.decode_tps),
        _shown(words.rate, one.decode_tps_low),
        _shown(words.rate, one.decode_tps_high),
        _shown(words.rate, one.plain_tps),
        ratio if on else NONE,
        words.spread(said.low, said.high) or NONE,
        said.verdict if tries else NONE,
        _drafted(one) if on else NONE,
        _shown(words.length, one.tokens_per_round) if on else NONE,
        _shown(words.percent, one.acceptance_rate) if on else NONE,
        _shown(words.length, one.mean_acceptance_length) if on else NONE,
        _shown(words.seconds, one.ttft_s),
    )


def _drafted(one: Group) -> str:
    if one.draft_rounds is None or one.rounds is None:
        return words.NOT_MEASURED
    return f"{one.draft_rounds} of {one.rounds}"


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
