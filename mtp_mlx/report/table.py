"""A report for the terminal."""

from __future__ import annotations

from mtp_mlx.report import words
from mtp_mlx.report.comparing import Row, SideBySide
from mtp_mlx.report.model import Group, Identity, Report
from mtp_mlx.report.notes import parting
from mtp_mlx.report.words import line, shortened

_CATEGORY = 16
_ABSENT = words.NONE  # "not measured" would not fit a column


def table(report: Report) -> str:
    """Modes and categories with their ratios, and whether the texts are the same."""
    lines = [
        f"{'':16}{'mode':>6}{'tok/s':>9}{'speed-up':>10}  {'95 %':13}{'accepted':>9}{words.TAU:>6}"
    ]
    lines += [_line(group) for group in report.summary]
    if report.identity is not None and report.identity.measured:
        lines += ["", *_identity(report.identity)]
    return "\n".join(lines)


def comparison(found: SideBySide) -> str:
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
    head = f"{'':{_CATEGORY}}{'mode':>6}{'pairs':>7}{'A tok/s':>9}{'B tok/s':>9}{'B / A':>8}  95 %"
    return [head, *map(_ratio, found.rows)]


def _ratio(row: Row) -> str:
    ratio = row.ratio
    spread = words.between(ratio.low, ratio.high) if ratio.known else words.NOT_MEASURED
    return (
        f"{_category(row.category)}{words.mode(row.mode):>6}{row.pairs:>7}"
        f"{words.rate(row.a_tps):>9}{words.rate(row.b_tps):>9}{words.times(ratio.median):>8}"
        f"  {spread:13}  B is {words.told(ratio.median)}"
    )


def _category(name: str | None) -> str:
    return f"{shortened(words.category(name), _CATEGORY - 1):{_CATEGORY}}"


def _identity(identity: Identity) -> list[str]:
    found = identity.comparisons
    same = sum(one.identical for one in found)
    parted = [f"  {parting(one)}" for one in found if not one.identical]
    return [f"Same text as plain decoding: {same} of {len(found)} prompts and modes.", *parted]


def _line(group: Group) -> str:
    cells = (
        f"{_category(group.category)}{words.mode(group.mode):>6}"
        f"{_cell(words.rate, group.decode_tps):>9}{_cell(words.times, group.speedup):>10}"
        f"  {words.spread(group):13}{_cell(words.percent, group.acceptance_rate):>9}"
        f"{_cell(words.length, group.mean_acceptance_length):>6}"
    )
    return f"{cells}  {words.verdict(group)}".rstrip()


def _cell(show: words.Show, value: float | None) -> str:
    return _ABSENT if value is None else show(value)
