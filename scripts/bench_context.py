"""What a token costs at 1k, 4k, 16k and 32k of context, and which layers it is spent in.

Usage: python -m scripts.bench_context [--contexts 1024,4096] [--repeats N]
       [--shape NAME] [--layers N] [--bits N] [--cpu-time]

Only full attention may cost more with more context. So a plain step and a round of three drafts
are timed at each length; apart from them the attention of one full and of one sliding layer; and
what steps and rounds grew by is held against what their full layers grew by. Caches are filled with
random keys: a step takes the same time whatever they say. Lengths are interleaved; all figures are
medians. On Linux set LD_PRELOAD=libopenblas.so.0, as scripts/run does, and where other programs run
at the same time, --cpu-time counts this one's own time on all cores instead of the clock's.

Without --shape, the pair has E2B's attention (heads, widths, window, pattern) in narrow layers and
a small vocabulary, so that little else is measured.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import mlx.core as mx

from mtp_mlx.api import Sampling
from mtp_mlx.decode import sequence as decoding
from mtp_mlx.decode.loop import plain_round
from mtp_mlx.decode.round import Turn, speculate
from mtp_mlx.decode.rules import rule_of
from mtp_mlx.decode.sequence import Control
from mtp_mlx.decode.watch import Starting
from mtp_mlx.depth.control import DepthControl
from mtp_mlx.families import shape
from mtp_mlx.families.base import TrueShape
from mtp_mlx.families.gemma4.config import FULL, SLIDING, CentroidConfig, TextConfig
from mtp_mlx.families.gemma4.drafter import GemmaDrafter
from mtp_mlx.families.gemma4.family import GemmaBlueprint
from mtp_mlx.families.gemma4.target import GemmaTarget
from mtp_mlx.kv.state import LayerCache, LayersState
from mtp_mlx.kv.window import WindowCache
from mtp_mlx.loading import LoadedPair
from mtp_mlx.loading.random_pair import pair_of, random_pair
from mtp_mlx.protocols import Anchor, Chunk

DEPTH = 3
BLOCK = 4  # steps or rounds in a row, after one that is not timed; the caches can take them back
CHUNK = 1024  # rows filled in at a time
GREEDY = rule_of("coupled", Sampling(), 0, (), 0)


@dataclass(frozen=True, slots=True)
class Context:
    """A sequence whose state holds `length` tokens."""

    length: int
    pair: LoadedPair
    state: LayersState
    sequence: decoding.Sequence


@dataclass(frozen=True, slots=True)
class Attention:
    """What the layers of one kind do in a step or a round: `calls`, each of so many queries."""

    kind: str
    calls: int
    heads: int
    queries: int


Clock = Callable[[], float]
Samples = dict[object, dict[int, list[float]]]
"""Milliseconds by what was timed, and by context."""


def main() -> None:
    options = _options()
    pair = (
        random_pair(options.shape, layers=options.layers, bits=options.bits)
        if options.shape
        else pair_of(narrow(options.layers or 10), bits=16)
    )
    target = config_of(pair)
    print(f"{pair.info.target}; {_count(pair)}; sliding window {target.sliding_window}")
    contexts = [standing_at(length, pair) for length in options.contexts]
    step, drafts = calls_of_step(pair, queries=1), calls_of_drafts(pair)
    verify = calls_of_step(pair, queries=DEPTH + 1)
    clock = time.process_time if options.cpu_time else time.perf_counter
    samples = measured(contexts, {*step, *verify, *drafts}, options.repeats, clock)
    print_table("plain step", samples, plain_steps, contexts, step, rows=1)
    title = f"round of {DEPTH} drafts, none accepted"
    print_table(title, samples, rounds, contexts, verify + drafts, rows=DEPTH + 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--contexts",
        type=lambda text: [int(n) for n in text.split(",")],
        default=[1024, 4096, 16384, 32768],
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--shape")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--cpu-time", action="store_true")
    return parser.parse_args()


def narrow(layers: int) -> TrueShape:
    """E2B's attention, little else."""
    whole = shape("e2b", layers)
    pair = whole.blueprint
    assert isinstance(pair, GemmaBlueprint)
    assert pair.drafter_config is not None
    target = replace(
        pair.target_config,
        vocab_size=4096,
        per_layer_vocab_size=4096,
        hidden_size=256,
        intermediate_size=512,
    )
    text = pair.drafter_config.text
    drafter = replace(
        pair.drafter_config,
        text=replace(text, vocab_size=4096, hidden_size=128, intermediate_size=256),
        backbone_hidden_size=256,
        centroids=CentroidConfig(num_centroids=64, top_k=8),
    )
    blueprint = GemmaBlueprint(target_config=target, drafter_config=drafter)
    return replace(whole, name="narrow E2B", blueprint=blueprint)


def config_of(pair: LoadedPair) -> TextConfig:
    assert isinstance(pair.target, GemmaTarget)
    return pair.target.config


def _count(pair: LoadedPair) -> str:
    types = config_of(pair).layer_types
    return f"{types.count(SLIDING)} sliding and {types.count(FULL)} full layers"


def caches(state: LayersState, kind: str) -> list[LayerCache]:
    """The caches of one kind of layer."""
    return [layer for layer in state.layers if isinstance(layer, WindowCache) == (kind == SLIDING)]


def standing_at(length: int, pair: LoadedPair) -> Context:
    """A state of random keys: none of a prompt's forward passes is needed."""
    target = pair.target
    assert isinstance(target, GemmaTarget)
    state = target.new_state()
    for kind in (SLIDING, FULL):
        heads, width = target.config.kv_shape(kind)
        for cache in caches(state, kind):
            for start in range(0, length - 1, CHUNK):
                rows = mx.random.normal((1, heads, min(CHUNK, length - 1 - start), width))
                cache.append(rows, rows)
                mx.eval(cache.arrays())
    hidden = target.forward([Chunk(state, mx.array([1]))])
    mx.eval(hidden)
    assert pair.drafter is not None
    sequence = decoding.Sequence(
        state=state,
        draft_state=pair.drafter.new_state(state),
        rule=GREEDY,
        anchor=Anchor(mx.array([2]), hidden),
        tokens_left=sys.maxsize,
        end_tokens=frozenset(),
        control=Control(),
        depth=DepthControl(None),
    )
    return Context(length, pair, state, sequence)


def calls_of_step(pair: LoadedPair, queries: int) -> list[Attention]:
    """The target's attention: layers that share another's keys attend like the others."""
    text = config_of(pair)
    return [
        Attention(kind, text.layer_types.count(kind), text.num_heads, queries)
        for kind in (SLIDING, FULL)
    ]


def calls_of_drafts(pair: LoadedPair) -> list[Attention]:
    assert isinstance(pair.drafter, GemmaDrafter)
    text = pair.drafter.config.text
    return [
        Attention(kind, DEPTH * text.layer_types.count(kind), text.num_heads, 1)
        for kind in (SLIDING, FULL)
    ]


def measured(contexts: list[Context], calls: set[Attention], repeats: int, clock: Clock) -> Samples:
    """All there is to time, at all lengths in turn; every other time in reverse order."""
    samples: Samples = defaultdict(lambda: defaultdict(list))
    for repeat in range(repeats):
        for context in contexts[:: -1 if repeat % 2 else 1]:
            for run in (plain_steps, rounds):
                samples[run][context.length] += run(context, clock)
                context.state.trim(context.state.length - context.length)
            for call in calls:
                samples[call][context.length] += attention(context, call, clock)
    return samples


def plain_steps(context: Context, clock: Clock) -> list[float]:
    target, sequence = context.pair.target, context.sequence
    times = timed(lambda: plain_round(target, [sequence], ahead=True), clock)
    sequence.settle()
    return times


def rounds(context: Context, clock: Clock) -> list[float]:
    target, drafter = context.pair.target, context.pair.drafter
    assert drafter is not None
    turns = [Turn(context.sequence, DEPTH)]
    return timed(lambda: speculate(target, drafter, turns, Starting()), clock)


def attention(context: Context, call: Attention, clock: Clock) -> list[float]:
    """One layer's attention alone; the layers of its kind take turns, as they do in a step."""
    views = [cache.view() for cache in caches(context.state, call.kind)]
    width = views[0].keys.shape[-1]
    queries = mx.random.normal((1, call.heads, call.queries, width)) * width**-0.5
    mx.eval(queries)
    turn = 0

    def attend() -> None:
        nonlocal turn
        turn += 1
        view = views[turn % len(views)]
        mx.eval(
            mx.fast.scaled_dot_product_attention(
                queries,
                view.keys,
                view.values,
                scale=1.0,
                mask="causal" if call.queries > 1 else None,
            )
        )

    return timed(attend, clock)


def timed(work: Callable[[], object], clock: Clock) -> list[float]:
    """Milliseconds of each of `BLOCK` calls, after one that warms up."""
    work()
    times = []
    for _ in range(BLOCK):
        started = clock()
        work()
        times.append((clock() - started) * 1e3)
    return times


def print_table(
    title: str,
    samples: Samples,
    whole: object,
    contexts: list[Context],
    calls: Sequence[Attention],
    rows: int,
) -> None:
    """Milliseconds, and what they grew by from the shortest context on."""

    def growth(of: object, length: int) -> float:
        first = contexts[0].length
        return statistics.median(samples[of][length]) - statistics.median(samples[of][first])

    print(f"\n{title}")
    heads = ("context", "ms", "ms/row", "growth", "full", "sliding", "residual", "rows held")
    print("".join(f"{head:>10}" for head in heads))
    for context in contexts:
        ms = statistics.median(samples[whole][context.length])
        grown = growth(whole, context.length)
        full, sliding = (
            sum(call.calls * growth(call, context.length) for call in calls if call.kind == kind)
            for kind in (FULL, SLIDING)
        )
        held = caches(context.state, SLIDING)[0].view().keys.shape[2]
        figures = (ms, ms / rows, grown, full, sliding, grown - full)
        print(f"{context.length:10}" + "".join(f"{x:10.2f}" for x in figures) + f"{held:10}")


if __name__ == "__main__":
    main()
