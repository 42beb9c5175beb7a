"""A whole report for the terminal, and two of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mtp_mlx.numbers import acceptance_of
from mtp_mlx.report import facts, words
from mtp_mlx.report.comparing import Row, SideBySide, side_by_side
from mtp_mlx.report.facts import Fact
from mtp_mlx.report.model import Report
from mtp_mlx.report.table import category_cell, table
from mtp_mlx.report.words import NOT_MEASURED, line, percent


def report(shown: Report) -> str:
    """The numbers first; then pair, settings and machine, without what is not known of them."""
    return "\n".join(_lines(shown))


def comparison(a: Report, b: Report) -> str:
    """Each by itself, then what differs and the ratios."""
    found = (f"{name}: {line(one.title)}\n\n{table(one)}\n" for name, one in (("A", a), ("B", b)))
    return "\n".join([*found, _held_together(side_by_side(a, b))])


def _lines(shown: Report) -> Iterator[str]:
    yield line(shown.title)
    yield from ("", table(shown), "")
    yield from _positions(shown)
    yield from _section("Pair", facts.pair(shown.pair))
    yield from _section("Settings", facts.settings(shown.settings))
    yield from _section("Environment", facts.environment(shown))


def _positions(shown: Report) -> Iterator[str]:
    found = acceptance_of(one for run in shown.runs for one in run.rounds).positions
    told = [percent(position.share) for position in found]
    if told:
        yield f"Accepted by position: {', '.join(told)}"


def _section(name: str, found: Sequence[Fact]) -> Iterator[str]:
    known = [fact for fact in found if fact.value != NOT_MEASURED]
    yield f"\n{name}"
    yield from (f"  {fact.name:28}{line(fact.value)}" for fact in known)
    absent = [fact.name.lower() for fact in found if fact.value == NOT_MEASURED]
    if absent:
        yield f"  Not measured: {', '.join(absent)}"


def _held_together(found: SideBySide) -> str:
    """What differs, then the speed of the second report over that of the first."""
    lines = ["Pair, settings and machine are the same."]
    if found.differences:
        lines = ["They differ in:"]
        lines += [f"  {d.name}: {line(d.a)} | {line(d.b)}" for d in found.differences]
    lines += ["", *_ratios(found)]
    return "\n".join(lines)


def _ratios(found: SideBySide) -> list[str]:
    if not found.rows:
        return ["Of no run the prompt is known to be the same, so no ratio is measured."]
    head = f"{'':16}{'mode':>6}{'pairs':>7}{'A tok/s':>9}{'B tok/s':>9}{'B / A':>8}  95 %"
    return [head, *map(_ratio, found.rows)]


def _ratio(row: Row) -> str:
    ratio = row.ratio
    spread = words.between(ratio.low, ratio.high) if ratio.known else words.NOT_MEASURED
    return (
        f"{category_cell(row.category)}{words.mode(row.mode):>6}{row.pairs:>7}"
        f"{words.rate(row.a_tps):>9}{words.rate(row.b_tps):>9}{words.times(ratio.median):>8}"
        f"  {spread:13}  B is {words.told(ratio.median)}"
    )
