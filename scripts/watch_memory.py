"""What memory grows by while a long reply is written: the keys of full layers, and nothing else.

Usage: python -m scripts.watch_memory [--tokens 20000] [--mtp off|K]

A small random pair writes one reply. At each tenth of it: the memory in use, what it and the full
layers' buffers grew by since the first of these lines, the difference, which should stay near zero,
what MLX keeps of freed memory, and the median time of a round since the line before.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace
from typing import Any

import mlx.core as mx

from mtp_mlx import api
from mtp_mlx.api import Mtp, Sampling
from mtp_mlx.engine import Control, Engine
from mtp_mlx.events import Round
from mtp_mlx.families.gemma4.shapes import Shape, shape
from mtp_mlx.kv.full import FullCache
from mtp_mlx.loading import LoadedPair
from mtp_mlx.loading.random_pair import pair_of

PROMPT = [1, 2, 3, 4]


def main() -> None:
    options = _options()
    pair = pair_of(tiny(), bits=16)
    mtp: Mtp = "off" if options.mtp == "off" else int(options.mtp)
    request = api.Generate(
        prompt=(api.TokenIds(tuple(PROMPT)),),
        sampling=Sampling(),
        mtp=mtp,
        max_tokens=options.tokens,
        ignore_eos=True,
    )
    heads = ("tokens", "in use kB", "growth", "keys", "rest", "kept kB", "ms")
    print("".join(f"{head:>11}" for head in heads))
    tokens, first, times = 0, (0, 0), list[float]()
    step = options.tokens // 10
    for event in Engine(pair).generate(request, Control(mtp=mtp)):
        if not isinstance(event, Round):
            continue
        before, tokens = tokens, tokens + len(event.tokens)
        times.append(event.ms)
        if tokens // step == before // step:
            continue
        now = mx.get_active_memory(), full_bytes(pair)
        first = first if first[0] else now
        growth, keys = now[0] - first[0], now[1] - first[1]
        line = (now[0], growth, keys, growth - keys, mx.get_cache_memory())
        figures = "".join(f"{x / 1e3:11.1f}" for x in line)
        print(f"{tokens:11}{figures}{statistics.median(times):11.2f}", flush=True)
        times.clear()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tokens", type=int, default=20_000)
    parser.add_argument("--mtp", default="off")
    return parser.parse_args()


def tiny() -> Shape:
    """E2B's pattern and window in one group of layers, all else small."""
    whole = shape("e2b", 5)
    small: dict[str, Any] = {
        "vocab_size": 512, "hidden_size": 64, "intermediate_size": 64,
        "head_dim": 16, "global_head_dim": 32, "num_heads": 2,
    }  # fmt: skip
    return replace(
        whole,
        name="tiny",
        target=replace(whole.target, **small, per_layer_vocab_size=512, per_layer_input_size=16),
        drafter=replace(
            whole.drafter,
            text=replace(whole.drafter.text, **small),
            backbone_hidden_size=64,
            centroids=None,
        ),
    )


def full_bytes(pair: LoadedPair) -> int:
    """What the buffers of the full layers hold, room to grow included."""
    caches = pair.target._caches  # noqa: SLF001 - to see what no one else needs to
    buffers = [cache._buffer for cache in caches if isinstance(cache, FullCache)]  # noqa: SLF001
    heads, width = pair.target.config.kv_shape("full_attention")
    return sum(2 * buffer.capacity * heads * width * 4 for buffer in buffers)


if __name__ == "__main__":
    main()
