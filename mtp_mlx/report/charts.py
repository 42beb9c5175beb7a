"""The charts of a report as SVG, each only where there is something to draw. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mtp_mlx.numbers import Position, acceptance_of
from mtp_mlx.report import svg, words
from mtp_mlx.report.axes import HEAD, WIDTH, Frame, Show, axes, legend, ticks, units
from mtp_mlx.report.chart_speedups import speedups
from mtp_mlx.report.derived import Cost, chosen, costs, headline
from mtp_mlx.report.model import Mode, Report
from mtp_mlx.report.svg import Palette
from mtp_mlx.report.timeline import Series, timelines

_FRAME = Frame(left=64, top=72, right=WIDTH - 16, bottom=272)
_HEIGHT = 320
_SERIES = 4


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    svg: str


def charts(report: Report, palette: Palette) -> tuple[Chart, ...]:
    rounds = [one for run in report.runs for one in run.rounds]
    drawn = (
        _speedups(report, palette),
        _over_time(timelines(report.runs, _modes(report)), palette),
        _acceptance(acceptance_of(rounds).positions, palette),
        _round_cost(costs(rounds), chosen(report.runs), palette),
    )
    return tuple(chart for chart in drawn if chart is not None)


def _modes(report: Report) -> list[Mode]:
    """Plain decoding first; where there are many modes, only the one the report is about."""
    modes = sorted({run.mode for run in report.runs}, key=_rank)
    main = headline(report)
    if len(modes) <= _SERIES or main is None:
        return modes[:_SERIES]
    return ["off", main.mode]


def _rank(mode: Mode) -> int:
    return mode if isinstance(mode, int) else {"off": -2, "auto": -1}[mode]


def _speedups(report: Report, palette: Palette) -> Chart | None:
    known = [group for group in report.summary if group.speedup is not None]
    if not known:
        return None
    title = "Speed-up by category, against plain decoding"
    return Chart(title, speedups(known, title, palette))


def _over_time(series: Sequence[Series], palette: Palette) -> Chart | None:
    points = [point for one in series for point in one.points]
    if not points:
        return None
    across = ticks(max(point.at_s for point in points))
    up = ticks(max(point.tps for point in points))
    frame = _framed(across[-1], up[-1])
    names = [(words.mode(s.mode), c) for s, c in zip(series, palette.series, strict=False)]
    shapes = [
        *axes(frame, palette, across, up, Show()),
        *units(frame, palette, "seconds since the first token", "tokens/s"),
        *legend(frame.right, frame.top - HEAD, names, palette),
        *(
            svg.path([(frame.x(p.at_s), frame.y(p.tps)) for p in one.points], colour, 2.5)
            for one, (_, colour) in zip(series, names, strict=True)
        ),
    ]
    return _chart("Tokens/s over time", shapes, palette)


def _acceptance(found: Sequence[Position], palette: Palette) -> Chart | None:
    if not found:
        return None
    frame = _framed(len(found), 1)
    colours = (palette.series[1], palette.series[2])
    names = zip(("accepted", "where all before were"), colours, strict=True)
    show = Show(across=lambda x: f"{x + 0.5:g}", up=words.percent)
    across = [i + 0.5 for i in range(len(found))]
    shapes = [
        *axes(frame, palette, [], [0, 0.25, 0.5, 0.75, 1], show),
        *units(frame, palette, "position in the draft", "share of drafts"),
        *legend(frame.right, frame.top - HEAD, list(names), palette),
        *(
            svg.text(frame.x(x), frame.bottom + 18, show.across(x), palette.quiet, anchor="middle")
            for x in across
        ),
    ]
    for x, place in zip(across, found, strict=True):
        shapes += _pair_of_bars(frame, x, place, colours, palette)
    return _chart("Acceptance by position", shapes, palette)


def _pair_of_bars(
    frame: Frame, x: float, place: Position, colours: Sequence[str], palette: Palette
) -> Iterator[str]:
    width = min(30.0, (frame.x(1) - frame.left) * 0.36)
    for share, colour, left in zip(
        (place.share, place.conditional), colours, (-width - 1, 1), strict=True
    ):
        if share is None:
            continue
        start, y = frame.x(x) + left, frame.y(share)
        yield svg.rect(start, y, width, frame.bottom - y, colour)
        yield svg.text(
            start + width / 2, y - 5, f"{100 * share:.0f}", palette.ink, anchor="middle", size=11
        )


def _round_cost(table: Sequence[Cost], choice: int | None, palette: Palette) -> Chart | None:
    if len(table) < 2:
        return None
    up = ticks(max(cost.ms for cost in table) * 1.08)
    frame = _framed(table[-1].depth + 1, up[-1])
    shapes = [
        *axes(frame, palette, [], up, Show()),
        *units(frame, palette, "drafts in a round, K (0: a step of plain decoding)", "ms, median"),
    ]
    if choice is not None:
        name = f"auto used most: K {choice}"
        shapes += legend(frame.right, frame.top - HEAD, [(name, palette.series[1])], palette)
    for cost in table:
        shapes += _cost_bar(frame, cost, palette, is_choice=cost.depth == choice)
    return _chart("Cost of a round by K", shapes, palette)


def _cost_bar(frame: Frame, cost: Cost, palette: Palette, *, is_choice: bool) -> Iterator[str]:
    middle, y = frame.x(cost.depth + 0.5), frame.y(cost.ms)
    width = min(44.0, (frame.x(1) - frame.left) * 0.6)
    colour = palette.series[1] if is_choice else palette.series[0]
    yield svg.rect(middle - width / 2, y, width, frame.bottom - y, colour)
    told = f"{cost.ms:.3g}"
    yield svg.text(middle, y - 5, told, palette.ink, anchor="middle", size=11, bold=is_choice)
    yield svg.text(
        middle, frame.bottom + 18, str(cost.depth), palette.ink, anchor="middle", bold=is_choice
    )


def _framed(x_most: float, y_most: float) -> Frame:
    edges = {"left": _FRAME.left, "top": _FRAME.top, "right": _FRAME.right, "bottom": _FRAME.bottom}
    return Frame(**edges, x_most=x_most, y_most=y_most)


def _chart(title: str, shapes: Sequence[str], palette: Palette) -> Chart:
    head = svg.text(16, 22, title, palette.ink, size=15, bold=True)
    return Chart(title, svg.drawing([head, *shapes], WIDTH, _HEIGHT, title))
