"""Tokens per second over the time of a reply, over several runs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mtp_mlx.report.model import Mode, Run

MOST_BINS = 24


@dataclass(frozen=True, slots=True)
class Point:
    """`tps` around `at_s` seconds after the first token."""

    at_s: float
    tps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    mode: Mode
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class _Curve:
    """A run's rounds on its own clock: when each ended, in seconds, and what it emitted.

    A round begins where the one before it ended, the first at 0.
    """

    ends: list[float]
    tokens: list[int]


def timelines(runs: Sequence[Run], modes: Sequence[Mode]) -> tuple[Series, ...]:
    """One of each mode that has rounds.

    It ends where a tenth of its runs have: those that go on are the slow ones, and a line through
    them would fall though nothing slowed down.
    """
    found = (_series(mode, [run for run in runs if run.mode == mode]) for mode in modes)
    return tuple(one for one in found if len(one.points) > 1)


def _series(mode: Mode, runs: Sequence[Run]) -> Series:
    kept = [curve for run in runs if (curve := _curve(run)).ends]
    lengths = sorted(curve.ends[-1] for curve in kept)
    end = lengths[len(lengths) // 10] if lengths else 0.0
    if end <= 0:
        return Series(mode=mode, points=())
    rounds = sorted(len(curve.ends) for curve in kept)[len(kept) // 2]
    bins = max(2, min(MOST_BINS, rounds // 3))  # of a round or two, a rate would be chance
    width = end / bins
    rates = _rates(kept, width, bins)
    points = (Point((i + 0.5) * width, tps) for i, tps in enumerate(rates) if tps is not None)
    return Series(mode=mode, points=tuple(points))


def _curve(run: Run) -> _Curve:
    """The token that prefill yields is no decoding: a round without a time is it, or not told."""
    ends: list[float] = []
    tokens: list[int] = []
    end = 0.0
    first = run.rounds[0].at_s if run.rounds and run.rounds[0].at_s is not None else None
    for one in run.rounds if first is None else run.rounds[1:]:
        start = end
        if first is None:
            end += one.ms / 1000
        elif one.at_s is not None:
            end = max(start, one.at_s - first)
        ends.append(end)
        tokens.append((one.tokens or 0) if end > start else 0)
    return _Curve(ends, tokens)


def _rates(curves: Sequence[_Curve], width: float, bins: int) -> list[float | None]:
    """Tokens over the time the runs were writing, bin by bin; a round's are spread over its time.

    What a run had emitted by each bin's edge is read off its curve, straight within a round.
    """
    import numpy as np  # here, for most of what imports this draws nothing

    edges = np.arange(bins + 1) * width
    tokens, active = np.zeros(bins), np.zeros(bins)
    for curve in curves:
        emitted = np.interp(edges, [0.0, *curve.ends], np.cumsum([0, *curve.tokens]))
        tokens += np.diff(emitted)
        active += np.diff(np.minimum(edges, curve.ends[-1]))
    return [float(t / a) if a > 0 else None for t, a in zip(tokens, active, strict=True)]
