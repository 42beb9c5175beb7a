"""Calibration: the time of each pass of a pair, and acceptance at both draft positions.

Auto starts from the costs. They also give a round's ideal time, one verify pass and K drafter
steps: where a reply's speed-up is smaller than they allow, the loop itself loses the rest.
"""

from __future__ import annotations

import datetime as dt
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import get_args

import mlx.core as mx

from mtp_mlx.api import MAX_DEPTH, DraftPosition, Sampling
from mtp_mlx.bench.plan import Plan
from mtp_mlx.bench.prompts import Prompt, load_suite
from mtp_mlx.bench.runs import runs
from mtp_mlx.calibration import Calibration, Costs
from mtp_mlx.decode.loop import plain_round, prefill
from mtp_mlx.decode.rules import rule_of
from mtp_mlx.decode.sequence import Control, Sequence
from mtp_mlx.depth.control import DepthControl
from mtp_mlx.engine import Engine
from mtp_mlx.loading import LoadedPair
from mtp_mlx.numbers import acceptance_rate
from mtp_mlx.protocols import Anchor, Chunk, Drafter, DraftRow, State, Target

CONTEXT = 256  # tokens in the cache while passes are timed: a short chat
PROMPTS = 4  # of the quick suite, to measure acceptance
PLAN = Plan(modes=(3,), repeats=1, max_tokens=64, sampling=Sampling())
MOST_ROWS = MAX_DEPTH + 1  # the anchor and the deepest draft
REPEATS = 9
PLAIN_STEPS = 8  # timed together: a single step of a pipeline has no time of its own


def calibrate(engine: Engine) -> Calibration:
    """Measure the engine's pair, and empty its cache: the next reply reads its whole prompt."""
    pair = engine.loaded
    context = min(CONTEXT, pair.info.context_length // 2)
    costs = measure(pair, context)
    drafts: dict[DraftPosition, Accepted] = {}
    if pair.drafter is not None and pair.info.has_chat_template:
        prompts = load_suite("quick").prompts[:PROMPTS]
        drafts = {
            position: accepted(pair, position, prompts) for position in get_args(DraftPosition)
        }
    engine.forget()
    return Calibration(
        costs=costs,
        acceptance=tuple((position, measured.rate) for position, measured in drafts.items()),
        drafted=max((measured.drafted for measured in drafts.values()), default=0),
        date=dt.datetime.now(tz=dt.UTC).date().isoformat(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    drafted: int  # tokens
    rate: float  # the share of them that was accepted


def accepted(pair: LoadedPair, position: DraftPosition, prompts: Iterable[Prompt]) -> Accepted:
    """Measure acceptance at a draft position, greedily at K 3."""
    engine = Engine(pair.with_draft_position(position))
    stats = [run.finished.stats for run in runs(engine, PLAN, list(prompts))]
    engine.forget()
    drafted = sum(s.draft_n for s in stats)
    rate = acceptance_rate(sum(s.draft_n_accepted for s in stats), drafted)
    return Accepted(drafted=drafted, rate=rate or 0.0)


def measure(pair: LoadedPair, context: int, *, repeats: int = REPEATS) -> Costs:
    """Time every pass behind `context` tokens (at least 1), on a state of its own.

    Each repeat times every pass once, every other repeat in reverse order, so that a machine that
    slows down slows all of them.
    """
    target = pair.target
    sequence = _sequence(target, pair.drafter, context)
    passes = _passes(target, pair.drafter, sequence)
    for timed in passes.values():
        timed()
    times: dict[str, list[float]] = {name: [] for name in passes}
    for repeat in range(repeats):
        for name in list(passes)[:: -1 if repeat % 2 else 1]:
            times[name].append(passes[name]())
    median = {name: statistics.median(each) for name, each in times.items()}
    return Costs(
        context=context,
        verify_ms=tuple(median[f"rows {n}"] for n in range(1, MOST_ROWS + 1)),
        draft_ms=median.get("draft"),
        plain_ms=median["plain"],
    )


def _sequence(target: Target, drafter: Drafter | None, context: int) -> Sequence:
    """Return a sequence of random text: a pass takes the same time whatever it reads."""
    text = mx.random.randint(0, target.vocabulary, (context,), key=mx.random.key(0)).tolist()
    assert isinstance(text, list)
    state = target.new_state()
    draft_state = None if drafter is None else drafter.new_state(state)
    tokens = [int(token) for token in text]  # type: ignore[arg-type]
    *_, hidden = prefill(target, state, tokens, draft_state)
    assert hidden is not None  # the last chunk's
    return Sequence(
        state=state,
        draft_state=draft_state,
        rule=rule_of("coupled", Sampling(), 0, (), 0),
        anchor=Anchor(mx.array([0], dtype=mx.int32), hidden),
        tokens_left=sys.maxsize,
        end_tokens=frozenset(),
        control=Control(),
        depth=DepthControl(None),
    )


Pass = Callable[[], float]
"""Runs a pass once, trims the state again, and returns the milliseconds."""


def _passes(target: Target, drafter: Drafter | None, sequence: Sequence) -> dict[str, Pass]:
    passes: dict[str, Pass] = {
        f"rows {n}": partial(_verify, target, sequence.state, n) for n in range(1, MOST_ROWS + 1)
    }
    if drafter is not None and sequence.draft_state is not None:
        row = DraftRow(sequence.draft_state, sequence.anchor, 1, sequence.rule)
        passes["draft"] = partial(_draft, drafter, row)
    passes["plain"] = partial(_plain, target, sequence)
    return passes


def _verify(target: Target, state: State, rows: int) -> float:
    tokens = mx.arange(rows, dtype=mx.int32)
    mx.eval(tokens)
    started = time.perf_counter()
    mx.eval(target.logits(target.forward([Chunk(state, tokens)])).raw)
    ms = _since(started)
    state.trim(rows)
    return ms


def _draft(drafter: Drafter, row: DraftRow) -> float:
    """Time one drafter step, with the choice of its token."""
    started = time.perf_counter()
    (drafts,) = drafter.propose([row])
    mx.eval(drafts.tokens)
    return _since(started)


def _plain(target: Target, sequence: Sequence) -> float:
    """Return the mean time of several plain steps, the first left out: it finds none in flight."""
    anchor = sequence.anchor
    plain_round(target, [sequence], ahead=True)
    started = time.perf_counter()
    for _ in range(PLAIN_STEPS):
        plain_round(target, [sequence], ahead=True)
    ms = _since(started) / PLAIN_STEPS
    sequence.settle()
    sequence.state.trim(PLAIN_STEPS + 1)
    sequence.anchor = anchor
    return ms


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1e3
