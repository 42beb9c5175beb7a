"""A report for the terminal."""

from __future__ import annotations

from textwrap import wrap

from mtp_mlx.report import words
from mtp_mlx.report.model import Group, Identity, Report
from mtp_mlx.report.notes import notes, parting
from mtp_mlx.report.words import shortened

_CATEGORY = 16
_WIDTH = 79
_ABSENT = words.NONE  # "not measured" would not fit a column


def table(report: Report) -> str:
    """Modes and categories with their ratios, and whether the texts are the same."""
    lines = [
        f"{'':16}{'mode':>6}{'tok/s':>9}{'speed-up':>10}  {'95 %':13}{'accepted':>9}{words.TAU:>6}"
    ]
    lines += [_line(group) for group in report.summary]
    if report.identity is not None and report.identity.measured:
        lines += ["", *_identity(report.identity)]
    told = [row for note in notes(report) for row in wrap(words.line(note), _WIDTH)]
    if told:
        lines += ["", *told]
    return "\n".join(lines)


def category_cell(name: str | None) -> str:
    return f"{shortened(words.category(name), _CATEGORY - 1):{_CATEGORY}}"


def _identity(identity: Identity) -> list[str]:
    found = identity.comparisons
    same = sum(one.identical for one in found)
    parted = [f"  {parting(one)}" for one in found if not one.identical]
    return [f"Same text as plain decoding: {same} of {len(found)} prompts and modes.", *parted]


def _line(group: Group) -> str:
    cells = (
        f"{category_cell(group.category)}{words.mode(group.mode):>6}"
        f"{_cell(words.rate, group.decode_tps):>9}{_cell(words.times, group.speedup):>10}"
        f"  {words.spread(group):13}{_cell(words.percent, group.acceptance_rate):>9}"
        f"{_cell(words.length, group.mean_acceptance_length):>6}"
    )
    return f"{cells}  {words.verdict(group)}".rstrip()


def _cell(show: words.Show, value: float | None) -> str:
    return _ABSENT if value is None else show(value)
