"""The tables of a report as values: columns with units, aligned numbers, the best marked. Pure.

Numbers of a column have equally many decimals, so that right-aligned figures stand point below
point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mtp_mlx.report import words
from mtp_mlx.report.claims import claim_of
from mtp_mlx.report.lengths import LengthSpeed, Speed, speeds_by_length
from mtp_mlx.report.model import Comparison, Group, Mode, Run
from mtp_mlx.report.words import NONE, NOT_MEASURED, TAU, measured

_ON_MODES = 2  # modes with MTP beside each other in one table: more do not fit on a page
BEST = "Bold: the fastest of the modes that are surely faster than plain decoding in the category."
_ENDS = {
    "stop": "end token",
    "length": "limit",
    "cancelled": "cancelled",
    "failed": "failed",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name with the unit, and the name that it shares with its neighbours, or ""."""

    name: str
    is_number: bool = True
    over: str = ""


_CATEGORY = Column("Category", is_number=False)


@dataclass(frozen=True, slots=True)
class Cell:
    """The row and the column of a cell, from 0."""

    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    best: frozenset[Cell] = frozenset()  # the fastest of its row, shown bold
    warnings: frozenset[Cell] = frozenset()  # a slow-down or a cut run


@dataclass(frozen=True, slots=True)
class Span:
    """A number of neighbouring columns that share a name; "" where they share none."""

    name: str
    columns: int


def spans(table: Table) -> tuple[Span, ...]:
    """Return the names over the columns, in order; () where no column shares one."""
    found: list[Span] = []
    for column in table.columns:
        if found and column.over and found[-1].name == column.over:
            found[-1] = Span(column.over, found[-1].columns + 1)
        else:
            found.append(Span(column.over, 1))
    return tuple(found) if any(span.name for span in found) else ()


def named_flat(column: Column) -> str:
    """Return the column's name for formats without names over columns."""
    return f"{column.over}: {column.name}" if column.over else column.name


@dataclass(frozen=True, slots=True)
class Decimals:
    """How many decimals a column has, and the factor that its values are multiplied by."""

    large: int  # where every value is 100 or more
    small: int
    factor: float = 1


RATES = Decimals(0, 1)
TWO = Decimals(2, 2)
_GB = Decimals(2, 2, 1e-9)


def aligned(values: Sequence[float | None], decimals: Decimals) -> list[str]:
    """Return the values with equally many decimals, and a dash for None."""
    known = [value * decimals.factor for value in values if value is not None]
    digits = decimals.large if known and min(known) >= 100 else decimals.small
    return [NONE if v is None else f"{v * decimals.factor:.{digits}f}" for v in values]


Measure = Callable[[Group], float | None]


@dataclass(frozen=True, slots=True)
class _Grid:
    """Groups by row and mode. A row is a category or, `by_context`, a length of context."""

    summary: Sequence[Group]
    by_context: bool = False

    @property
    def head(self) -> Column:
        return Column("Context, tokens") if self.by_context else _CATEGORY

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(map(self._name, self.summary)))

    def _name(self, group: Group) -> str:
        if self.by_context:
            return words.count(group.context_tokens or 0)
        return words.category(group.category)

    @property
    def has_plain(self) -> bool:
        return any(one.mode == "off" for one in self.summary)

    def with_plain(self, on: Sequence[Mode]) -> list[Mode]:
        """Return the modes with plain decoding before them, where it was measured."""
        plain: list[Mode] = ["off"] if self.has_plain else []
        return [*plain, *on]

    def column(self, mode: Mode) -> list[Group | None]:
        """Return the mode's group of each row; None where it has no runs there."""
        here = {self._name(one): one for one in self.summary if one.mode == mode}
        return [here.get(name) for name in self.names]

    def numbers(self, mode: Mode, measure: Measure, decimals: Decimals) -> list[str]:
        values = [None if one is None else measure(one) for one in self.column(mode)]
        return aligned(values, decimals)

    def fastest(self, name: str) -> Mode | None:
        """Return the mode with the greatest of a row's sure gains; None where none is sure."""
        here = [one for one in self.summary if self._name(one) == name]
        gains = [one for one in here if claim_of(one).tone == "faster"]
        return max(gains, key=lambda one: one.speedup or 0).mode if gains else None


def speeds(summary: Sequence[Group]) -> tuple[Table, ...]:
    """Return tokens/s and speed-ups, a row a category with the modes side by side.

    More modes than a page has room for make more tables.
    """
    return tuple(_speeds(_Grid(summary), on) for on in _batches(summary))


def speeds_by_context(groups: Sequence[Group] | None) -> tuple[Table, ...]:
    """Return tokens/s and speed-ups, a row a length of context; () without groups."""
    if not groups:
        return ()
    return tuple(_speeds(_Grid(groups, by_context=True), on) for on in _batches(groups))


def drafts(summary: Sequence[Group]) -> tuple[Table, ...]:
    """Return what was drafted, accepted and emitted, and the time to the first token."""
    return tuple(_drafts(_Grid(summary), on) for on in _batches(summary) if on)


def _batches(summary: Sequence[Group]) -> list[list[Mode]]:
    """Return the modes with MTP in groups that fit beside each other; [[]] for plain alone."""
    on: list[Mode] = [mode for mode in dict.fromkeys(one.mode for one in summary) if mode != "off"]
    return [on[i : i + _ON_MODES] for i in range(0, len(on), _ON_MODES)] or [[]]


def _speeds(grid: _Grid, on: Sequence[Mode]) -> Table:
    modes = grid.with_plain(on)
    columns = [grid.head, *(Column(words.mode(mode), over="Tokens/s") for mode in modes)]
    cells: list[list[str]] = [
        grid.names,
        *(grid.numbers(mode, lambda one: one.decode_tps, RATES) for mode in modes),
    ]
    slow: set[Cell] = set()
    for mode in on:
        over = f"{words.mode(mode)} against plain"
        said = [None if one is None else claim_of(one) for one in grid.column(mode)]
        slow |= {
            Cell(row, column)
            for row, one in enumerate(said)
            if one is not None and one.tone == "warning"
            for column in (len(columns), len(columns) + 2)
        }
        columns += [
            Column(f"Speed-up, {words.TIMES}", over=over),
            Column("95 %", over=over),
            Column("Result", is_number=False, over=over),
        ]
        cells += [
            [NONE if one is None or one.ratio is None else words.ratio(one.ratio) for one in said],
            [(one and words.spread(one.low, one.high)) or NONE for one in said],
            [NONE if one is None or one.outcome == "unmeasured" else one.word for one in said],
        ]
    best = {
        Cell(row, 1 + modes.index(mode))
        for row, name in enumerate(grid.names)
        for mode in on
        if mode == grid.fastest(name)
    }
    return Table(tuple(columns), _rows(cells), frozenset(best), frozenset(slow))


def _drafts(grid: _Grid, on: Sequence[Mode]) -> Table:
    columns = [grid.head]
    cells: list[list[str]] = [grid.names]
    for mode in on:
        over = words.mode(mode)
        columns += [
            Column("Drafted in", over=over),
            Column("Accepted, %", over=over),
            Column(TAU, over=over),
            Column("Tokens/round", over=over),
        ]
        cells += [
            list(map(_drafted, grid.column(mode))),
            [_percents(one) for one in grid.column(mode)],
            grid.numbers(mode, lambda one: one.mean_acceptance_length, TWO),
            grid.numbers(mode, lambda one: one.tokens_per_round, TWO),
        ]
    modes = grid.with_plain(on)
    columns += [Column(words.mode(mode), over="First token, s") for mode in modes]
    cells += [grid.numbers(mode, lambda one: one.ttft_s, TWO) for mode in modes]
    return Table(tuple(columns), _rows(cells))


def lengths(made: Sequence[Run]) -> Table | None:
    """Return prefill beside decode tokens/s by length of prompt; None where prefill is unknown."""
    found = speeds_by_length(made)
    if not any(one.prefill for one in found):
        return None
    modes = list(dict.fromkeys(each.mode for one in found for each in one.decode))
    columns = (
        Column("Prompt tokens"), Column("Runs"), Column("median", over="Prompt tokens/s"),
        Column("lowest to highest", over="Prompt tokens/s"),
        *(Column(words.mode(mode), over="Tokens/s") for mode in modes),
    )  # fmt: skip
    cells: list[list[str]] = [
        [_length(one) for one in found],
        [words.count(one.runs) for one in found],
        aligned([None if one.prefill is None else one.prefill.tps for one in found], RATES),
        [NONE if one.prefill is None else _range(one.prefill) for one in found],
        *(aligned([_decode(one, mode) for one in found], RATES) for mode in modes),
    ]
    return Table(columns, _rows(cells))


def _length(one: LengthSpeed) -> str:
    if one.shortest == one.longest:
        return words.count(one.longest)
    return f"{words.count(one.shortest)} to {words.count(one.longest)}"


def _range(speed: Speed) -> str:
    return f"{words.rate(speed.low)} to {words.rate(speed.high)}"


def _decode(one: LengthSpeed, mode: Mode) -> float | None:
    return next((each.speed.tps for each in one.decode if each.mode == mode), None)


def _percents(group: Group | None) -> str:
    rate = None if group is None else group.acceptance_rate
    return NONE if rate is None else words.percents(rate)


def _drafted(group: Group | None) -> str:
    if group is None or group.draft_rounds is None or group.rounds is None:
        return NONE
    return f"{group.draft_rounds} of {group.rounds}"


def _rows(columns: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(zip(*columns, strict=True))


_RUNS = (
    _CATEGORY, Column("Prompt", is_number=False),
    Column("MTP", is_number=False), Column("Repeat"), Column("Tokens"), Column("Tokens/s"),
    Column("Drafted"), Column("Accepted"), Column("Rounds that drafted"), Column("Prompt tokens"),
    Column("Prompt tokens/s"), Column("First token, s"), Column("Peak memory, GB"),
    Column("End", is_number=False),
)  # fmt: skip
_END = len(_RUNS) - 1


def runs(made: Sequence[Run]) -> Table:
    """Return a row a run."""
    columns: list[Sequence[str]] = [
        [run.category for run in made],
        [words.prompt(run.prompt_id, run.context_tokens) for run in made],
        [words.mode(run.mode) for run in made],
        [str(run.repeat) for run in made],
        _counts(run.generated_tokens for run in made),
        aligned([run.decode_tps for run in made], RATES),
        _counts(run.draft_n for run in made),
        _counts(run.draft_n_accepted for run in made),
        _counts(run.draft_rounds for run in made),
        _counts(run.prompt_tokens for run in made),
        aligned([run.prefill_tps for run in made], RATES),
        aligned([run.ttft_s for run in made], TWO),
        aligned([run.peak_memory_bytes for run in made], _GB),
        [_ENDS[run.finish_reason] for run in made],
    ]
    cut = frozenset(Cell(i, _END) for i, run in enumerate(made) if run.cut)
    return Table(_RUNS, _rows(columns), warnings=cut)


def _counts(values: Iterable[int | None]) -> list[str]:
    return [NONE if value is None else words.count(value) for value in values]


_PARTINGS = (
    _CATEGORY, Column("Prompt", is_number=False),
    Column("MTP", is_number=False), Column("Differs at token"), Column("Margin there, logits"),
    Column("Rounding", is_number=False),
)  # fmt: skip


def partings(compared: Sequence[Comparison]) -> Table:
    """Return a row for each text that differs from that of plain decoding."""
    rows = tuple(
        (
            one.category,
            words.prompt(one.prompt_id, one.context_tokens),
            words.mode(one.mode),
            NONE if one.parts_at is None else words.count(one.parts_at),
            measured(words.margin)(one.margin),
            rounding(one),
        )
        for one in compared
    )
    return Table(_PARTINGS, rows)


def rounding(compared: Comparison) -> str:
    """Return whether rounding explains that two texts differ."""
    if compared.rounding_tie is None:
        return NOT_MEASURED
    bound = compared.margin_bound
    most = "" if bound is None else f" (up to {words.margin(bound)})"
    said = "a rounding tie" if compared.rounding_tie else "more than rounding explains"
    return f"{said}{most}"
