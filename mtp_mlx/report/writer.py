"""The writer of reports, the protocol of its dialects, and the dialect Markdown. Pure."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar

from mtp_mlx.report import tables
from mtp_mlx.report.answer import Figure, Verdict
from mtp_mlx.report.contents import (
    About,
    Charts,
    Disturbed,
    Facts,
    Figures,
    Folded,
    Heading,
    Paragraph,
    Part,
    Title,
    Verbatim,
    contents,
)
from mtp_mlx.report.model import Report
from mtp_mlx.report.sheet import Chart
from mtp_mlx.report.tables import Cell, Table
from mtp_mlx.report.words import Fact

_TICKS = re.compile("`+")
_OWN = re.compile(r"[\\`*_\[\]<>|#~&]")
SEPARATOR = " \N{MIDDLE DOT} "


class Dialect(ABC):
    """Writes each kind of part in one format. A part that a format leaves out is ""."""

    between: ClassVar[str]
    """The text between two parts."""

    @abstractmethod
    def title(self, text: str) -> str: ...

    @abstractmethod
    def about(self, facts: Sequence[str]) -> str: ...

    @abstractmethod
    def verdict(self, verdict: Verdict) -> str: ...

    @abstractmethod
    def figures(self, figures: Sequence[Figure]) -> str: ...

    @abstractmethod
    def disturbed(self, text: str) -> str: ...

    @abstractmethod
    def heading(self, text: str) -> str: ...

    @abstractmethod
    def paragraph(self, text: str) -> str: ...

    @abstractmethod
    def charts(self, charts: Sequence[Chart]) -> str: ...

    @abstractmethod
    def table(self, table: Table) -> str: ...

    @abstractmethod
    def facts(self, facts: Sequence[Fact]) -> str: ...

    @abstractmethod
    def verbatim(self, title: str, text: str) -> str: ...

    @abstractmethod
    def folded(self, section: Folded) -> str: ...


def write(parts: Iterable[Part], dialect: Dialect) -> str:
    """Return the parts in their order, each written by the dialect."""
    return dialect.between.join(filter(None, (_written(part, dialect) for part in parts)))


def _written(part: Part, dialect: Dialect) -> str:  # noqa: C901, PLR0911 - one line a kind
    match part:
        case Title():
            return dialect.title(part.text)
        case About():
            return dialect.about(part.facts)
        case Verdict():
            return dialect.verdict(part)
        case Figures():
            return dialect.figures(part.figures)
        case Disturbed():
            return dialect.disturbed(part.text)
        case Heading():
            return dialect.heading(part.text)
        case Paragraph():
            return dialect.paragraph(part.text)
        case Charts():
            return dialect.charts(part.charts)
        case Table():
            return dialect.table(part)
        case Facts():
            return dialect.facts(part.facts)
        case Verbatim():
            return dialect.verbatim(part.title, part.text)
        case Folded():
            return dialect.folded(part)


def markdown(report: Report) -> str:
    """Return the report as Markdown, for a reader. A program takes the JSON."""
    return write(contents(report), Markdown()) + "\n"


class Markdown(Dialect):
    between = "\n\n"

    def title(self, text: str) -> str:
        return f"# {plain(text)}"

    def about(self, facts: Sequence[str]) -> str:
        return plain(SEPARATOR.join(facts))

    def verdict(self, verdict: Verdict) -> str:
        return f"{_bold(verdict.text)} {plain(verdict.drafted)}".rstrip()

    def figures(self, figures: Sequence[Figure]) -> str:
        noted = (f" ({plain(one.note)})" if one.note else "" for one in figures)
        lines = (
            f"- {plain(one.name)}: {_bold(one.value)}{note}"
            for one, note in zip(figures, noted, strict=True)
        )
        return "\n".join(lines)

    def disturbed(self, text: str) -> str:
        return f"> What disturbed this run: {plain(text)}"

    def heading(self, text: str) -> str:
        return f"## {plain(text)}"

    def paragraph(self, text: str) -> str:
        return plain(text)

    def charts(self, charts: Sequence[Chart]) -> str:
        """Return the numbers of the charts: Markdown has no drawings."""
        return self.between.join(
            f"## {plain(chart.title)}\n\n{self.table(chart.numbers)}" for chart in charts
        )

    def table(self, table: Table) -> str:
        head = [plain(tables.named_flat(column)) for column in table.columns]
        rules = ["---:" if column.is_number else "---" for column in table.columns]
        marked = table.best | table.warnings
        rows = (
            [
                (_bold if Cell(i, j) in marked else plain)(cell)
                for j, cell in enumerate(row)
            ]
            for i, row in enumerate(table.rows)
        )  # fmt: skip
        return "\n".join(map(_row, [head, rules, *rows]))

    def facts(self, facts: Sequence[Fact]) -> str:
        """Return names and values as a table with the empty head that Markdown demands."""
        rows = ([plain(fact.name), plain(fact.value)] for fact in facts)
        return "\n".join(map(_row, [["", ""], ["---", "---"], *rows]))

    def verbatim(self, title: str, text: str) -> str:
        """Return the text in a fence longer than any run of ticks in it, so none can close it."""
        fence = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(text)), default=0))
        return f"### {plain(title)}\n\n{fence}text\n{text}\n{fence}"

    def folded(self, section: Folded) -> str:
        """Return the section unfolded: Markdown folds nothing."""
        summary = f"\n\n{plain(section.summary)}" if section.summary else ""
        return f"## {plain(section.name)}{summary}\n\n{write(section.parts, self)}"


def plain(text: str) -> str:
    """Return the text on one line, with every character escaped that Markdown gives a meaning."""
    return _OWN.sub(r"\\\g<0>", " ".join(text.split()))


def _bold(text: str) -> str:
    return f"**{plain(text)}**"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
