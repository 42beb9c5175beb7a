"""Tokens per second over the time of a reply, over several runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
class _Stretch:
    """A round on the clock of its run, in seconds since the first token."""

    start: float
    end: float
    tokens: int


def timelines(runs: Sequence[Run], modes: Sequence[Mode]) -> tuple[Series, ...]:
    """One of each mode that has rounds.

    It ends where a tenth of its runs have: those that go on are the slow ones, and a line through
    them would fall though nothing slowed down.
    """
    found = (_series(mode, [run for run in runs if run.mode == mode]) for mode in modes)
    return tuple(one for one in found if len(one.points) > 1)


def _series(mode: Mode, runs: Sequence[Run]) -> Series:
    kept = [stretches for run in runs if (stretches := list(_stretches(run)))]
    lengths = sorted(stretches[-1].end for stretches in kept)
    end = lengths[len(lengths) // 10] if lengths else 0.0
    if end <= 0:
        return Series(mode=mode, points=())
    rounds = sorted(len(stretches) for stretches in kept)[len(kept) // 2]
    bins = max(2, min(MOST_BINS, rounds // 3))  # of a round or two, a rate would be chance
    width = end / bins
    tokens, active = [0.0] * bins, [0.0] * bins
    for stretches in kept:
        for one in stretches:
            _share_out(one, width, tokens, active)
    points = (Point((i + 0.5) * width, tokens[i] / active[i]) for i in range(bins) if active[i] > 0)
    return Series(mode=mode, points=tuple(points))


def _stretches(run: Run) -> Iterator[_Stretch]:
    """The token that prefill yields is no decoding: a round without a time is it, or not told."""
    end = 0.0
    first = run.rounds[0].at_s if run.rounds and run.rounds[0].at_s is not None else None
    for i, one in enumerate(run.rounds):
        start = end
        if first is None:
            end += one.ms / 1000
        elif i == 0:
            continue
        elif one.at_s is not None:
            end = max(start, one.at_s - first)
        yield _Stretch(start, end, one.tokens or 0)


def _share_out(one: _Stretch, width: float, tokens: list[float], active: list[float]) -> None:
    """A round's tokens and time, evenly over the bins it lies in."""
    length = one.end - one.start
    if length <= 0:
        return
    for i in range(int(one.start / width), min(len(tokens), int(one.end / width) + 1)):
        overlap = min(one.end, (i + 1) * width) - max(one.start, i * width)
        if overlap > 0:
            tokens[i] += one.tokens * overlap / length
            active[i] += overlap
