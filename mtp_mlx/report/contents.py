"""What a reader is told and in which order, the same in Markdown, HTML and PDF. Pure.

Texts here are as they are; each format escapes what it would read as its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from msgspec import UNSET

from mtp_mlx.numbers import acceptance_of
from mtp_mlx.report import words
from mtp_mlx.report.facts import Fact, environment, pair, settings
from mtp_mlx.report.model import Comparison, Group, Identity, Report, Run
from mtp_mlx.report.notes import notes, rounding
from mtp_mlx.report.words import NONE, TAU, Show, measured


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    warnings: frozenset[int] = frozenset()  # rows that tell of a slow-down or a difference


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Somebody's words: shown as they are."""

    title: str
    text: str


Part = Heading | Paragraph | Table | Verbatim

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


def summary(report: Report) -> Iterator[Part]:
    """What it comes to."""
    yield from (Paragraph(said, warning=True) for said in notes(report))
    slow = frozenset(i for i, one in enumerate(report.summary) if words.is_slower(one))
    yield Table(_SUMMARY, tuple(map(_group, report.summary)), slow)
    said = sorted(one.baseline for one in report.summary if one.baseline)
    yield from (Paragraph(f"Plain tokens/s: {one}.") for one, _ in groupby(said))


def details(report: Report) -> Iterator[Part]:
    """All that was measured, and on what."""
    yield from _positions(report.runs)
    yield Heading("Runs")
    cut = frozenset(i for i, run in enumerate(report.runs) if run.cut)
    yield Table(_RUNS, tuple(map(_run, report.runs)), cut)
    for run in report.runs:
        yield from _texts(run)
    yield from circumstances(report)


def circumstances(report: Report) -> Iterator[Part]:
    """Whether the texts are the same, and on what all was measured: without the runs one by one."""
    yield Heading("Same text with and without MTP")
    yield _identity(report.identity)
    yield from _facts("Pair", pair(report.pair))
    yield from _facts("Settings", settings(report.settings))
    yield from _facts("Environment", environment(report))
    yield from _facts("Definitions", _DEFINITIONS)


def _group(one: Group) -> tuple[str, ...]:
    return (
        words.category(one.category),
        words.mode(one.mode),
        str(one.runs),
        _shown(words.rate, one.decode_tps),
        _shown(words.rate, one.decode_tps_low),
        _shown(words.rate, one.decode_tps_high),
        _shown(words.rate, one.plain_tps),
        NONE if one.mode == "off" else _shown(words.times, one.speedup),
        words.spread(one) or NONE,
        words.verdict(one) or NONE,
        NONE if one.mode == "off" else _shown(words.percent, one.acceptance_rate),
        NONE if one.mode == "off" else _shown(words.length, one.mean_acceptance_length),
        _shown(words.seconds, one.ttft_s),
    )


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


def _positions(runs: Sequence[Run]) -> Iterator[Part]:
    found = acceptance_of(one for run in runs for one in run.rounds).positions
    if not found:
        return
    yield Heading("Acceptance by position")
    yield Table(
        _POSITIONS,
        tuple(
            (str(i), _shown(words.percent, one.share), _shown(words.percent, one.conditional))
            for i, one in enumerate(found, 1)
        ),
    )


def _identity(identity: Identity | None) -> Part:
    if identity is None or not identity.measured:
        return Paragraph(f"{words.NOT_MEASURED.capitalize()}.")
    found = identity.comparisons
    parted = frozenset(i for i, one in enumerate(found) if not one.identical)
    return Table(_IDENTITY, tuple(map(_compared, found)), parted)


def _compared(one: Comparison) -> tuple[str, ...]:
    return (
        one.category,
        one.prompt_id or NONE,
        words.mode(one.mode),
        words.yes_or_no(one.identical),
        NONE if one.parts_at is None else str(one.parts_at),
        NONE if one.identical else _shown(words.margin, one.margin),
        NONE if one.identical else rounding(one),
    )


def _texts(run: Run) -> Iterator[Part]:
    for name, text in (("Prompt", run.prompt), ("Text", run.text)):
        if text is not UNSET and text:
            yield Verbatim(name, text)


def _facts(name: str, found: Sequence[Fact]) -> Iterator[Part]:
    yield Heading(name)
    yield Table(("", ""), tuple((fact.name, fact.value) for fact in found))


def _shown(show: Show, value: float | None) -> str:
    return measured(show)(value)
