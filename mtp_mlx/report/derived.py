"""The numbers of a report that are derived from its runs, here and nowhere else. Pure."""

from __future__ import annotations

import itertools
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from mtp_mlx.numbers import acceptance_rate, mean_acceptance_length, tokens_per_round
from mtp_mlx.report.model import Group, Mode, Outline, Report, Round, Run
from mtp_mlx.report.steadiness import unsteadiness

RESAMPLES = 1000  # of the bootstrap
CONFIDENCE = 0.95
T_QUANTILES = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
"""Student's t at 97.5 %, by the number of ratios: a bootstrap of so few is too narrow."""
_MOST_LOG = 700.0  # the logarithm of a ratio above which it is no float
BASELINE = "plain decoding of the same prompt in the same repeat, interleaved"
_CHUNK = 2**20  # values that the bootstrap draws at a time, which bounds its memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A median, and where it lies with 95 % confidence."""

    median: float
    low: float
    high: float
    ratios: int = 2

    @property
    def has_spread(self) -> bool:
        """False for a single ratio, which has no spread."""
        return self.ratios > 1


def interval(ratios: Sequence[float]) -> Interval | None:
    """Return the median of paired ratios with its interval; None without a ratio.

    Six ratios or more have a percentile bootstrap. Fewer have Student's t of their logarithms,
    widened to hold the median.
    """
    if not ratios:
        return None
    if len(ratios) in T_QUANTILES:
        return _few(ratios)
    if len(ratios) == 1:
        return Interval(median=ratios[0], low=ratios[0], high=ratios[0], ratios=1)
    return _bootstrap(ratios)


def _few(ratios: Sequence[float]) -> Interval:
    median = statistics.median(ratios)
    logarithms = [math.log(ratio) for ratio in ratios]
    middle = statistics.fmean(logarithms)
    error = statistics.stdev(logarithms) / math.sqrt(len(ratios))
    reach = T_QUANTILES[len(ratios)] * error
    return Interval(
        median=median,
        low=min(median, math.exp(max(middle - reach, -_MOST_LOG))),
        high=max(median, math.exp(min(middle + reach, _MOST_LOG))),
        ratios=len(ratios),
    )


def _bootstrap(ratios: Sequence[float]) -> Interval:
    import numpy as np  # here, for most of what imports this module needs no interval

    chance = np.random.default_rng(0)  # a report made again has the same interval
    values = np.asarray(ratios, dtype=np.float64)
    rows = max(1, _CHUNK // values.size)
    medians = np.sort(
        np.concatenate(
            [
                np.median(chance.choice(values, (min(rows, RESAMPLES - done), values.size)), axis=1)
                for done in range(0, RESAMPLES, rows)
            ]
        )
    )
    cut = int(RESAMPLES * (1 - CONFIDENCE) / 2)
    return Interval(
        median=statistics.median(ratios),
        low=float(medians[cut]),
        high=float(medians[RESAMPLES - 1 - cut]),
        ratios=len(ratios),
    )


def groups(runs: Sequence[Run]) -> tuple[Group, ...]:
    """Return a group for each mode over all runs, then for each mode and category.

    A single category has no groups of its own, which would repeat the first ones.
    """
    modes = dict.fromkeys(run.mode for run in runs)
    by_category = defaultdict[str, list[Run]](list)
    for run in runs:
        by_category[run.category].append(run)
    parts = [(None, runs), *(by_category.items() if len(by_category) > 1 else ())]
    made = (group(category, mode, here) for category, here in parts for mode in modes)
    return tuple(each for each in made if each.runs)


def group(category: str | None, mode: Mode, here: Sequence[Run]) -> Group:
    """Return the group of the runs of `mode`; `here` is all runs of `category`, in any mode."""
    mine = [run for run in here if run.mode == mode]
    speeds = _measured(run.decode_tps for run in mine)
    drafted = sum(run.draft_n or 0 for run in mine)
    accepted = sum(run.draft_n_accepted or 0 for run in mine)
    rounds = sum(run.draft_rounds or 0 for run in mine)
    speedup = None if mode == "off" else interval(ratios(mine, here))
    spread = speedup if speedup and speedup.has_spread else None
    contexts = {run.context_tokens for run in mine} - {None}
    made = Group(
        category=category,
        mode=mode,
        runs=len(mine),
        contexts=len(contexts) or None,
        decode_tps=_median(speeds),
        decode_tps_low=min(speeds, default=None),
        decode_tps_high=max(speeds, default=None),
        ttft_s=_median(_measured(run.ttft_s for run in mine)),
        acceptance_rate=acceptance_rate(accepted, drafted),
        mean_acceptance_length=mean_acceptance_length(accepted, rounds),
        plain_tps=_median(_measured(run.decode_tps for run in here if run.mode == "off")),
        baseline=BASELINE if speedup else None,
        speedup=speedup.median if speedup else None,
        speedup_low=spread.low if spread else None,
        speedup_high=spread.high if spread else None,
    )
    return counted(made, mine, here)


def counted(made: Group, mine: Sequence[Run], here: Sequence[Run]) -> Group:
    """Return the group with what its rounds tell of its speed-up; as it is where none were kept."""
    kept = [run for run in mine if decoding(run)]
    if not kept:
        return made
    rounds = [one for run in kept for one in decoding(run)]
    plain = _plain(here)
    compared = [run for run in kept if _paired(run, plain.get(place(run))).speedup] or kept
    steps = [one for run in here if run.mode == "off" for one in decoding(run)]
    return msgspec.structs.replace(
        made,
        draft_rounds=sum(one.depth > 0 for one in rounds),
        rounds=len(rounds),
        tokens_per_round=_tokens_per_round(rounds),
        speedup_most=_median(_measured(_tokens_per_round(decoding(run)) for run in compared)),
        noise=None if made.mode == "off" else unsteadiness(steps),
    )


def completed(report: Report) -> Report:
    """Return the report with what an older program did not write of its speed-ups."""
    if all(one.rounds is not None for one in report.summary):
        return report
    groups, parts = [], _parts(report.runs)
    for one in report.summary:
        here = parts[one.category, None]
        groups.append(counted(one, [run for run in here if run.mode == one.mode], here))
    return msgspec.structs.replace(report, summary=tuple(groups))


def _parts(runs: Iterable[Run]) -> defaultdict[tuple[str | None, int | None], list[Run]]:
    """Return the runs of each category and context; None is all of them."""
    parts = defaultdict[tuple[str | None, int | None], list[Run]](list)
    for run in runs:
        for part in itertools.product((None, run.category), (None, run.context)):
            parts[part].append(run)
    return parts


def decoding(run: Run) -> Sequence[Round]:
    """Return the run's rounds without the first token, which prefill yields.

    The window's rounds say when they ended, and the first of them is prefill. The benchmark's say
    only how long they took, and prefill is none of them.
    """
    is_windows = bool(run.rounds) and run.rounds[0].at_s is not None
    return run.rounds[1:] if is_windows else run.rounds


def _tokens_per_round(rounds: Sequence[Round]) -> float | None:
    return tokens_per_round(sum(map(_tokens, rounds)), len(rounds))


def _tokens(one: Round) -> int:
    return one.accepted + 1 if one.tokens is None else one.tokens


def follows(report: Report) -> bool:
    """Return whether the summary agrees with the runs; if not, one of them was changed by hand."""
    parts, written = _parts(report.runs), (*report.summary, *(report.by_context or ()))
    return all(_follows(one, parts[one.category, one.context_tokens]) for one in written)


def _follows(written: Group, here: Sequence[Run]) -> bool:
    mine = [run for run in here if run.mode == written.mode]
    speeds = _same(written.decode_tps, _median(_measured(run.decode_tps for run in mine)))
    paired_here = written.baseline == BASELINE  # otherwise its plain speed was measured apart
    return speeds and (not paired_here or _same(written.speedup, _median(ratios(mine, here))))


def _same(written: float | None, computed: float | None) -> bool:
    if written is None or computed is None:
        return written is computed
    return math.isclose(written, computed, rel_tol=1e-6)


def ratios(mine: Sequence[Run], here: Sequence[Run]) -> list[float]:
    """Return the speed-up of each of `mine` over the plain run of its prompt and repeat in `here`.

    A run without a plain run, or one that was cut short, has no speed-up.
    """
    plain = _plain(here)
    return _measured(_paired(run, plain.get(place(run))).speedup for run in mine)


@dataclass(frozen=True, slots=True)
class Paired:
    """The plain speed on a run's prompt and repeat, and the run's speed over it."""

    plain_tps: float | None = None
    speedup: float | None = None


def paired(report: Report) -> list[Paired]:
    """Return the plain speed for every run, in order; for a lone reply that of its summary."""
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


def _plain(runs: Iterable[Run]) -> dict[Place, float | None]:
    return {place(run): run.decode_tps for run in runs if run.mode == "off" and not run.cut}


@dataclass(frozen=True, slots=True)
class Place:
    """The key by which runs are paired: all but the mode."""

    category: str
    prompt_id: str | None
    repeat: int
    context: int


def place(run: Run) -> Place:
    return Place(run.category, run.prompt_id, run.repeat, run.context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The time that rounds of K drafts took, and the tokens they emitted."""

    depth: int  # K
    rounds: int
    ms: float  # median of the rounds
    tokens: float | None  # mean of the rounds


def costs(rounds: Iterable[Round]) -> tuple[Cost, ...]:
    """Return a cost for each K that was used, in rising order; K 0 is a plain step."""
    by_depth = defaultdict[int, list[Round]](list)
    for r in rounds:
        by_depth[r.depth].append(r)
    return tuple(
        Cost(
            depth=depth,
            rounds=len(same),
            ms=statistics.median(r.ms for r in same),
            tokens=_mean(_measured(r.tokens for r in same)),
        )
        for depth, same in sorted(by_depth.items())
    )


def chosen(runs: Iterable[Run]) -> int | None:
    """Return the K of most of auto's rounds, probes left out; None where auto did not run."""
    used = defaultdict[int, int](int)
    for run in runs:
        if run.mode == "auto":
            for r in run.rounds:
                used[r.depth] += r.state != "probe"
    return max(used, key=used.__getitem__, default=None)


def headline(report: Report | Outline) -> Group | None:
    """Return the group that the report is about: auto's over everything, or else the fastest.

    None where no speed-up was measured.
    """
    measured = [group for group in report.summary if group.speedup is not None]
    everything = [group for group in measured if group.category is None] or measured
    auto = [group for group in everything if group.mode == "auto"]
    return max(auto or everything, key=lambda group: group.speedup or 0, default=None)


def _measured(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None
