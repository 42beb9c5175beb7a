"""What a pair's passes cost on this machine, each measured alone.

With them a round's ideal time is known: one verify pass and K drafter steps. What a reply's
measured speed-up falls short of the allowed one is what the loop itself loses.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import mlx.core as mx

from mtp_mlx.api import MAX_DEPTH, Sampling
from mtp_mlx.calibration import Costs
from mtp_mlx.decode.plain import PlainDecoder
from mtp_mlx.decode.prefill import prefill
from mtp_mlx.decode.round import Anchor
from mtp_mlx.decode.verification import rule_of
from mtp_mlx.loading import LoadedPair
from mtp_mlx.protocols import Drafter, Target

MOST_ROWS = MAX_DEPTH + 1  # the anchor and the deepest draft
REPEATS = 9
PLAIN_STEPS = 8  # a pipeline's step has no time of its own: a run of them is timed


def measure(pair: LoadedPair, context: int, *, repeats: int = REPEATS) -> Costs:
    """Time every pass behind `context` tokens (at least 1), on caches of its own.

    Each repeat times every pass once, every other repeat in reverse order, so that a machine that
    slows down slows all of them. The pair's own cache is not touched.
    """
    target = pair.target.apart()
    anchor = _anchored(target, context, pair.target.config.vocab_size)
    passes = _passes(target, pair.drafter, anchor)
    for timed in passes.values():
        timed()
    found: dict[str, list[float]] = {name: [] for name in passes}
    for repeat in range(repeats):
        for name in list(passes)[:: -1 if repeat % 2 else 1]:
            found[name].append(passes[name]())
    median = {name: statistics.median(times) for name, times in found.items()}
    return Costs(
        context=context,
        verify_ms=tuple(median[f"rows {n}"] for n in range(1, MOST_ROWS + 1)),
        draft_ms=median.get("draft"),
        plain_ms=median["plain"],
    )


def _anchored(target: Target, context: int, vocabulary: int) -> Anchor:
    """Fill the cache with any text: a pass costs the same whatever it reads."""
    text = mx.random.randint(0, vocabulary, (context,), key=mx.random.key(0)).tolist()
    assert isinstance(text, list)
    *_, hidden = prefill(target, [int(token) for token in text])  # type: ignore[arg-type]
    return Anchor(mx.array([0], dtype=mx.int32), hidden)


Pass = Callable[[], float]  # runs it once, puts the cache back; milliseconds


def _passes(target: Target, drafter: Drafter | None, anchor: Anchor) -> dict[str, Pass]:
    passes: dict[str, Pass] = {
        f"rows {n}": partial(_verify, target, n) for n in range(1, MOST_ROWS + 1)
    }
    if drafter is not None:
        passes["draft"] = partial(_draft, target, drafter, anchor)
    passes["plain"] = partial(_plain, target, anchor)
    return passes


def _verify(target: Target, rows: int) -> float:
    tokens = mx.arange(rows, dtype=mx.int32)
    mx.eval(tokens)
    started = time.perf_counter()
    mx.eval(target.scores(target.see(tokens)).raw)
    ms = _since(started)
    target.forget(rows)
    return ms


def _draft(target: Target, drafter: Drafter, anchor: Anchor) -> float:
    shared = target.shared()
    started = time.perf_counter()
    step = drafter.step(anchor.token, anchor.hidden, shared, target.length - 1)
    mx.eval(step.scores.raw, step.hidden)
    return _since(started)


def _plain(target: Target, anchor: Anchor) -> float:
    """One step's share of a run: the first is not timed, for it finds no other in flight."""
    decoder = PlainDecoder(target, rule_of("coupled", Sampling(), 0, (), 0))
    anchor = decoder.round(anchor, more=True).anchor
    started = time.perf_counter()
    for _ in range(PLAIN_STEPS):
        anchor = decoder.round(anchor, more=True).anchor
    ms = _since(started) / PLAIN_STEPS
    decoder.settle()
    target.forget(PLAIN_STEPS + 1)
    return ms


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1e3
