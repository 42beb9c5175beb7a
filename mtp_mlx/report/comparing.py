"""Two reports side by side: their differences, and the ratios of their speeds. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from mtp_mlx.report import words
from mtp_mlx.report.claims import LEAST_NOISE, WORDS, Outcome, compared
from mtp_mlx.report.derived import Interval, interval, place
from mtp_mlx.report.model import Mode, Report, Run
from mtp_mlx.report.warnings import notes
from mtp_mlx.report.words import Fact

_OUTCOMES = {
    "Made", "Thermal before", "Thermal after", "Power source after", "Load before", "Load after",
    "Planned runs", "Resumed", "Plan SHA-256",
}  # fmt: skip
"""Facts that differ between any two benchmarks, and so are no difference to report."""


@dataclass(frozen=True, slots=True)
class Difference:
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
    differences: tuple[Difference, ...]  # between pair, settings and environment
    rows: tuple[Row, ...]  # () where no prompt is known to be the same
    warnings: tuple[str, ...] = ()  # of both reports, each with the report's name, none twice


def side_by_side(a: Report, b: Report) -> SideBySide:
    return SideBySide(
        differences=tuple(_differences(a, b)),
        rows=tuple(_rows(a, b)),
        warnings=tuple(_warnings(a, b)),
    )


def _warnings(a: Report, b: Report) -> Iterator[str]:
    mine, others = list(notes(a)), list(notes(b))
    for note in dict.fromkeys((*mine, *others)):
        name = "A and B" if note in mine and note in others else "A" if note in mine else "B"
        yield f"{name}: {note}"


def _differences(a: Report, b: Report) -> Iterator[Difference]:
    for mine, other in zip(_facts(a), _facts(b), strict=True):
        if mine.value != other.value:
            yield Difference(mine.name, mine.value, other.value)


def _facts(report: Report) -> list[Fact]:
    """Return the facts that are compared; all reports have the same names in the same order."""
    facts = [
        *words.all_pair_facts(report.pair),
        *words.settings_facts(report.settings),
        *words.environment_facts(report),
    ]
    return [fact for fact in facts if fact.name not in _OUTCOMES]


@dataclass(frozen=True, slots=True)
class _Both:
    a: Run
    b: Run
    a_tps: float
    b_tps: float


def _rows(a: Report, b: Report) -> Iterator[Row]:
    pairs = list(_both(a, b))
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
