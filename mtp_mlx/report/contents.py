"""The parts of a report and their order, decided here for every format. Pure.

The first page answers: title, verdict, figures, what disturbed the run, charts. Then the detail
follows: a table a subject with a row a category, and folded sections. Each format has a dialect
that writes every kind of part (`writer`). Texts here are not escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec import UNSET

from mtp_mlx.report import answer, tables, words
from mtp_mlx.report.answer import Figure, Verdict
from mtp_mlx.report.charts import charts
from mtp_mlx.report.model import Identity, Report, Run, Settings
from mtp_mlx.report.sheet import Chart
from mtp_mlx.report.tables import Table
from mtp_mlx.report.words import Fact


@dataclass(frozen=True, slots=True)
class Title:
    text: str


@dataclass(frozen=True, slots=True)
class About:
    """The pair, the machine, the program and the day, as far as each is known."""

    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Disturbed:
    """What disturbed the run, each with its consequence, in one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Charts:
    """The charts that carry the verdict; the dialect chooses their colours and width."""

    charts: tuple[Chart, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values; a value may be long."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A prompt or a reply, shown as it is."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Folded:
    """A section that a screen may fold: `name` and `summary` stand there while it is closed."""

    name: str
    summary: str
    parts: tuple[Part, ...]


Part = (
    Title | About | Verdict | Figures | Disturbed | Heading | Paragraph | Charts | Table | Facts
    | Verbatim | Folded
)  # fmt: skip

RUNS = "Runs"
SAME_TEXT = "Same text with and without MTP"
_DEFINITIONS = (
    Fact("Tokens/s", "(n - 1) / (time of the last token - time of the first)"),
    Fact("Speed-up", "against plain decoding by the same engine on the same machine"),
    Fact("95 %", "where the median speed-up lies: a bootstrap of the paired runs, or for fewer "
         "than six of them Student's t; one run each has no interval"),
    Fact("Result", "faster or slower where the interval excludes 1"),
    Fact("Drafted in", "rounds with drafts, of all rounds; the others are plain steps"),
    Fact("Tokens/round", "tokens / all rounds: drafts explain no greater speed-up"),
    Fact("Accepted", "drafted tokens that were emitted / drafted tokens"),
    Fact(words.TAU, "1 + accepted / rounds that drafted"),
    Fact("GB", "10^9 bytes"),
)  # fmt: skip


def contents(report: Report) -> Iterator[Part]:
    """Yield the whole report from its title on."""
    yield from page(report)
    yield from _detail(report)
    yield from _folded(report)


def page(report: Report) -> Iterator[Part]:
    """Yield the page that answers: title, subject, verdict, figures, disturbances and charts."""
    yield from head(report)
    disturbed = answer.disturbances(report)
    if disturbed:
        yield Disturbed(disturbed)
    drawn = charts(report)
    if drawn:
        yield Charts(drawn)


def head(report: Report) -> Iterator[Part]:
    yield Title(report.title)
    yield About(answer.about(report))
    yield answer.verdict(report)
    figures = answer.figures(report)
    if figures:
        yield Figures(figures)


def summary(report: Report) -> Iterator[Part]:
    """Yield what the terminal shows after a benchmark: verdict, figures, speeds, same text."""
    yield answer.verdict(report)
    figures = answer.figures(report)
    if figures:
        yield Figures(figures)
    disturbed = answer.disturbances(report)
    if disturbed:
        yield Disturbed(disturbed)
    yield from tables.speeds(report.summary)
    yield from _best(report)
    yield _same_text(report.identity)


def _best(report: Report) -> Iterator[Paragraph]:
    """Yield what bold cells mean, where a table of speeds has some."""
    if any(one.best for one in tables.speeds(report.summary)):
        yield Paragraph(tables.BEST)


def _detail(report: Report) -> Iterator[Part]:
    read = tables.lengths(report.runs)
    for heading, made in (
        ("Speed by category", tables.speeds(report.summary)),
        ("Speed by length of context", tables.speeds_by_context(report.by_context)),
        ("Drafts by category", tables.drafts(report.summary)),
        ("Reading and writing speed by length of prompt", () if read is None else (read,)),
    ):
        if made:
            yield Heading(heading)
            yield from made
    yield from _best(report)
    mixed = max((group.contexts or 1 for group in report.summary), default=1)
    if mixed > 1:
        yield Paragraph(_MIXED.format(count=mixed))
    baselines = {group.baseline for group in report.summary if group.baseline}
    yield from (Paragraph(f"Speed-ups are against {baseline}.") for baseline in sorted(baselines))


def _folded(report: Report) -> Iterator[Part]:
    yield _same_text(report.identity)
    yield _runs(report.runs)
    yield Folded(
        "Method",
        ", ".join(answer.conditions(report)),
        (Facts(tuple(_applying(report.settings))), Facts(_DEFINITIONS)),
    )
    yield Folded(
        "Pair and machine",
        words.shortened(", ".join(answer.subject(report)), _SUMMARY),
        (
            Facts(tuple(words.pair_facts(report.pair))),
            Facts(tuple(words.environment_facts(report))),
        ),
    )


def _applying(settings: Settings) -> Iterator[Fact]:
    """Yield the settings that apply to this report."""
    yield from (fact for fact in words.settings_facts(settings) if fact.value != words.NONE)


_MIXED = (
    "Tokens/s by category mix {count} lengths of context. Each speed-up compares two runs of the "
    "same length."
)
_SUMMARY = 90  # letters of a closed section's summary


def _same_text(identity: Identity | None) -> Folded:
    """Return how many texts were the same, and a row for each that differed."""
    if identity is None or not identity.measured:
        return Folded(SAME_TEXT, words.NOT_MEASURED, (Paragraph(_NOT_COMPARED),))
    compared = identity.comparisons
    parted = tuple(one for one in compared if not one.identical)
    by = "prompt, context" if any(one.context_tokens for one in compared) else "prompt"
    summary = f"{len(compared) - len(parted)} of {len(compared)}, by {by} and mode"
    if not parted:
        return Folded(SAME_TEXT, summary, (Paragraph(_ALL_SAME),))
    return Folded(SAME_TEXT, summary, (tables.partings(parted),))


_NOT_COMPARED = "The texts were not compared."
_ALL_SAME = "No text differs from that of plain decoding."


def _runs(runs: Sequence[Run]) -> Folded:
    """Return a table of the runs, then the prompts and replies that the document holds."""
    cut = sum(run.cut for run in runs)
    summary = f"{words.count(len(runs))}{f', {cut} cut short' if cut else ''}"
    texts = tuple(
        Verbatim(f"{name} of {_place(run)}", text)
        for run in runs
        for name, text in (("Prompt", run.prompt), ("Text", run.text))
        if text is not UNSET and text
    )
    return Folded(RUNS, summary, (tables.runs(runs), *texts))


def _place(run: Run) -> str:
    prompt = words.prompt(run.prompt_id or run.category, run.context_tokens)
    return f"{prompt}, {words.mode(run.mode)}, repeat {run.repeat}"
