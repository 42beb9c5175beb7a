"""The charts of a report. A chart is made only where its numbers were measured. Pure.

A chart holds its numbers as a table for those who do not see it, and draws itself in any colours
and width. What colours tell, shapes tell as well: filled or hollow, round or square, dashed or not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from mtp_mlx.numbers import Position, acceptance_of
from mtp_mlx.report import svg, tables, words
from mtp_mlx.report.derived import Cost, chosen, costs, headline
from mtp_mlx.report.model import Group, Mode, Report
from mtp_mlx.report.ratio_chart import speedups
from mtp_mlx.report.sheet import Chart, Sheet
from mtp_mlx.report.svg import Frame, Mark, Palette, Show
from mtp_mlx.report.tables import Column, Table
from mtp_mlx.report.timeline import Series, timelines
from mtp_mlx.report.words import NONE

_SERIES = 4  # lines in the chart over time; a palette has that many colours
_DASHES = ("6 4", "", "2 3", "8 3 2 3")  # of the lines over time, plain decoding first


def charts(report: Report) -> tuple[Chart, ...]:
    """Return the charts that the report has numbers for, in the order of a page."""
    rounds = [r for run in report.runs for r in run.rounds]
    made = (
        speedups(report),
        _over_time(timelines(report.runs, _modes(report))),
        _acceptance(acceptance_of(rounds).positions),
        _round_cost(costs(rounds), chosen(report.runs)),
        _by_context(report.by_context or (), _modes(report)),
    )
    return tuple(chart for chart in made if chart is not None)


# Tokens/s over time: a line a mode.


def _modes(report: Report) -> list[Mode]:
    """Return the modes to draw, plain decoding first; of too many, that and the headline's."""
    modes = sorted({run.mode for run in report.runs}, key=_rank)
    main = headline(report)
    if len(modes) <= _SERIES or main is None:
        return modes[:_SERIES]
    return ["off", main.mode]


def _rank(mode: Mode) -> int:
    return mode if isinstance(mode, int) else {"off": -2, "auto": -1}[mode]


def _over_time(lines: Sequence[Series]) -> Chart | None:
    if not lines:
        return None
    columns = (
        Column("MTP", is_number=False),
        *(Column(name, over="Tokens/s") for name in ("First quarter", "Second", "Third", "Last")),
    )
    speeds = [_quarters(line) for line in lines]
    shown = iter(tables.aligned([tps for four in speeds for tps in four], tables.RATES))
    rows = tuple((words.mode(line.mode), *(next(shown) for _ in range(4))) for line in lines)
    title, numbers = "Tokens/s over time", Table(columns, rows)
    return Chart(title, numbers, partial(_draw_over_time, title, numbers, lines))


def _quarters(line: Series) -> list[float]:
    """Return the mean speed of each quarter of a line; of a short one some points count twice."""
    points, parts = [point.tps for point in line.points], 4
    size = len(points) / parts
    quarters = [
        points[math.floor(i * size) : max(math.ceil((i + 1) * size), math.floor(i * size) + 1)]
        for i in range(parts)
    ]
    return [math.fsum(quarter) / len(quarter) for quarter in quarters]


def _draw_over_time(
    title: str, numbers: Table, lines: Sequence[Series], palette: Palette, width: int
) -> str:
    sheet = Sheet(title, numbers, palette, width)
    across = svg.ticks(max(point.at_s for line in lines for point in line.points))
    up = svg.ticks(max(point.tps for line in lines for point in line.points))
    looks = list(zip(palette.series, _DASHES, strict=True))[: len(lines)]
    names = [(words.mode(s.mode), *look) for s, look in zip(lines, looks, strict=True)]
    legend = svg.line_legend(8, 46, width - 16, names, palette)
    frame = sheet.frame(x_most=across[-1], y_most=up[-1], legend_rows=legend.rows)
    shapes = [
        *legend.shapes,
        *svg.axes(frame, palette, across, up, Show()),
        *svg.units(frame, palette, "seconds since the first token", "tokens/s"),
    ]
    for line, (colour, dash) in zip(lines, looks, strict=True):
        points = [(frame.x(point.at_s), frame.y(point.tps)) for point in line.points]
        shapes.append(svg.path(points, colour, 2.5, dash=dash))
    return sheet.drawing(shapes, frame.bottom + 48)


# Tokens/s by length of context: a line a mode.


def _by_context(groups: Sequence[Group], modes: Sequence[Mode]) -> Chart | None:
    measured = [one for one in groups if one.decode_tps is not None and one.mode in modes]
    contexts = sorted({one.context_tokens or 0 for one in measured})
    if len(contexts) < 2:
        return None
    speeds = {(one.mode, one.context_tokens or 0): one.decode_tps for one in measured}
    columns = (
        Column("Context, tokens"), *(Column(words.mode(mode), over="Tokens/s") for mode in modes),
    )  # fmt: skip
    cells = [tables.aligned([speeds.get((m, c)) for c in contexts], tables.RATES) for m in modes]
    rows = tuple(zip(map(words.count, contexts), *cells, strict=True))
    lines = [
        _Line(mode, tuple((c, tps) for c in contexts if (tps := speeds.get((mode, c))) is not None))
        for mode in modes
    ]
    title, numbers = "Tokens/s by length of context", Table(columns, rows)
    return Chart(title, numbers, partial(_draw_by_context, title, numbers, lines))


@dataclass(frozen=True, slots=True)
class _Line:
    """A mode's tokens/s by the tokens of context."""

    mode: Mode
    points: tuple[tuple[int, float], ...]


def _draw_by_context(
    title: str, numbers: Table, lines: Sequence[_Line], palette: Palette, width: int
) -> str:
    sheet = Sheet(title, numbers, palette, width)
    across = svg.ticks(max(tokens for line in lines for tokens, _ in line.points))
    up = svg.ticks(max(tps for line in lines for _, tps in line.points))
    looks = list(zip(palette.series, _DASHES, strict=True))[: len(lines)]
    names = [(words.mode(s.mode), *look) for s, look in zip(lines, looks, strict=True)]
    legend = svg.line_legend(8, 46, width - 16, names, palette)
    frame = sheet.frame(x_most=across[-1], y_most=up[-1], legend_rows=legend.rows)
    shown = Show(across=lambda tokens: words.count(round(tokens)))
    shapes = [
        *legend.shapes,
        *svg.axes(frame, palette, across, up, shown),
        *svg.units(frame, palette, "tokens before the prompt", "tokens/s"),
    ]
    for line, (colour, dash) in zip(lines, looks, strict=True):
        points = [(frame.x(tokens), frame.y(tps)) for tokens, tps in line.points]
        shapes.append(svg.path(points, colour, 2.5, dash=dash))
        shapes += [svg.mark(Mark.DISC, x, y, colour, palette.paper, 3) for x, y in points]
    return sheet.drawing(shapes, frame.bottom + 48)


# Acceptance by position: two bars a position.


def _acceptance(places: Sequence[Position]) -> Chart | None:
    if not places:
        return None
    columns = (
        Column("Position"), Column("Accepted, %"), Column("Accepted where all before were, %"),
    )  # fmt: skip
    rows = tuple(
        (str(i), _percents(place.share), _percents(place.conditional))
        for i, place in enumerate(places, 1)
    )
    title, numbers = "Acceptance by position", Table(columns, rows)
    return Chart(title, numbers, partial(_draw_acceptance, title, numbers, places))


def _percents(share: float | None) -> str:
    return NONE if share is None else words.percents(share)


def _draw_acceptance(
    title: str, numbers: Table, places: Sequence[Position], palette: Palette, width: int
) -> str:
    sheet = Sheet(title, numbers, palette, width)
    colour = palette.series[1]
    names = [
        ("accepted", colour, Mark.SQUARE),
        ("accepted where all before were", colour, Mark.BOX),
    ]
    legend = svg.legend(8, 46, width - 16, names, palette)
    frame = sheet.frame(x_most=len(places), y_most=1, legend_rows=legend.rows)
    shapes = [
        *legend.shapes,
        *svg.axes(frame, palette, [], [0, 0.25, 0.5, 0.75, 1], Show(up=words.percent)),
        *svg.units(frame, palette, "position in the draft", "share of drafts"),
    ]
    for i, place in enumerate(places):
        shapes += _pair_of_bars(frame, i, place, palette)
    return sheet.drawing(shapes, frame.bottom + 48)


def _pair_of_bars(frame: Frame, i: int, place: Position, palette: Palette) -> Iterator[str]:
    middle, colour = frame.x(i + 0.5), palette.series[1]
    width = min(30.0, (frame.x(1) - frame.left) * 0.4)
    yield svg.text(middle, frame.bottom + 18, str(i + 1), palette.quiet, anchor="middle")
    for share, is_hollow, left in (
        (place.share, False, -width - 1), (place.conditional, True, 1),
    ):  # fmt: skip
        if share is None:
            continue
        start, y = middle + left, frame.y(share)
        yield svg.bar(start, y, width, frame.bottom - y, colour, hollow=is_hollow)
        if width >= 16:
            told = _percents(share)
            yield svg.text(start + width / 2, y - 5, told, palette.ink, anchor="middle", size=10)


# Cost of a round by K: a bar a K.


def _round_cost(table: Sequence[Cost], choice: int | None) -> Chart | None:
    if len(table) < 2:
        return None
    columns = (Column("K"), Column("Rounds"), Column("ms, median"), Column("Tokens/round"))
    rows = tuple(
        (
            str(cost.depth),
            words.count(cost.rounds),
            f"{cost.ms:.2f}",
            NONE if cost.tokens is None else words.length(cost.tokens),
        )
        for cost in table
    )
    title, numbers = "Cost of a round by K", Table(columns, rows)
    return Chart(title, numbers, partial(_draw_round_cost, title, numbers, table, choice))


def _draw_round_cost(
    title: str,
    numbers: Table,
    table: Sequence[Cost],
    choice: int | None,
    palette: Palette,
    width: int,
) -> str:
    sheet = Sheet(title, numbers, palette, width)
    colour = palette.series[1]
    names = [("K 0 is a plain step", palette.series[0], Mark.BOX)]
    if choice is not None:
        names.insert(0, (f"auto used most: K {choice}", colour, Mark.SQUARE))
    legend = svg.legend(8, 46, width - 16, names, palette)
    up = svg.ticks(max(cost.ms for cost in table) * 1.08)
    frame = sheet.frame(x_most=table[-1].depth + 1, y_most=up[-1], legend_rows=legend.rows)
    shapes = [
        *legend.shapes,
        *svg.axes(frame, palette, [], up, Show()),
        *svg.units(frame, palette, "drafts in a round, K", "ms, median"),
    ]
    for cost in table:
        shapes += _cost_bar(frame, cost, palette, is_choice=cost.depth == choice)
    return sheet.drawing(shapes, frame.bottom + 48)


def _cost_bar(frame: Frame, cost: Cost, palette: Palette, *, is_choice: bool) -> Iterator[str]:
    middle, y = frame.x(cost.depth + 0.5), frame.y(cost.ms)
    width = min(44.0, (frame.x(1) - frame.left) * 0.6)
    colour = palette.series[1] if is_choice else palette.series[0]
    yield svg.bar(middle - width / 2, y, width, frame.bottom - y, colour, hollow=not is_choice)
    shown = f"{cost.ms:.3g}"
    yield svg.text(middle, y - 5, shown, palette.ink, anchor="middle", size=11, bold=is_choice)
    yield svg.text(
        middle, frame.bottom + 18, str(cost.depth), palette.ink, anchor="middle", bold=is_choice
    )
