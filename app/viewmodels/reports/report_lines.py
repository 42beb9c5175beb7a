"""A report in the list: what it is called, when it was made, what it comes to. Pure."""

from __future__ import annotations

import time
from dataclasses import dataclass

from app import strings
from app.services.report_files import ReportEntry
from mtp_mlx.report import words
from mtp_mlx.report.derived import headline
from mtp_mlx.report.model import Outline


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """`slower`: the figure tells of a slow-down, and stands in the colour of warnings."""

    title: str
    pair: str
    day: str
    figure: str
    help: str
    slower: bool = False


def report_line(entry: ReportEntry) -> ReportLine:
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.made))
    known = entry.outline
    if known is None:
        return ReportLine(
            title=words.line(entry.name),
            pair="",
            day=day,
            figure=strings.REPORT_UNREADABLE,
            help=words.line(entry.trouble),
        )
    group = headline(known)
    title, pair = words.line(known.title), _pair(known)
    return ReportLine(
        title=title,
        pair=pair,
        day=day,
        figure=_figure(known),
        help=f"{title}\n{pair}\n{words.line(entry.name)}",
        slower=group is not None and words.is_slower(group),
    )


def _pair(known: Outline) -> str:
    drafter = known.pair.drafter
    return words.line(f"{known.pair.target} + {drafter}" if drafter else known.pair.target)


def _figure(known: Outline) -> str:
    group = headline(known)
    ratio = words.measured(words.times)(None if group is None else group.speedup)
    return f"{ratio}, {strings.REPORT_CUT}" if _is_cut(known) else ratio


def _is_cut(known: Outline) -> bool:
    """Fewer runs than were planned."""
    made = sum(group.runs for group in known.summary if group.category is None)
    return known.settings.planned_runs is not None and made < known.settings.planned_runs
