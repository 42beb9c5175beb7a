"""Two reports side by side: what differs between them, then the ratios of their speeds. Pure.

Reports whose speeds mean different things are not compared: of different prompts, or one with
replayed and one with real drafts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from mtp_mlx.report import answer, tables, words
from mtp_mlx.report.answer import Verdict
from mtp_mlx.report.claims import LEAST_NOISE, WORDS, Outcome, compared
from mtp_mlx.report.contents import (
    Charts,
    Disturbed,
    Facts,
    Heading,
    Paragraph,
    Part,
    Title,
)
from mtp_mlx.report.derived import Interval, interval, place
from mtp_mlx.report.model import Mode, Report, Run
from mtp_mlx.report.ratio_chart import MOST_ROWS, Ratio, chart, row_name
from mtp_mlx.report.sheet import Chart
from mtp_mlx.report.tables import Cell, Column, Table
from mtp_mlx.report.warnings import notes
from mtp_mlx.report.words import Fact

COMPARISON = "Two speed reports side by side"
_OUTCOMES = {
    "Made", "Thermal before", "Thermal after", "Power source after", "Load before", "Load after",
    "Planned runs", "Resumed", "Plan SHA-256",
}  # fmt: skip
"""Facts that differ between any two benchmarks, and so are no difference to report."""


@dataclass(frozen=True, slots=True)
class Difference:
    subject: str  # machine and program, pair, or settings
    name: str
    a: str
    b: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Median speeds of one mode in one category (None: all), of the runs that both reports have."""

    category: str | None
    mode: Mode
    pairs: int
    a_tps: float
    b_tps: float
    ratio: Interval  # b over a, paired by prompt and repeat

    @property
    def outcome(self) -> Outcome:
        """Whether B is faster or slower than A, or no difference can be shown."""
        ratio = self.ratio
        if ratio.has_spread:
            return compared(ratio.median, ratio.low, ratio.high, LEAST_NOISE)
        return compared(ratio.median, None, None, LEAST_NOISE)

    @property
    def verdict(self) -> str:
        """The outcome in words; a single pair of runs has no interval, and says so."""
        word = WORDS[self.outcome]
        return word if self.ratio.has_spread else f"{word}, one run each"


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """What differs between two reports, and their ratios or the reason why there are none."""

    differences: tuple[Difference, ...]
    rows: tuple[Row, ...]  # () where the reports are not comparable
    refusal: str = ""  # why not
    compared: int = 0  # runs of A that have a counterpart in B
    warnings: tuple[str, ...] = ()  # of both reports, each with the report's name, none twice


def side_by_side(a: Report, b: Report) -> SideBySide:
    pairs = list(_both(a, b))
    refusal = _refusal(a, b, pairs)
    return SideBySide(
        differences=tuple(_differences(a, b)),
        rows=() if refusal else tuple(_rows(pairs)),
        refusal=refusal,
        compared=0 if refusal else len(pairs),
        warnings=tuple(_warnings(a, b)),
    )


def _refusal(a: Report, b: Report, pairs: Sequence[_Both]) -> str:
    """Return why the speeds of two reports must not be compared; "" where they may."""
    replayed = [one.settings.replay_acceptance for one in (a, b)]
    if (replayed[0] is None) != (replayed[1] is None):
        which = "A" if replayed[0] is not None else "B"
        return (
            f"Not comparable: the drafts of {which} were replayed at a given acceptance, and those "
            "of the other are its drafter's own."
        )
    if replayed[0] != replayed[1]:
        return "Not comparable: the drafts of A and B were replayed at different acceptances."
    if not pairs:
        return (
            "Not comparable: no run of A is known to have the prompt, mode and repeat of one of B."
        )
    return ""


def comparison(a: Report, b: Report) -> Iterator[Part]:
    """Yield both reports side by side as parts, for any dialect."""
    both = side_by_side(a, b)
    yield Title(COMPARISON)
    yield Facts((Fact("A", _named(a)), Fact("B", _named(b))))
    yield Heading("What differs")
    if both.differences:
        yield _table_of(both.differences)
    else:
        yield Paragraph("Machine, versions, pair and settings are the same.")
    yield _verdict(both)
    if both.warnings:
        yield Disturbed(" ".join(both.warnings))
    main = _main(both.rows)
    drawn = _chart(both.rows, None if main is None else main.mode)
    if drawn is not None:
        yield Charts((drawn,))
    if both.rows:
        yield Heading("Speed of B over A")
        yield from _ratios(both.rows)
        missing = max(len(a.runs), len(b.runs)) - both.compared
        if missing:
            yield Paragraph(
                f"{words.count(both.compared)} runs of the same prompt, mode and repeat are "
                f"compared; {words.count(missing)} have no counterpart."
            )
    for name, one in (("A", a), ("B", b)):
        yield Heading(f"{name} by itself")
        yield answer.verdict(one)
        yield from tables.speeds(one.summary)


def _named(report: Report) -> str:
    return ", ".join((report.title, *answer.made(report)))


def _main(rows: Sequence[Row]) -> Row | None:
    """Return the row that the comparison is about: of auto, or else of the last mode."""
    whole = [row for row in rows if row.category is None]
    return next((row for row in whole if row.mode == "auto"), whole[-1] if whole else None)


def _verdict(both: SideBySide) -> Verdict:
    """Return what the comparison comes to."""
    row = _main(both.rows)
    if row is None:
        return Verdict(
            text=both.refusal, drafted="", large="Not comparable", word="not comparable",
            tone="plain",
        )  # fmt: skip
    ratio, sure = row.ratio, _tone(row) != "plain"
    spread = f" (95 %: {_spread(ratio)})" if ratio.has_spread else ""
    mode = "plain decoding" if row.mode == "off" else answer.mode_name(row.mode)
    told = {
        "faster": f"B ran {mode} {words.ratio(ratio.median)} times as fast as A{spread}",
        "slower": f"B ran {mode} slower than A: at {words.ratio(ratio.median)} times its speed"
        f"{spread}",
    }.get(
        row.outcome,
        f"These runs show no clear difference between A and B in {mode}: "
        f"{words.ratio(ratio.median)} times the speed{spread}",
    )
    many = "s" * (row.pairs != 1)
    alone = "" if ratio.has_spread else ", in one run each, which has no interval"
    return Verdict(
        text=f"{told}{alone}.",
        drafted=f"{words.count(row.pairs)} pair{many} of runs of the same prompt.",
        large=words.times(ratio.median) if sure else WORDS[row.outcome].capitalize(),
        word=WORDS[row.outcome],
        tone=_tone(row),
    )


def _table_of(differences: Sequence[Difference]) -> Table:
    names = ("Part", "What differs", "A", "B")
    return Table(
        tuple(Column(name, is_number=False) for name in names),
        tuple((one.subject, one.name, one.a, one.b) for one in differences),
    )


def _chart(rows: Sequence[Row], mode: Mode | None) -> Chart | None:
    """Return the chart of the ratios; of many, every category of `mode` alone."""
    drawn = [row for row in rows if row.mode == mode or row.category is None]
    shown = [
        Ratio(
            name=row_name(row.category, row.mode, mode),
            value=row.ratio.median,
            low=row.ratio.low if row.ratio.has_spread else None,
            high=row.ratio.high if row.ratio.has_spread else None,
            word=WORDS[row.outcome],
            tone=_tone(row),
            is_whole=row.category is None,
        )
        for row in (rows if len(rows) <= MOST_ROWS else drawn)
    ]
    unit = "times the speed of A; lines: 95 %"
    return chart("Speed of B over A by category", unit, shown, mode)


def _tone(row: Row) -> Literal["faster", "warning", "plain"]:
    """Return the colour of a ratio: only a sure one has any."""
    if not row.ratio.has_spread or row.outcome not in {"faster", "slower"}:
        return "plain"
    return "warning" if row.outcome == "slower" else "faster"


def _ratios(rows: Sequence[Row]) -> Iterator[Table]:
    """Yield the ratios, a row a category, with two modes beside each other in a table."""
    modes = list(dict.fromkeys(row.mode for row in rows))
    for i in range(0, len(modes), 2):
        yield _ratio_table(rows, modes[i : i + 2])


def _ratio_table(rows: Sequence[Row], modes: Sequence[Mode]) -> Table:
    categories = list(dict.fromkeys(row.category for row in rows))
    columns = [Column("Category", is_number=False)]
    cells = [[words.category(category) for category in categories]]
    slow: set[Cell] = set()
    for mode in modes:
        here = {row.category: row for row in rows if row.mode == mode}
        made = [here.get(category) for category in categories]
        slow |= {
            Cell(i, len(columns) + at)
            for i, row in enumerate(made)
            if row is not None and _tone(row) == "warning"
            for at in (3, 5)
        }
        names = ("Pairs", "A, tokens/s", "B, tokens/s", f"B over A, {words.TIMES}", "95 %")
        columns += [Column(name, over=words.mode(mode)) for name in names]
        columns.append(Column("B is", is_number=False, over=words.mode(mode)))
        cells += [
            [words.NONE if row is None else words.count(row.pairs) for row in made],
            tables.aligned([None if row is None else row.a_tps for row in made], tables.RATES),
            tables.aligned([None if row is None else row.b_tps for row in made], tables.RATES),
            [words.NONE if row is None else words.ratio(row.ratio.median) for row in made],
            [words.NONE if row is None else _spread(row.ratio) for row in made],
            [words.NONE if row is None else row.verdict for row in made],
        ]
    return Table(tuple(columns), tuple(zip(*cells, strict=True)), warnings=frozenset(slow))


def _spread(ratio: Interval) -> str:
    return words.between(ratio.low, ratio.high) if ratio.has_spread else words.NONE


def _warnings(a: Report, b: Report) -> Iterator[str]:
    mine, others = list(notes(a)), list(notes(b))
    for note in dict.fromkeys((*mine, *others)):
        name = "A and B" if note in mine and note in others else "A" if note in mine else "B"
        yield f"{name}: {note}"


def _differences(a: Report, b: Report) -> Iterator[Difference]:
    """Yield what differs: machine and program first, for it explains most."""
    for subject, mine, others in (
        ("Machine", words.environment_facts(a), words.environment_facts(b)),
        ("Pair", words.all_pair_facts(a.pair), words.all_pair_facts(b.pair)),
        ("Settings", words.settings_facts(a.settings), words.settings_facts(b.settings)),
    ):
        for one, other in zip(mine, others, strict=True):
            if one.value != other.value and one.name not in _OUTCOMES:
                yield Difference(subject, one.name, one.value, other.value)


@dataclass(frozen=True, slots=True)
class _Both:
    a: Run
    b: Run
    a_tps: float
    b_tps: float


def _rows(pairs: Sequence[_Both]) -> Iterator[Row]:
    categories: list[str | None] = [None, *dict.fromkeys(pair.a.category for pair in pairs)]
    for category in categories if len(categories) > 2 else categories[:1]:
        for mode in dict.fromkeys(pair.a.mode for pair in pairs):
            here = [
                pair
                for pair in pairs
                if pair.a.mode == mode and category in (None, pair.a.category)
            ]
            yield from _row(category, mode, here)


def _both(a: Report, b: Report) -> Iterator[_Both]:
    other = {key: run for run in b.runs if not run.cut for key in _keys(run, b)}
    for run in a.runs:
        twin = next((other[key] for key in _keys(run, a) if key in other), None)
        if twin is not None and not run.cut and run.decode_tps and twin.decode_tps:
            yield _Both(run, twin, run.decode_tps, twin.decode_tps)


def _keys(run: Run, report: Report) -> Iterator[tuple[object, ...]]:
    """Yield the keys by which two runs are of one prompt: its hash, or its id in one suite."""
    if run.prompt_sha256 is not None:
        yield run.mode, run.repeat, run.prompt_sha256
    if report.settings.suite is not None:
        yield run.mode, report.settings.suite, place(run)


def _row(category: str | None, mode: Mode, here: Sequence[_Both]) -> Iterator[Row]:
    ratio = interval([pair.b_tps / pair.a_tps for pair in here])
    if ratio is not None:
        yield Row(
            category=category,
            mode=mode,
            pairs=len(here),
            a_tps=median([pair.a_tps for pair in here]),
            b_tps=median([pair.b_tps for pair in here]),
            ratio=ratio,
        )
