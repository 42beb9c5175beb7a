"""Reports for the terminal, in 79 columns. Pure.

`report` shows the whole report, `table` what a benchmark came to, `comparison` two reports side by
side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from mtp_mlx.report import comparing
from mtp_mlx.report import contents as parts
from mtp_mlx.report.answer import Figure, Verdict
from mtp_mlx.report.contents import Folded
from mtp_mlx.report.model import Report
from mtp_mlx.report.sheet import Chart
from mtp_mlx.report.tables import Cell, Table
from mtp_mlx.report.words import NOT_MEASURED, Fact, line, shortened
from mtp_mlx.report.writer import SEPARATOR, Dialect, write

_WIDTH = 79
_GAP = 2  # between two columns
_MOST_CELL = 30  # letters of a cell
_MOST_ROWS = 200
_BEST = "*"


def report(shown: Report) -> str:
    """Return the whole report, but for the table of runs: the CSV and the JSON hold them."""
    return write(parts.contents(shown), Terminal())


def table(shown: Report) -> str:
    """Return what a benchmark came to: the verdict, its figures and the speeds by category."""
    return write(parts.summary(shown), Terminal())


class Terminal(Dialect):
    between = "\n\n"

    def title(self, text: str) -> str:
        return _wrapped(text)

    def about(self, facts: Sequence[str]) -> str:
        return _wrapped(SEPARATOR.join(facts))

    def verdict(self, verdict: Verdict) -> str:
        return _wrapped(f"{verdict.text} {verdict.drafted}")

    def figures(self, figures: Sequence[Figure]) -> str:
        width = max(len(one.name) for one in figures)
        return "\n".join(
            f"  {one.name:{width}}  {one.value}{f'  ({one.note})' if one.note else ''}"
            for one in figures
        )

    def disturbed(self, text: str) -> str:
        return _wrapped(f"What disturbed this run: {text}")

    def heading(self, text: str) -> str:
        return line(text)

    def paragraph(self, text: str) -> str:
        return _wrapped(text.replace("Bold:", f"{_BEST}:"))

    def charts(self, charts: Sequence[Chart]) -> str:
        """Return the numbers of the charts."""
        return self.between.join(f"{chart.title}\n{self.table(chart.numbers)}" for chart in charts)

    def table(self, table: Table) -> str:
        """Return the table; one wider than a terminal is cut into several with the same rows."""
        return "\n\n".join("\n".join(_block(table, columns)) for columns in _blocks(table))

    def facts(self, facts: Sequence[Fact]) -> str:
        """Return a line for each fact that was measured, then one line that names the others."""
        return "\n".join(_facts(facts))

    def verbatim(self, title: str, text: str) -> str:  # noqa: ARG002 - read in the exports
        return ""

    def folded(self, section: Folded) -> str:
        """Return the section; the runs, of which there may be thousands, stay folded."""
        head = f"{section.name}: {line(section.summary)}" if section.summary else section.name
        if section.name == parts.RUNS:
            return _wrapped(f"{head} (in the CSV and the JSON)")
        return f"{_wrapped(head)}\n{write(section.parts, self)}"


def _wrapped(text: str) -> str:
    return "\n".join(wrap(line(text), _WIDTH))


def _blocks(table: Table) -> Iterator[list[int]]:
    """Yield the columns of each block: those that name a row, and the spans that fit beside them.

    A span that is too wide for a block of its own is cut between its columns.
    """
    widths = [_width(table, i) for i in range(len(table.columns))]

    def fits(columns: Sequence[int]) -> bool:
        return sum(widths[i] + _GAP for i in columns) - _GAP <= _WIDTH

    names = _names(table)
    block = [*names]
    for span in _span_columns(table, len(names)):
        for part in [span] if fits([*names, *span]) else [[column] for column in span]:
            if len(block) > len(names) and not fits([*block, *part]):
                yield block
                block = [*names]
            block += part
    yield block


def _names(table: Table) -> list[int]:
    """Return the columns that name a row: the texts before its first number."""
    texts = next((i for i, column in enumerate(table.columns) if column.is_number), 2)
    return list(range(max(1, texts)))


def _span_columns(table: Table, start: int) -> list[list[int]]:
    """Return the columns from `start` on, those with a name in common together."""
    found: list[list[int]] = []
    for i, column in enumerate(table.columns[start:], start):
        together = column.over and table.columns[i - 1].over == column.over
        if together and found:
            found[-1].append(i)
        else:
            found.append([i])
    return found


def _width(table: Table, i: int) -> int:
    cells = (len(_cell(table, j, i)) for j in range(min(len(table.rows), _MOST_ROWS)))
    return max(len(table.columns[i].name), *cells)


def _cell(table: Table, row: int, column: int) -> str:
    """Return a cell with its mark; in a column that has marks, a blank stands for none."""
    text = shortened(table.rows[row][column], _MOST_CELL)
    if Cell(row, column) in table.best:
        return text + _BEST
    return text + " " * any(cell.column == column for cell in table.best)


def _block(table: Table, columns: Sequence[int]) -> Iterator[str]:
    widths = {i: _width(table, i) for i in columns}
    over = ""
    for i in columns:
        name = table.columns[i].over
        is_first = name and (i == columns[0] or table.columns[i - 1].over != name)
        start = len("".join(" " * (widths[j] + _GAP) for j in columns[: columns.index(i)]))
        if is_first:
            span = [j for j in columns if table.columns[j].over == name]
            width = sum(widths[j] + _GAP for j in span) - _GAP
            over = f"{over:{start}}{shortened(name, max(width, 8)):^{width}}"
    if over:
        yield over.rstrip()
    names = [(table.columns[i].name, i) for i in columns]
    yield _padded(table, names, widths)
    for row in range(min(len(table.rows), _MOST_ROWS)):
        yield _padded(table, [(_cell(table, row, i), i) for i in columns], widths)
    if len(table.rows) > _MOST_ROWS:
        yield f"and {len(table.rows) - _MOST_ROWS} more"


def _padded(table: Table, cells: Iterable[tuple[str, int]], widths: dict[int, int]) -> str:
    padded = (
        f"{text:>{widths[i]}}" if table.columns[i].is_number else f"{text:{widths[i]}}"
        for text, i in cells
    )
    return (" " * _GAP).join(padded).rstrip()


def _facts(facts: Sequence[Fact]) -> Iterator[str]:
    measured = [fact for fact in facts if fact.value != NOT_MEASURED]
    for fact in measured:
        named = f"  {fact.name:28}{line(fact.value)}"
        yield from wrap(named, _WIDTH, subsequent_indent=" " * 30)
    absent = [fact.name.lower() for fact in facts if fact.value == NOT_MEASURED]
    if absent:
        yield from wrap(f"Not measured: {', '.join(absent)}", _WIDTH, initial_indent="  ",
                        subsequent_indent="  ")  # fmt: skip


def comparison(a: Report, b: Report) -> str:
    """Return what differs between two reports, and the ratios of their speeds."""
    return write(comparing.comparison(a, b), Terminal())
