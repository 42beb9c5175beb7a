"""From runs to medians, ratios and their range over repeats. Pure."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mtp_mlx.calibration import Costs
from peers.messages import Counts, Run
from peers.schedule import Group, Result

Runs = list[list[Run]]  # [prompt][repeat]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Of the medians, and the least and the greatest found in a single repeat."""

    value: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.least:.3f} to {self.most:.3f})"


def collected(results: Iterable[Result]) -> dict[tuple[Group, str], Runs]:
    """Runs of each rival of each group; results come repeat by repeat."""
    found: dict[tuple[Group, str], dict[int, list[Run]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        found[result.group, result.rival][result.prompt].append(result.run)
    return {who: list(prompts.values()) for who, prompts in found.items()}


def speed(runs: Runs) -> float:
    """Tokens a second: the median of each prompt's repeats, averaged over prompts."""
    return statistics.mean(statistics.median(run.tps for run in prompt) for prompt in runs)


def best_speed(runs: Runs) -> float:
    """The same with each prompt's fastest repeat: what other programs disturbed least."""
    return statistics.mean(max(run.tps for run in prompt) for prompt in runs)


def cpu_ms(runs: Runs) -> float:
    """Processor time a token: the median of each prompt's repeats, averaged over prompts."""
    return statistics.mean(statistics.median(run.cpu_ms for run in prompt) for prompt in runs)


def ratio(a: Runs, b: Runs) -> Ratio:
    """How much faster `a` is than `b`."""
    single = [x / y for x, y in zip(_by_repeat(a), _by_repeat(b), strict=True)]
    return Ratio(speed(a) / speed(b), min(single), max(single))


def paired(a: Runs, b: Runs) -> float:
    """The median ratio of runs that took turns."""
    return statistics.median(
        x.tps / y.tps
        for these, those in zip(a, b, strict=True)
        for x, y in zip(these, those, strict=True)
    )


def _by_repeat(runs: Runs) -> list[float]:
    return [statistics.mean(run.tps for run in repeat) for repeat in zip(*runs, strict=True)]


def counts(runs: Runs) -> Counts:
    """Of all runs together."""
    every = [run.counts for prompt in runs for run in prompt]
    return Counts(
        rounds=sum(c.rounds for c in every),
        drafted=sum(c.drafted for c in every),
        accepted=sum(c.accepted for c in every),
        deepest=max(c.deepest for c in every),
    )


def tau(runs: Runs) -> float:
    """Mean tokens of a drafting round."""
    total = counts(runs)
    return 1 + total.accepted / total.rounds


def acceptance(runs: Runs) -> float:
    total = counts(runs)
    return total.accepted / total.drafted


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """A measured speed-up over plain decoding, against what the forward passes allow."""

    depth: int
    tau: float
    speed_up: Ratio
    costs: Costs  # medians
    allowed: float
    efficiency: Ratio


def efficiency(depth: int, drafting: Runs, plain: Runs, costs: Sequence[Costs]) -> Efficiency:
    """`costs` has one measuring a repeat; a repeat's speed-up is held against its own."""
    tokens = tau(drafting)
    measured = ratio(drafting, plain)
    typical = _typical(costs)
    allowed = typical.allowed_speed_up(depth, tokens)
    single = [
        x / y / cost.allowed_speed_up(depth, tokens)
        for x, y, cost in zip(_by_repeat(drafting), _by_repeat(plain), costs, strict=True)
    ]
    return Efficiency(
        depth=depth,
        tau=tokens,
        speed_up=measured,
        costs=typical,
        allowed=allowed,
        efficiency=Ratio(measured.value / allowed, min(single), max(single)),
    )


def _typical(costs: Sequence[Costs]) -> Costs:
    rows = zip(*(cost.verify_ms for cost in costs), strict=True)
    return Costs(
        context=costs[0].context,
        verify_ms=tuple(statistics.median(row) for row in rows),
        draft_ms=statistics.median(c.draft_ms for c in costs if c.draft_ms is not None),
        plain_ms=statistics.median(cost.plain_ms for cost in costs),
    )
