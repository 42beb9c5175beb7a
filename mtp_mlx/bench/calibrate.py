"""Measuring what auto starts from: the cost of each pass, and both draft positions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import get_args

from mtp_mlx.api import DraftPosition, Sampling
from mtp_mlx.bench.costs import measure
from mtp_mlx.bench.plan import Plan
from mtp_mlx.bench.prompts import Prompt, load_suite
from mtp_mlx.bench.runs import runs
from mtp_mlx.calibration import Calibration
from mtp_mlx.engine import Engine
from mtp_mlx.loading import LoadedPair
from mtp_mlx.numbers import acceptance_rate

CONTEXT = 256  # tokens behind which passes are timed: a short chat
PROMPTS = 4
PLAN = Plan(modes=(3,), repeats=1, max_tokens=64, sampling=Sampling())


def calibrate(engine: Engine) -> Calibration:
    """Measure the engine's pair. Its cache is emptied: its next reply reads a whole prompt."""
    pair = engine.loaded
    context = min(CONTEXT, pair.info.context_length // 2)
    costs = measure(pair, context)
    accepted: list[tuple[DraftPosition, float]] = []
    drafted = 0
    if pair.drafter is not None and pair.template is not None:
        prompts = load_suite("quick").prompts[:PROMPTS]
        for position in get_args(DraftPosition):
            rate, drafted = acceptance(pair, position, prompts)
            accepted.append((position, rate))
    engine.forget()
    return Calibration(
        costs=costs,
        acceptance=tuple(accepted),
        drafted=drafted,
        date=dt.datetime.now(tz=dt.UTC).date().isoformat(),
    )


def acceptance(
    pair: LoadedPair, position: DraftPosition, prompts: Sequence[Prompt]
) -> tuple[float, int]:
    """The share accepted under a position rule, greedily at K 3, and the number drafted."""
    engine = Engine(pair.with_draft_position(position))
    stats = [run.finished.stats for run in runs(engine, PLAN, prompts)]
    engine.forget()
    drafted = sum(one.draft_n for one in stats)
    accepted = sum(one.draft_n_accepted for one in stats)
    return acceptance_rate(accepted, drafted) or 0.0, drafted
