"""Tokens/s over the time of a reply, a line a mode. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mtp_mlx.report.derived import decoding
from mtp_mlx.report.model import Mode, Run

_SHORTEST = 1e-6  # seconds; in less a clock did not move, and rates would overflow
MOST_BINS = 24
"""The most points of a line over time; more would show noise."""


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
