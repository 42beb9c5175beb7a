"""How fast prompts of each length are read, and replies to them written. Pure.

`speeds_by_length(report.runs)` gives the rows of a table, shortest prompts first: prefill tokens/s
beside decode tokens/s. `by_context(report.runs)` gives the speed-ups at each length of context.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from mtp_mlx.report.derived import group
from mtp_mlx.report.model import Group, Mode, Run

EDGES = (128, 512, 2048, 8192, 32768, 131072)
"""The prompt tokens at which a band of lengths begins, after the first, which begins at 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Tokens/s of several runs: the median, the slowest and the fastest."""

    tps: float
    low: float
    high: float
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeSpeed:
    mode: Mode
    speed: Speed


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthSpeed:
    """The speeds of runs whose prompts, with the context before them, are about equally long."""

    context_tokens: int | None  # before each prompt; None where the runs are a band of lengths
    prompt_tokens: int  # the median of the runs, the context counted as well
    shortest: int  # prompt tokens
    longest: int  # prompt tokens
    runs: int
    prefill: Speed | None  # of the runs that read their whole prompt; None where no run did
    decode: tuple[DecodeSpeed, ...]  # in the order of the runs; () where nothing was measured


def speeds_by_length(runs: Iterable[Run]) -> tuple[LengthSpeed, ...]:
    """Return prefill and decode speeds for each length of prompt, in rising order.

    Where contexts of several lengths were measured, each is a length; otherwise a length is a band
    of prompt tokens (`EDGES`). Runs that were cut short, and those whose prompt tokens are unknown,
    are left out: () where no other is left. Prefill tokens/s of a run that reused a part of its
    prompt are left out too, for they are those of the rest.
    """
    counted = [run for run in runs if not run.cut and run.prompt_tokens]
    is_band = len({run.context for run in counted}) < 2
    lengths = defaultdict[int, list[Run]](list)
    for run in counted:
        lengths[_band(run) if is_band else run.context].append(run)
    return tuple(_length(None if is_band else at, here) for at, here in sorted(lengths.items()))


def by_context(runs: Sequence[Run]) -> tuple[Group, ...] | None:
    """Return a group for each length of context and mode, over all categories.

    None for a single length, which the summary covers.
    """
    contexts = sorted({run.context for run in runs})
    if len(contexts) < 2:
        return None
    made = []
    for context in contexts:
        here = [run for run in runs if run.context == context]
        modes = dict.fromkeys(run.mode for run in here)
        made += [replace(group(None, mode, here), context_tokens=context) for mode in modes]
    return tuple(made)


def _band(run: Run) -> int:
    return sum(edge <= (run.prompt_tokens or 0) for edge in EDGES)


def _length(context: int | None, here: Sequence[Run]) -> LengthSpeed:
    prompts = [run.prompt_tokens or 0 for run in here]
    modes = dict.fromkeys(run.mode for run in here)
    decode = {mode: _speed(run.decode_tps for run in here if run.mode == mode) for mode in modes}
    return LengthSpeed(
        context_tokens=context,
        prompt_tokens=round(statistics.median(prompts)),
        shortest=min(prompts),
        longest=max(prompts),
        runs=len(here),
        prefill=_speed(run.prefill_tps for run in here if not run.reused_tokens),
        decode=tuple(DecodeSpeed(mode=m, speed=speed) for m, speed in decode.items() if speed),
    )


def _speed(measured: Iterable[float | None]) -> Speed | None:
    speeds = [tps for tps in measured if tps is not None]
    if not speeds:
        return None
    return Speed(tps=statistics.median(speeds), low=min(speeds), high=max(speeds), runs=len(speeds))
