"""The writer of reports, the protocol of its dialects, and the dialect Markdown. Pure."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from mtp_mlx.report.contents import (
    About,
    Charts,
    Heading,
    Headline,
    Paragraph,
    Part,
    Table,
    Title,
    Verbatim,
    contents,
)
from mtp_mlx.report.model import Report

_TICKS = re.compile("`+")
_OWN = re.compile(r"[\\`*_\[\]<>|#~&]")
_SEPARATOR = " \N{MIDDLE DOT} "


class Dialect(ABC):
    """Writes each kind of part in one format. A part that a format leaves out is ""."""

    between: ClassVar[str]
    """The text between two parts."""

    @abstractmethod
    def title(self, text: str) -> str: ...

    @abstractmethod
    def heading(self, text: str) -> str: ...

    @abstractmethod
    def paragraph(self, text: str, *, warning: bool) -> str: ...

    @abstractmethod
    def table(self, table: Table) -> str: ...

    @abstractmethod
    def charts(self, report: Report) -> str: ...

    @abstractmethod
    def verbatim(self, title: str, text: str) -> str: ...

    def about(self, facts: Iterable[str]) -> str:
        return self.paragraph(_SEPARATOR.join(facts), warning=False)

    def headline(self, headline: Headline) -> str:
        text = _SEPARATOR.join((headline.large, *headline.facts))
        return self.paragraph(text, warning=headline.tone == "warning")


def write(parts: Iterable[Part], dialect: Dialect) -> str:
    """Return the parts in their order, each written by the dialect."""
    return dialect.between.join(filter(None, (_written(part, dialect) for part in parts)))


def _written(part: Part, dialect: Dialect) -> str:  # noqa: PLR0911 - one line a kind
    match part:
        case Title():
            return dialect.title(part.text)
        case About():
            return dialect.about(part.facts)
        case Headline():
            return dialect.headline(part)
        case Heading():
            return dialect.heading(part.text)
        case Paragraph():
            return dialect.paragraph(part.text, warning=part.warning)
        case Table():
            return dialect.table(part)
        case Charts():
            return dialect.charts(part.report)
        case Verbatim():
            return dialect.verbatim(part.title, part.text)


def markdown(report: Report) -> str:
    """Return the report as Markdown: tables for a reader. A program takes the JSON."""
    return write(contents(report), Markdown()) + "\n"


class Markdown(Dialect):
    between = "\n\n"

    def title(self, text: str) -> str:
        return f"# {plain(text)}"

    def heading(self, text: str) -> str:
        return f"## {plain(text)}"

    def paragraph(self, text: str, *, warning: bool) -> str:
        return _bold(text) if warning else plain(text)

    def table(self, table: Table) -> str:
        """Return the table; one without a head gets an empty one, which Markdown demands."""
        columns = len(table.head or table.rows[0])
        rows = (
            map(_bold if i in table.warnings else plain, row) for i, row in enumerate(table.rows)
        )
        head = map(plain, table.head or [""] * columns)
        rules = ["---:" if i in table.numeric else "---" for i in range(columns)]
        return "\n".join(map(_row, [head, rules, *rows]))

    def charts(self, report: Report) -> str:  # noqa: ARG002 - Markdown has no drawings
        return ""

    def verbatim(self, title: str, text: str) -> str:
        """Return the text in a fence longer than any run of ticks in it, so none can close it."""
        fence = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(text)), default=0))
        return f"### {plain(title)}\n\n{fence}text\n{text}\n{fence}"


def plain(text: str) -> str:
    """Return the text on one line, with every character escaped that Markdown gives a meaning."""
    return _OWN.sub(r"\\\g<0>", " ".join(text.split()))


def _bold(text: str) -> str:
    return f"**{plain(text)}**"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
