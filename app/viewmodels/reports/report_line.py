"""A line of the list of reports: which pair was measured, when, and how fast it was."""

from __future__ import annotations

import time
from dataclasses import dataclass

from app import strings
from app.services.report_files import ReportEntry
from mtp_mlx.report import words
from mtp_mlx.report.claims import claim_of
from mtp_mlx.report.derived import headline
from mtp_mlx.report.model import Outline


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """A line of the list of reports. `slower`: the figure is a slow-down, shown as a warning."""

    title: str
    pair: str
    day: str
    figure: str
    help: str
    slower: bool = False


def report_line(entry: ReportEntry) -> ReportLine:
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.made))
    outline = entry.outline
    if outline is None:
        return ReportLine(
            title=words.line(entry.name),
            pair="",
            day=day,
            figure=strings.REPORT_UNREADABLE,
            help=words.line(entry.trouble),
        )
    group = headline(outline)
    title, pair = words.line(outline.title), _pair(outline)
    return ReportLine(
        title=title,
        pair=pair,
        day=day,
        figure=_figure(outline),
        help=f"{title}\n{pair}\n{words.line(entry.name)}",
        slower=group is not None and claim_of(group).tone == "warning",
    )


def _pair(outline: Outline) -> str:
    pair = outline.pair
    return words.line(f"{pair.target} + {pair.drafter}" if pair.drafter else pair.target)


def _figure(known: Outline) -> str:
    """Return the speed-up where the claim is sure, and else what may be said in its place."""
    group = headline(known)
    said = None if group is None else claim_of(group)
    text = words.NOT_MEASURED if said is None else said.word
    if said is not None and said.is_sure and said.ratio is not None:
        text = f"{words.times(said.ratio)} {said.word}"
    elif said is not None and said.ratio is not None and said.low is None:
        text = strings.REPORT_ONE_EACH.format(times=words.times(said.ratio), word=said.word)
    return f"{text}, {strings.REPORT_CUT}" if _is_cut(known) else text


def _is_cut(outline: Outline) -> bool:
    """Return whether fewer runs were made than planned."""
    made = sum(group.runs for group in outline.summary if group.category is None)
    planned = outline.settings.planned_runs
    return planned is not None and made < planned
