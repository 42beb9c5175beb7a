"""What runs come to: every derived number of a report, computed here and nowhere else. Pure."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mtp_mlx.numbers import acceptance_rate, mean_acceptance_length
from mtp_mlx.report.model import Group, Mode, Outline, Report, Round, Run

RESAMPLES = 1000
CONFIDENCE = 0.95
BASELINE = "plain decoding of the same prompt in the same repeat, interleaved"
_Place = tuple[str, str | None, int]
_CHUNK = 2**20  # values drawn at a time: a long report must not fill the memory


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


def interval(ratios: Sequence[float]) -> Interval | None:
    """The median of paired ratios with its bootstrap interval; None where there are none."""
    if not ratios:
        return None
    import numpy as np  # here, for the window's single reply has no interval

    chance = np.random.default_rng(0)  # the same interval each time a report is made
    known = np.asarray(ratios, dtype=np.float64)
    rows = max(1, _CHUNK // known.size)
    medians = np.sort(
        np.concatenate(
            [
                np.median(chance.choice(known, (min(rows, RESAMPLES - done), known.size)), axis=1)
                for done in range(0, RESAMPLES, rows)
            ]
        )
    )
    cut = int(RESAMPLES * (1 - CONFIDENCE) / 2)
    return Interval(
        median=statistics.median(ratios),
        low=float(medians[cut]),
        high=float(medians[RESAMPLES - 1 - cut]),
    )


def groups(runs: Sequence[Run]) -> tuple[Group, ...]:
    """All categories together first, then each by itself, where there are several."""
    modes = dict.fromkeys(run.mode for run in runs)
    parted = defaultdict[str, list[Run]](list)
    for run in runs:
        parted[run.category].append(run)
    places = [(None, runs), *(parted.items() if len(parted) > 1 else ())]
    found = (group(category, mode, here) for category, here in places for mode in modes)
    return tuple(one for one in found if one.runs)


def group(category: str | None, mode: Mode, here: Sequence[Run]) -> Group:
    """Of the runs of `mode` among `here`, which are all of `category`."""
    mine = [run for run in here if run.mode == mode]
    speeds = _known(run.decode_tps for run in mine)
    drafted = sum(run.draft_n or 0 for run in mine)
    accepted = sum(run.draft_n_accepted or 0 for run in mine)
    rounds = sum(run.draft_rounds or 0 for run in mine)
    speedup = None if mode == "off" else interval(ratios(mine, here))
    spread = speedup if speedup and speedup.known else None
    return Group(
        category=category,
        mode=mode,
        runs=len(mine),
        decode_tps=_median(speeds),
        decode_tps_low=min(speeds, default=None),
        decode_tps_high=max(speeds, default=None),
        ttft_s=_median(_known(run.ttft_s for run in mine)),
        acceptance_rate=acceptance_rate(accepted, drafted),
        mean_acceptance_length=mean_acceptance_length(accepted, rounds),
        plain_tps=_median(_known(run.decode_tps for run in here if run.mode == "off")),
        baseline=BASELINE if speedup else None,
        speedup=speedup.median if speedup else None,
        speedup_low=spread.low if spread else None,
        speedup_high=spread.high if spread else None,
    )


def follows(report: Report) -> bool:
    """Whether the summary comes from the runs; where not, one of them was changed by hand."""
    return all(_follows(one, report.runs) for one in report.summary)


def _follows(one: Group, runs: Sequence[Run]) -> bool:
    here = [run for run in runs if one.category in (None, run.category)]
    mine = [run for run in here if run.mode == one.mode]
    speeds = _same(one.decode_tps, _median(_known(run.decode_tps for run in mine)))
    paired_here = one.baseline == BASELINE  # else its plain speed was measured apart
    return speeds and (not paired_here or _same(one.speedup, _median(ratios(mine, here))))


def _same(told: float | None, found: float | None) -> bool:
    if told is None or found is None:
        return told is found
    return math.isclose(told, found, rel_tol=1e-6)


def ratios(mine: Sequence[Run], here: Sequence[Run]) -> list[float]:
    """Speed over that of plain decoding, run by run; a run that was cut short has no pair."""
    plain = _plain(here)
    found = (_paired(run, plain.get(place(run))).speedup for run in mine)
    return _known(found)


@dataclass(frozen=True, slots=True)
class Paired:
    """One run against plain decoding of its own prompt and repeat."""

    plain_tps: float | None = None
    speedup: float | None = None


def paired(report: Report) -> list[Paired]:
    """Of every run, in order. A lone reply's plain speed stands in its summary, if anywhere."""
    runs = report.runs
    if len(runs) == 1 and len(report.summary) == 1:
        (only,) = report.summary
        return [Paired(only.plain_tps, only.speedup)]
    plain = _plain(runs)
    return [_paired(run, plain.get(place(run))) for run in runs]


def _paired(run: Run, base: float | None) -> Paired:
    if run.mode == "off" or run.cut or not base or not run.decode_tps:
        return Paired(base)
    return Paired(base, run.decode_tps / base)


def _plain(runs: Iterable[Run]) -> dict[_Place, float | None]:
    return {place(run): run.decode_tps for run in runs if run.mode == "off" and not run.cut}


def place(run: Run) -> _Place:
    """What a run of one mode shares with its pair of another."""
    return run.category, run.prompt_id, run.repeat


def drift(runs: Sequence[Run]) -> float | None:
    """Plain decoding's speed in the last third of its runs over that in the first, less 1.

    `runs` in the order they were made. Each is taken relative to the other repeats of its prompt,
    so that a slow prompt at the end is no drift; None below two runs a third or without repeats.
    """
    plain = [run for run in runs if run.mode == "off" and not run.cut and run.decode_tps]
    known = defaultdict[str | None, list[float]](list)
    for run in plain:
        known[run.prompt_id].append(run.decode_tps or 0)
    if len(plain) < 6 or min(map(len, known.values())) < 2:
        return None
    usual = {prompt: statistics.median(speeds) for prompt, speeds in known.items()}
    relative = [(run.decode_tps or 0) / usual[run.prompt_id] for run in plain]
    third = len(relative) // 3
    return statistics.median(relative[-third:]) / statistics.median(relative[:third]) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a round of K drafts took."""

    depth: int
    rounds: int
    ms: float  # the median
    tokens: float | None  # emitted by one, on average

    @property
    def tps(self) -> float | None:
        return self.tokens / self.ms * 1000 if self.tokens and self.ms else None


def costs(rounds: Iterable[Round]) -> tuple[Cost, ...]:
    """By K, from 0: a step of plain decoding."""
    found = defaultdict[int, list[Round]](list)
    for one in rounds:
        found[one.depth].append(one)
    return tuple(
        Cost(
            depth=depth,
            rounds=len(those),
            ms=statistics.median(one.ms for one in those),
            tokens=_mean(_known(one.tokens for one in those)),
        )
        for depth, those in sorted(found.items())
    )


def chosen(runs: Iterable[Run]) -> int | None:
    """The K that auto used most, by rounds; None where auto did not run."""
    used = defaultdict[int, int](int)
    for run in runs:
        if run.mode == "auto":
            for one in run.rounds:
                used[one.depth] += one.state != "probe"
    return max(used, key=used.__getitem__, default=None)


def headline(report: Report | Outline) -> Group | None:
    """What the report is about: the best mode over everything; a slow-down where all are."""
    over_all = [one for one in report.summary if one.speedup is not None]
    everything = [one for one in over_all if one.category is None] or over_all
    auto = [one for one in everything if one.mode == "auto"]
    return max(auto or everything, key=lambda one: one.speedup or 0, default=None)


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None
