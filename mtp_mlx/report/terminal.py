"""A whole report for the terminal, and two of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mtp_mlx.report import facts, table
from mtp_mlx.report.comparing import side_by_side
from mtp_mlx.report.contents import notes
from mtp_mlx.report.derived import positions
from mtp_mlx.report.facts import Fact
from mtp_mlx.report.model import Report
from mtp_mlx.report.words import NOT_MEASURED, line, percent


def report(shown: Report) -> str:
    """The numbers first; then pair, settings and machine, without what is not known of them."""
    return "\n".join(_lines(shown))


def comparison(a: Report, b: Report) -> str:
    """Each by itself, then what differs and the ratios."""
    found = (
        f"{name}: {line(one.title)}\n\n{table.table(one)}\n" for name, one in (("A", a), ("B", b))
    )
    return "\n".join([*found, table.comparison(side_by_side(a, b))])


def _lines(shown: Report) -> Iterator[str]:
    yield line(shown.title)
    yield from notes(shown)
    yield from ("", table.table(shown), "")
    yield from _positions(shown)
    yield from _section("Pair", facts.pair(shown.pair))
    yield from _section("Settings", facts.settings(shown.settings))
    yield from _section("Environment", facts.environment(shown))


def _positions(shown: Report) -> Iterator[str]:
    found = positions(one for run in shown.runs for one in run.rounds)
    told = [percent(place.share) for place in found if place.share is not None]
    if told:
        yield f"Accepted by position: {', '.join(told)}"


def _section(name: str, found: Sequence[Fact]) -> Iterator[str]:
    known = [fact for fact in found if fact.value != NOT_MEASURED]
    yield f"\n{name}"
    yield from (f"  {fact.name:28}{line(fact.value)}" for fact in known)
    absent = [fact.name.lower() for fact in found if fact.value == NOT_MEASURED]
    if absent:
        yield f"  Not measured: {', '.join(absent)}"
