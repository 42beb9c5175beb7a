"""Reports as PDF, set by Typst. This module is imported only to make one.

Typst (https://typst.app) is a library that sets pages offline: running heads, page numbers, heads
of tables that are repeated, and charts that stay with their titles. What the report says goes to
it as JSON and is text there, never markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import typst
from PySide6.QtCore import QLocale

from mtp_mlx.errors import ReportNotSaved
from mtp_mlx.paths import resources
from mtp_mlx.report import naming, tables, words
from mtp_mlx.report.contents import Charts, Folded, Heading, Part, Verbatim, contents
from mtp_mlx.report.model import Paper, Report
from mtp_mlx.report.sheet import PRINTED
from mtp_mlx.report.svg import LIGHT
from mtp_mlx.report.tables import Table
from mtp_mlx.report.writer import SEPARATOR

_TEMPLATE = "report.typ"
_LETTER = {
    QLocale.Country.UnitedStates, QLocale.Country.Canada, QLocale.Country.Mexico,
    QLocale.Country.Philippines, QLocale.Country.Chile, QLocale.Country.Colombia,
}  # fmt: skip
_MOST_ROWS = 2000  # of a table on paper: nobody turns more pages
_MOST_CELL = 60
_BREAK_AFTER = 14  # letters of a word behind which a cell may break its line
_BREAK = "\N{ZERO WIDTH SPACE}"


def usual_paper() -> Paper:
    """Return the paper of the country that the system is set to."""
    return "us-letter" if QLocale.system().territory() in _LETTER else "a4"


def pdf(report: Report, paper: Paper | None = None) -> bytes:
    """Return the report on paper, on as many pages as it takes.

    None takes the country's paper. Raises ReportNotSaved where Typst cannot set it.
    """
    facts = (naming.program_name(report.environment), naming.day(report.created))
    foot = SEPARATOR.join(filter(None, facts))
    return pages(report.title, contents(report), foot, report.created, paper)


def pages(
    title: str,
    parts: Iterable[Part],
    foot: str = "",
    created: str | None = None,
    paper: Paper | None = None,
) -> bytes:
    """Return the parts on paper; `foot` stands at the foot of each page, `title` at the head.

    Raises ReportNotSaved where Typst cannot set them.
    """
    document = {
        "paper": paper or usual_paper(),
        "title": words.line(title),
        "foot": words.line(foot),
        "parts": [_value(part) for part in _with_numbers(parts)],
        "palette": {name: getattr(LIGHT, name) for name in ("ink", "quiet", "grid", "warning")}
        | {"accent": LIGHT.series[1]},
    }
    try:
        made = typst.compile(
            resources() / _TEMPLATE,
            root=resources(),
            sys_inputs={"report": msgspec.json.encode(document).decode()},
            timestamp=_timestamp(created),
        )
    except typst.TypstError as error:
        raise ReportNotSaved(
            f"The PDF could not be set: {words.shortened(str(error), 120)}.",
            "Export as .html instead, which prints as well.",
        ) from error
    assert isinstance(made, bytes)
    return made


def _with_numbers(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield the parts, and behind them the numbers of the charts, which paper cannot unfold."""
    numbers: list[Part] = []
    for part in parts:
        yield part
        if isinstance(part, Charts):
            for chart in part.charts:
                numbers += [Heading(chart.title), chart.numbers]
    if numbers:
        yield Folded("Numbers of the charts", "", tuple(numbers))


def _timestamp(created: str | None) -> int | None:
    """Return the report's date for the file's properties, in seconds since the epoch."""
    try:
        date = datetime.fromisoformat(created or "")
    except ValueError:
        return None
    return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())


def _value(part: Part) -> dict[str, Any]:
    """Return a part as JSON takes it, with its kind."""
    kind = type(part).__name__.lower()
    match part:
        case Charts():
            value: dict[str, Any] = {
                "charts": [
                    {"title": chart.title, "svg": chart.svg(LIGHT, PRINTED)}
                    for chart in part.charts
                ]
            }
        case Table():
            value = _table(part)
        case Folded():
            value = {
                "name": part.name,
                "summary": words.line(part.summary),
                "parts": [_value(one) for one in part.parts],
            }
        case Verbatim():
            lines = [words.whole(one.expandtabs(4)) for one in part.text.splitlines()]
            value = {"title": words.line(part.title), "lines": lines}
        case _:
            value = _cleaned(msgspec.to_builtins(part))
    return {"kind": kind} | value


def _table(table: Table) -> dict[str, Any]:
    rows = table.rows[:_MOST_ROWS]
    return {
        "spans": [{"name": one.name, "columns": one.columns} for one in tables.spans(table)],
        "columns": [{"name": one.name, "number": one.is_number} for one in table.columns],
        "rows": [[_breakable(cell) for cell in row] for row in rows],
        "best": [[cell.row, cell.column] for cell in table.best],
        "warnings": [[cell.row, cell.column] for cell in table.warnings],
        "left": len(table.rows) - len(rows),
    }


def _breakable(text: str) -> str:
    """Return a cell whose long words may be broken, so that none is wider than its column."""
    shown = words.shortened(text, _MOST_CELL)
    return " ".join(
        _BREAK.join(word[i : i + _BREAK_AFTER] for i in range(0, len(word), _BREAK_AFTER))
        for word in shown.split(" ")
    )


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return words.line(value)
    if isinstance(value, dict):
        return {name: _cleaned(one) for name, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list | tuple) else value
