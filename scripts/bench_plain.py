"""Plain decoding here against mlx-lm's own loop, and K drafts a round against plain decoding.

Usage: python scripts/bench_plain.py [--target T] [--tokens N] [--repeats N] [--depths 1,2,3,4]

Both loops run the same network with the same weights, greedily, in one process. Runs are
interleaved and their order alternates, so that heat and other programs fall on both alike. The
goal is a ratio of at least 0.95: speed-ups are measured against a plain loop that is as fast as
others'. On Linux set LD_PRELOAD=libopenblas.so.0, as scripts/run does.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import mlx.core as mx

# Before the engine, which would otherwise import a part of mlx-lm on its own.
from mlx_lm.generate import generate_step  # isort: skip

from mtp_mlx import api
from mtp_mlx.api import Message, Mtp, Sampling
from mtp_mlx.engine import Control, Engine
from mtp_mlx.events import Finished, Round
from mtp_mlx.families.gemma4.target import GemmaTarget
from mtp_mlx.loading import LoadedPair, load_pair
from mtp_mlx.text.codec import Dialogue

GOAL = 0.95
PROMPTS = (
    "What is multi-token prediction?",
    "Write a short story about a lighthouse.",
    "Explain what the drafter does, step by step.",
)


@dataclass(frozen=True, slots=True)
class Run:
    """One decoding: its tokens and how fast they came after the first."""

    tokens: tuple[int, ...]
    tps: float


Decode = Callable[[list[int]], Run]


def main() -> None:
    options = _options()
    pair = load_pair(api.Load(target=options.target))
    engine = Engine(pair)
    prompts = [_encoded(pair, text) for text in PROMPTS]

    plain = {
        "mtp-mlx": _ours(engine, "off", options.tokens),
        "mlx-lm": _theirs(pair, options.tokens),
    }
    found = interleaved(plain, prompts, options.repeats)
    print(f"Plain decoding, {options.tokens} tokens, median of {options.repeats} runs a prompt\n")
    print_table(found, base="mlx-lm")
    ratio = speed(found["mtp-mlx"]) / speed(found["mlx-lm"])
    print(f"\nratio {ratio:.3f}, goal {GOAL}: {'met' if ratio >= GOAL else 'MISSED'}\n")

    depths: dict[str, Decode] = {"plain": plain["mtp-mlx"]}
    depths |= {f"K={k}": _ours(engine, k, options.tokens) for k in options.depths}
    print("Drafting against plain decoding\n")
    print_table(interleaved(depths, prompts, options.repeats), base="plain")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", default=api.DEMO_PAIR)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--depths", type=lambda text: [int(k) for k in text.split(",")], default=[1, 2, 3, 4]
    )
    return parser.parse_args()


def _encoded(pair: LoadedPair, text: str) -> list[int]:
    assert pair.codec is not None
    message = Message(role="user", content=text)
    return pair.codec.prompt(Dialogue(messages=(message,)))


def _ours(engine: Engine, mtp: Mtp, n: int) -> Decode:
    def decode(prompt: list[int]) -> Run:
        request = api.Generate(
            prompt=(api.TokenIds(tuple(prompt)),),
            sampling=Sampling(),
            mtp=mtp,
            max_tokens=n,
            ignore_eos=True,
        )
        tokens: list[int] = []
        tps = 0.0
        for event in engine.generate(request, Control(mtp=mtp)):
            if isinstance(event, Round):
                tokens += [token.id for token in event.tokens]
            elif isinstance(event, Finished):
                tps = event.stats.decode_tps or 0.0
        return Run(tuple(tokens), tps)

    return decode


def _theirs(pair: LoadedPair, n: int) -> Decode:
    assert isinstance(pair.target, GemmaTarget)
    network = pair.target.network

    def decode(prompt: list[int]) -> Run:
        tokens: list[int] = []
        first = last = 0.0
        for token, _ in generate_step(mx.array(prompt), network, max_tokens=n):
            last = time.perf_counter()
            first = first or last
            tokens.append(int(token))
        return Run(tuple(tokens), (len(tokens) - 1) / (last - first))

    return decode


def interleaved(
    contestants: dict[str, Decode], prompts: list[list[int]], repeats: int
) -> dict[str, list[list[Run]]]:
    """Runs by name and prompt; one warm-up each, then every other repeat in reverse order."""
    for decode in contestants.values():
        decode(prompts[0])
    found: dict[str, list[list[Run]]] = {name: [[] for _ in prompts] for name in contestants}
    for repeat in range(repeats):
        order = list(contestants) if repeat % 2 == 0 else list(contestants)[::-1]
        for i, prompt in enumerate(prompts):
            for name in order:
                found[name][i].append(contestants[name](prompt))
    return found


def speed(runs: list[list[Run]]) -> float:
    """Tokens a second: the median of each prompt's runs, averaged over prompts."""
    return statistics.mean(statistics.median(run.tps for run in one) for one in runs)


def print_table(found: dict[str, list[list[Run]]], base: str) -> None:
    print(f"{'':10} {'tok/s':>8} {'ratio':>7}  same tokens")
    for name, runs in found.items():
        ratio = speed(runs) / speed(found[base])
        same = [a[0].tokens == b[0].tokens for a, b in zip(runs, found[base], strict=True)]
        print(f"{name:10} {speed(runs):8.1f} {ratio:7.3f}  {sum(same)} of {len(same)} prompts")


if __name__ == "__main__":
    main()
