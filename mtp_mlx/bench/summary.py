"""What runs come to: medians, speed-ups of paired runs with an interval, and identity of texts."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mtp_mlx.bench.runs import Run
from mtp_mlx.values import Mtp

RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A median, and where it lies with 95 % confidence (percentile bootstrap)."""

    median: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """One ratio has no spread, and so no interval."""
        return self.low < self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The runs of one mode in one category (None: in all). None means "not measured"."""

    category: str | None
    mode: Mtp
    runs: int
    decode_tps: float | None
    decode_tps_low: float | None
    decode_tps_high: float | None
    ttft_s: float | None
    acceptance_rate: float | None
    mean_acceptance_length: float | None
    plain_tps: float | None
    speedup: Interval | None  # against plain decoding of the same prompt in the same repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A mode's text against that of plain decoding, over all repeats of one prompt."""

    category: str
    prompt_id: str
    mode: Mtp
    parts_at: int | None  # the first token that differs; None: identical


def groups(runs: Sequence[Run]) -> list[Group]:
    """All categories together first, then each by itself."""
    categories: list[str | None] = [None, *dict.fromkeys(run.prompt.category for run in runs)]
    modes = list(dict.fromkeys(run.mode for run in runs))
    found = (
        _group(category, mode, runs)
        for category in (categories if len(categories) > 2 else categories[:1])
        for mode in modes
    )
    return [group for group in found if group.runs]


def _group(category: str | None, mode: Mtp, runs: Sequence[Run]) -> Group:
    here = [run for run in runs if category in (None, run.prompt.category)]
    mine = [run for run in here if run.mode == mode]
    speeds = _speeds(here, mode)
    drafted = sum(run.finished.stats.draft_n for run in mine)
    accepted = sum(run.finished.stats.draft_n_accepted for run in mine)
    rounds = sum(run.finished.stats.draft_rounds for run in mine)
    return Group(
        category=category,
        mode=mode,
        runs=len(mine),
        decode_tps=_median(speeds),
        decode_tps_low=min(speeds, default=None),
        decode_tps_high=max(speeds, default=None),
        ttft_s=_median(_known(run.finished.stats.ttft_s for run in mine)),
        acceptance_rate=accepted / drafted if drafted else None,
        mean_acceptance_length=1 + accepted / rounds if rounds else None,
        plain_tps=_median(_speeds(here, "off")),
        speedup=None if mode == "off" else interval(_ratios(mine, here)),
    )


def _speeds(runs: Sequence[Run], mode: Mtp) -> list[float]:
    return _known(run.finished.stats.decode_tps for run in runs if run.mode == mode)


def _ratios(mine: Sequence[Run], all_runs: Sequence[Run]) -> list[float]:
    """Speed over that of plain decoding, run by run."""
    plain = {
        (run.prompt.id, run.repeat): run.finished.stats.decode_tps
        for run in all_runs
        if run.mode == "off"
    }
    pairs = (
        (run.finished.stats.decode_tps, plain.get((run.prompt.id, run.repeat))) for run in mine
    )
    return [mine / base for mine, base in pairs if mine and base]


def interval(ratios: Sequence[float]) -> Interval | None:
    """The median of paired ratios with its bootstrap interval; None where there are none."""
    if not ratios:
        return None
    chance = random.Random(0)  # noqa: S311 - the same interval each time a report is made
    medians = sorted(
        statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES)
    )
    cut = int(RESAMPLES * (1 - CONFIDENCE) / 2)
    return Interval(
        median=statistics.median(ratios), low=medians[cut], high=medians[RESAMPLES - 1 - cut]
    )


def comparisons(runs: Sequence[Run]) -> list[Comparison]:
    """Whether each mode wrote what plain decoding wrote, prompt by prompt."""
    plain = {(run.prompt.id, run.repeat): run.tokens for run in runs if run.mode == "off"}
    found: dict[tuple[str, Mtp], Comparison] = {}
    for run in runs:
        base = plain.get((run.prompt.id, run.repeat))
        if run.mode == "off" or base is None:
            continue
        place = (run.prompt.id, run.mode)
        known = found.get(place)
        if known is None or known.parts_at is None:
            found[place] = Comparison(
                category=run.prompt.category,
                prompt_id=run.prompt.id,
                mode=run.mode,
                parts_at=first_difference(run.tokens, base),
            )
    return list(found.values())


def first_difference(a: Sequence[int], b: Sequence[int]) -> int | None:
    """Where two texts part; None where they are the same."""
    if tuple(a) == tuple(b):
        return None
    shared = zip(a, b, strict=False)
    return next((i for i, (x, y) in enumerate(shared) if x != y), min(len(a), len(b)))


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None
