"""A report as Markdown: its own numbers, and nothing else. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mtp_mlx.report.contents import Heading, Paragraph, Part, Table, Verbatim, details, summary
from mtp_mlx.report.model import Report

_TICKS = re.compile("`+")
_OWN = re.compile(r"[\\`*_\[\]<>|#~&]")


def markdown(report: Report) -> str:
    """Tables for a reader; who computes takes the JSON."""
    parts = [*summary(report), *details(report)]
    return "\n\n".join([f"# {plain(report.title)}", *map(_part, parts)]) + "\n"


def plain(text: str) -> str:
    """One line, and no character that Markdown would read as its own."""
    return _OWN.sub(r"\\\g<0>", " ".join(text.split()))


def _part(part: Part) -> str:
    match part:
        case Heading():
            return f"## {plain(part.text)}"
        case Paragraph():
            return f"**{plain(part.text)}**" if part.warning else plain(part.text)
        case Table():
            return _table(part)
        case Verbatim():
            return _verbatim(part)


def _table(part: Table) -> str:
    rule = ["---"] * len(part.head)
    body = (
        [f"**{plain(cell)}**" for cell in row] if i in part.warnings else map(plain, row)
        for i, row in enumerate(part.rows)
    )
    return "\n".join(_row(cells) for cells in (map(plain, part.head), rule, *body))


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _verbatim(part: Verbatim) -> str:
    """No line of the text can close its fence: that is longer than any run of ticks in it."""
    fence = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(part.text)), default=0))
    return f"### {plain(part.title)}\n\n{fence}text\n{part.text}\n{fence}"
