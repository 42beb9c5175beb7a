"""What memory grows by while a long reply is written: the keys of full layers, and nothing else.

Usage: python -m scripts.watch_memory [--tokens 20000] [--mtp off|K]

A small random pair writes one reply. At each tenth of it the line shows the memory in use, what it
and the buffers of keys and values grew by since the first line, the difference, which should stay
near zero, what MLX keeps of freed memory, and the median time of a round since the line before.
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
from mtp_mlx.families import shape
from mtp_mlx.families.base import TrueShape
from mtp_mlx.families.gemma4.family import GemmaBlueprint
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
    engine = Engine(pair)
    for event in engine.generate(request, Control(mtp=mtp)):
        if not isinstance(event, Round):
            continue
        before, tokens = tokens, tokens + len(event.tokens)
        times.append(event.ms)
        if tokens // step == before // step:
            continue
        now = mx.get_active_memory(), engine.state.nbytes
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


def tiny() -> TrueShape:
    """E2B's pattern and window in one group of layers, all else small."""
    whole = shape("e2b", 5)
    pair = whole.blueprint
    assert isinstance(pair, GemmaBlueprint)
    assert pair.drafter_config is not None
    small: Any = {
        "vocab_size": 512, "hidden_size": 64, "intermediate_size": 64,
        "head_dim": 16, "global_head_dim": 32, "num_heads": 2,
    }  # fmt: skip
    inputs: Any = {"per_layer_vocab_size": 512, "per_layer_input_size": 16}
    drafter = replace(
        pair.drafter_config,
        text=replace(pair.drafter_config.text, **small),
        backbone_hidden_size=64,
        centroids=None,
    )
    target = replace(pair.target_config, **small, **inputs)
    blueprint = GemmaBlueprint(target_config=target, drafter_config=drafter)
    return replace(whole, name="tiny", blueprint=blueprint)


if __name__ == "__main__":
    main()
