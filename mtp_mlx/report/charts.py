"""The charts of a report. A chart is drawn only where its numbers were measured. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mtp_mlx.numbers import Position, acceptance_of
from mtp_mlx.report import svg, words
from mtp_mlx.report.claims import Claim, claim_of
from mtp_mlx.report.derived import Cost, chosen, costs, decoding, headline
from mtp_mlx.report.model import Group, Mode, Report, Run
from mtp_mlx.report.svg import HEAD, WIDTH, Frame, Palette, Show

_FRAME = Frame(left=64, top=72, right=WIDTH - 16, bottom=272)
_HEIGHT = 320
_SERIES = 4  # lines in the chart over time; a palette has that many colours

_ROW = 22  # height of a bar in the chart of speed-ups, in pixels
_LEFT, _TOP = 190.0, 62.0
_RIGHT = WIDTH - 160.0  # the numbers stand to the right of it

_SHORTEST = 1e-6  # seconds; in less a clock did not move, and rates would overflow
MOST_BINS = 24
"""The most points of a line over time; more would show noise."""


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    svg: str


def charts(report: Report, palette: Palette) -> tuple[Chart, ...]:
    """Return the charts that the report has numbers for, in the order of a page."""
    rounds = [r for run in report.runs for r in run.rounds]
    drawn = (
        _speedups(report, palette),
        _over_time(timelines(report.runs, _modes(report)), palette),
        _acceptance(acceptance_of(rounds).positions, palette),
        _round_cost(costs(rounds), chosen(report.runs), palette),
    )
    return tuple(chart for chart in drawn if chart is not None)


def _chart(title: str, shapes: Sequence[str], palette: Palette, height: int = _HEIGHT) -> Chart:
    head = svg.text(16, 22, title, palette.ink, size=15, bold=True)
    return Chart(title, svg.drawing([head, *shapes], WIDTH, height, title))


# Speed-up by category: bars from 1, gains to the right, slow-downs to the left.


@dataclass(frozen=True, slots=True)
class _Scale:
    """A logarithmic scale: half and twice lie equally far from 1."""

    low: float
    high: float

    def x(self, ratio: float) -> float:
        held = min(max(ratio, self.low), self.high)
        share = math.log(held / self.low) / math.log(self.high / self.low)
        return _LEFT + (_RIGHT - _LEFT) * share


def _speedups(report: Report, palette: Palette) -> Chart | None:
    groups = [group for group in report.summary if claim_of(group).ratio is not None]
    if not groups:
        return None
    ratios = [ratio for group in groups for ratio in _extent(group)]
    marks = svg.ratio_ticks(min(ratios), max(ratios))
    scale = _Scale(marks[0], marks[-1])
    bottom = _TOP + _ROW * len(groups)
    names = [
        ("faster", palette.series[1]),
        ("slower", palette.warning),
        ("not sure", palette.series[0]),
    ]
    shapes = [
        *svg.legend(WIDTH - 16, _TOP - 16, names, palette),
        *_ratio_grid(scale, marks, bottom, palette),
    ]
    for i, group in enumerate(groups):
        shapes += _ratio_bar(scale, group, _TOP + _ROW * i, palette)
    shapes.append(svg.line((scale.x(1), _TOP), (scale.x(1), bottom), palette.ink, 1.5))
    title = "Speed-up by category, against plain decoding"
    return _chart(title, shapes, palette, math.ceil(bottom) + 48)


def _extent(group: Group) -> list[float]:
    ratios = (group.speedup, group.speedup_low, group.speedup_high)
    return [ratio for ratio in ratios if ratio]


def _ratio_grid(
    scale: _Scale, marks: Sequence[float], bottom: float, palette: Palette
) -> Iterator[str]:
    for mark in marks:
        x = scale.x(mark)
        yield svg.line((x, _TOP), (x, bottom), palette.grid)
        name = f"{mark:g}{words.TIMES}"
        yield svg.text(x, bottom + 16, name, palette.quiet, anchor="middle", size=11)
    unit = "times plain decoding, on a logarithmic scale; lines: 95 %"
    middle = (_LEFT + _RIGHT) / 2
    yield svg.text(middle, bottom + 36, unit, palette.quiet, anchor="middle")


def _ratio_bar(scale: _Scale, group: Group, top: float, palette: Palette) -> Iterator[str]:
    """Draw a group's name, its bar from 1, its interval as a line and its ratio."""
    ratio = group.speedup or scale.low
    name = f"{words.shortened(words.category(group.category), 18)}, {words.mode(group.mode)}"
    said = claim_of(group)
    slower = said.tone == "warning"
    colour = _colour(said, palette)
    left, right = sorted((scale.x(1), scale.x(ratio)))
    middle = top + _ROW / 2
    yield svg.text(_LEFT - 10, middle + 4, name, palette.ink, anchor="end")
    yield svg.rect(left, top + 4, right - left, _ROW - 8, colour)
    if group.speedup_low and group.speedup_high:
        low, high = scale.x(group.speedup_low), scale.x(group.speedup_high)
        yield svg.line((low, middle), (high, middle), palette.ink, 1.5)
        for end in (low, high):
            yield svg.line((end, middle - 4), (end, middle + 4), palette.ink, 1.5)
    shown = f"{words.times(ratio)} {said.word}"
    ink = palette.warning if slower else palette.ink
    yield svg.text(_RIGHT + 12, middle + 4, shown, ink, bold=slower)


def _colour(said: Claim, palette: Palette) -> str:
    tones = {"warning": palette.warning, "faster": palette.series[1], "plain": palette.series[0]}
    return tones[said.tone]


# Tokens/s over time: a line a mode.


@dataclass(frozen=True, slots=True)
class Point:
    """The speed `tps` around `at_s` seconds after the first token."""

    at_s: float
    tps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    mode: Mode
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class _Curve:
    """The rounds of a run. A round begins at the end of the one before it, the first at 0."""

    ends: list[float]  # seconds since the first token
    tokens: list[int]  # emitted by each round


def _modes(report: Report) -> list[Mode]:
    """Return the modes to draw, plain decoding first; of too many, that and the headline's."""
    modes = sorted({run.mode for run in report.runs}, key=_rank)
    main = headline(report)
    if len(modes) <= _SERIES or main is None:
        return modes[:_SERIES]
    return ["off", main.mode]


def _rank(mode: Mode) -> int:
    return mode if isinstance(mode, int) else {"off": -2, "auto": -1}[mode]


def timelines(runs: Sequence[Run], modes: Sequence[Mode]) -> tuple[Series, ...]:
    """Return the speed over time of each mode whose runs have rounds.

    A line ends where a tenth of its runs have ended. Later only slow runs are left, and a line
    through them would fall though nothing slowed down.
    """
    lines = (_series(mode, [run for run in runs if run.mode == mode]) for mode in modes)
    return tuple(series for series in lines if len(series.points) > 1)


def _series(mode: Mode, runs: Sequence[Run]) -> Series:
    kept = [curve for run in runs if (curve := _curve(run)).ends]
    lengths = sorted(curve.ends[-1] for curve in kept)
    end = lengths[len(lengths) // 10] if lengths else 0.0
    if end < _SHORTEST:
        return Series(mode=mode, points=())
    rounds = sorted(len(curve.ends) for curve in kept)[len(kept) // 2]
    bins = max(2, min(MOST_BINS, rounds // 3))  # the rate of a round or two would be noise
    width = end / bins
    rates = _rates(kept, width, bins)
    points = (Point((i + 0.5) * width, tps) for i, tps in enumerate(rates) if tps is not None)
    return Series(mode=mode, points=tuple(points))


def _curve(run: Run) -> _Curve:
    """Return when the rounds that decoded ended; the benchmark's say only how long they took."""
    ends: list[float] = []
    tokens: list[int] = []
    end = 0.0
    first = run.rounds[0].at_s if run.rounds and run.rounds[0].at_s is not None else None
    for r in decoding(run):
        start = end
        if first is None:
            end += r.ms / 1000
        elif r.at_s is not None:
            end = max(start, r.at_s - first)
        ends.append(end)
        tokens.append((r.tokens or 0) if end > start else 0)
    return _Curve(ends, tokens)


def _rates(curves: Sequence[_Curve], width: float, bins: int) -> list[float | None]:
    """Return, for each bin of `width` seconds, tokens over the time its runs were writing.

    A round's tokens are spread evenly over its duration. None where no run was writing.
    """
    import numpy as np  # imported late: most importers of this module draw no chart

    edges = np.arange(bins + 1) * width
    tokens, active = np.zeros(bins), np.zeros(bins)
    for curve in curves:
        emitted = np.interp(edges, [0.0, *curve.ends], np.cumsum([0, *curve.tokens]))
        tokens += np.diff(emitted)
        active += np.diff(np.minimum(edges, curve.ends[-1]))
    return [float(t / a) if a > 0 else None for t, a in zip(tokens, active, strict=True)]


def _over_time(lines: Sequence[Series], palette: Palette) -> Chart | None:
    points = [point for line in lines for point in line.points]
    if not points:
        return None
    across = svg.ticks(max(point.at_s for point in points))
    up = svg.ticks(max(point.tps for point in points))
    frame = replace(_FRAME, x_most=across[-1], y_most=up[-1])
    names = [(words.mode(s.mode), c) for s, c in zip(lines, palette.series, strict=False)]
    shapes = [
        *svg.axes(frame, palette, across, up, Show()),
        *svg.units(frame, palette, "seconds since the first token", "tokens/s"),
        *svg.legend(frame.right, frame.top - HEAD, names, palette),
        *(
            svg.path([(frame.x(p.at_s), frame.y(p.tps)) for p in line.points], colour, 2.5)
            for line, (_, colour) in zip(lines, names, strict=True)
        ),
    ]
    return _chart("Tokens/s over time", shapes, palette)


# Acceptance by position: two bars a position.


def _acceptance(places: Sequence[Position], palette: Palette) -> Chart | None:
    if not places:
        return None
    frame = replace(_FRAME, x_most=len(places))
    colours = (palette.series[1], palette.series[2])
    names = list(zip(("accepted", "where all before were"), colours, strict=True))
    shapes = [
        *svg.axes(frame, palette, [], [0, 0.25, 0.5, 0.75, 1], Show(up=words.percent)),
        *svg.units(frame, palette, "position in the draft", "share of drafts"),
        *svg.legend(frame.right, frame.top - HEAD, names, palette),
    ]
    middles = [frame.x(i + 0.5) for i in range(len(places))]
    below = frame.bottom + 18
    shapes += [
        svg.text(middle, below, str(i), palette.quiet, anchor="middle")
        for i, middle in enumerate(middles, 1)
    ]
    for middle, place in zip(middles, places, strict=True):
        shapes += _pair_of_bars(frame, middle, place, colours, palette)
    return _chart("Acceptance by position", shapes, palette)


def _pair_of_bars(
    frame: Frame, middle: float, place: Position, colours: Sequence[str], palette: Palette
) -> Iterator[str]:
    width = min(30.0, (frame.x(1) - frame.left) * 0.36)
    for share, colour, left in zip(
        (place.share, place.conditional), colours, (-width - 1, 1), strict=True
    ):
        if share is None:
            continue
        start, y = middle + left, frame.y(share)
        yield svg.rect(start, y, width, frame.bottom - y, colour)
        percents = f"{100 * share:.0f}"
        yield svg.text(start + width / 2, y - 5, percents, palette.ink, anchor="middle", size=11)


# Cost of a round by K: a bar a K.


def _round_cost(table: Sequence[Cost], choice: int | None, palette: Palette) -> Chart | None:
    if len(table) < 2:
        return None
    up = svg.ticks(max(cost.ms for cost in table) * 1.08)
    frame = replace(_FRAME, x_most=table[-1].depth + 1, y_most=up[-1])
    unit = "drafts in a round, K (0: a step of plain decoding)"
    shapes = [
        *svg.axes(frame, palette, [], up, Show()),
        *svg.units(frame, palette, unit, "ms, median"),
    ]
    if choice is not None:
        name = f"auto used most: K {choice}"
        shapes += svg.legend(frame.right, frame.top - HEAD, [(name, palette.series[1])], palette)
    for cost in table:
        shapes += _cost_bar(frame, cost, palette, is_choice=cost.depth == choice)
    return _chart("Cost of a round by K", shapes, palette)


def _cost_bar(frame: Frame, cost: Cost, palette: Palette, *, is_choice: bool) -> Iterator[str]:
    middle, y = frame.x(cost.depth + 0.5), frame.y(cost.ms)
    width = min(44.0, (frame.x(1) - frame.left) * 0.6)
    colour = palette.series[1] if is_choice else palette.series[0]
    yield svg.rect(middle - width / 2, y, width, frame.bottom - y, colour)
    shown = f"{cost.ms:.3g}"
    yield svg.text(middle, y - 5, shown, palette.ink, anchor="middle", size=11, bold=is_choice)
    yield svg.text(
        middle, frame.bottom + 18, str(cost.depth), palette.ink, anchor="middle", bold=is_choice
    )
