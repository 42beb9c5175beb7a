"""Time to the first token of a long prompt, here and in mlx-lm's own loop.

Usage: python scripts/bench_prefill.py [--lengths 1024,2048,4096,8192] [--repeats N] [--layers N]

Both loops run the same network with the same weights: E2B's attention, windows and shared layers
at half its width, filled at random. Runs are interleaved and their order alternates. A row shows
the median seconds of each loop, the median and the 95 % interval (bootstrap over pairs of runs) of
mlx-lm's time over ours, and whether both chose the same token. On Linux set
LD_PRELOAD=libopenblas.so.0, as scripts/run does.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import mlx.core as mx

# Before the engine, which would otherwise import a part of mlx-lm on its own.
from mlx_lm.generate import generate_step  # isort: skip

from mtp_mlx.decode.loop import prefill
from mtp_mlx.families import shape
from mtp_mlx.families.base import TrueShape
from mtp_mlx.families.gemma4.family import GemmaBlueprint
from mtp_mlx.families.gemma4.target import GemmaTarget
from mtp_mlx.loading.random_pair import pair_of

VOCABULARY = 32_768
GOALS = {1024: 1.5, 2048: 1.5, 4096: 1.0, 8192: 1.0}


@dataclass(frozen=True, slots=True)
class Run:
    """The first token after a prompt, and the seconds it took."""

    token: int
    seconds: float


Read = Callable[[list[int]], Run]


def main() -> None:
    options = _options()
    pair = pair_of(half_width(options.layers), bits=16)
    target = pair.target
    assert isinstance(target, GemmaTarget)
    readers = {"mtp-mlx": ours(target), "mlx-lm": theirs(target)}
    print(f"{pair.info.target}, {options.repeats} interleaved pairs of runs")
    print(f"{'tokens':>8}{'mtp-mlx s':>11}{'mlx-lm s':>11}{'ratio':>8}{'95 %':>16}  same token")
    for length in options.lengths:
        prompt = random.Random(length).choices(range(VOCABULARY), k=length)
        runs = interleaved(readers, prompt, options.repeats)
        print(line(length, runs))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--lengths",
        type=lambda text: [int(n) for n in text.split(",")],
        default=[1024, 2048, 4096, 8192],
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--layers", type=int, default=35)
    return parser.parse_args()


def half_width(layers: int) -> TrueShape:
    """E2B with half its hidden size, feed-forward width and heads, and a small vocabulary."""
    whole = shape("e2b", layers)
    pair = whole.blueprint
    assert isinstance(pair, GemmaBlueprint)
    assert pair.drafter_config is not None
    target = replace(
        pair.target_config,
        vocab_size=VOCABULARY,
        per_layer_vocab_size=VOCABULARY,
        hidden_size=768,
        intermediate_size=3072,
        num_heads=4,
        per_layer_input_size=128,
    )
    drafter = replace(
        pair.drafter_config,
        text=replace(pair.drafter_config.text, vocab_size=VOCABULARY),
        backbone_hidden_size=768,
    )
    blueprint = GemmaBlueprint(target_config=target, drafter_config=drafter)
    return replace(whole, name="half-width E2B", blueprint=blueprint)


def ours(target: GemmaTarget) -> Read:
    def read(prompt: list[int]) -> Run:
        started = time.perf_counter()
        *_, hidden = prefill(target, target.new_state(), prompt)
        assert hidden is not None
        token = mx.argmax(target.logits(hidden).raw, axis=-1).item()
        return Run(int(token), time.perf_counter() - started)  # type: ignore[arg-type]

    return read


def theirs(target: GemmaTarget) -> Read:
    def read(prompt: list[int]) -> Run:
        started = time.perf_counter()
        token, _ = next(generate_step(mx.array(prompt), target.network, max_tokens=1))
        return Run(int(token), time.perf_counter() - started)

    return read


def interleaved(readers: dict[str, Read], prompt: list[int], repeats: int) -> list[dict[str, Run]]:
    """One warm-up each, then pairs of runs, every other pair in reverse order."""
    for read in readers.values():
        read(prompt[:256])
    pairs = []
    for repeat in range(repeats):
        order = list(readers)[:: -1 if repeat % 2 else 1]
        pairs.append({name: readers[name](prompt) for name in order})
    return pairs


def line(length: int, pairs: list[dict[str, Run]]) -> str:
    mine, other = (
        statistics.median(pair[name].seconds for pair in pairs) for name in ("mtp-mlx", "mlx-lm")
    )
    ratios = [pair["mlx-lm"].seconds / pair["mtp-mlx"].seconds for pair in pairs]
    low, high = interval(ratios)
    ratio = statistics.median(ratios)
    same = all(pair["mtp-mlx"].token == pair["mlx-lm"].token for pair in pairs)
    goal = GOALS.get(length)
    verdict = "" if goal is None else f", goal {goal}: {'met' if ratio >= goal else 'MISSED'}"
    return (
        f"{length:8}{mine:11.2f}{other:11.2f}{ratio:8.2f}{f'{low:.2f} to {high:.2f}':>16}"
        f"  {'yes' if same else 'NO'}{verdict}"
    )


def interval(values: list[float]) -> tuple[float, float]:
    """The 95 % interval of the median, by bootstrap."""
    chance = random.Random(0)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(2000))
    return medians[50], medians[1949]


if __name__ == "__main__":
    main()
