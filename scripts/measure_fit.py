"""The memory that `models fit` predicts for a pair, against the peak that is measured.

Usage: python -m scripts.measure_fit DIR [--contexts 8192,32768,131072] [--rows N]

DIR has a target and a drafter, such as `scripts.true_shape` writes. For each context the caches are
filled with random rows, but for those of one chunk, which is then read as the end of a prompt while
a snapshot of the cache is held. A line has the parts of the sum, the sum without its margin, the
peak that MLX counted (no margin is part of that), and the peak of the whole process, which only
grows, as a part of the whole sum. The last layer with a cache computes one row of a prompt's end,
so a pair with fewer layers needs two full ones. Packed weights are slow on the CPU: there a pair in
16 bits with few layers is read sooner.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

import mlx.core as mx

from mtp_mlx import api
from mtp_mlx.decode.loop import prefill
from mtp_mlx.hub.fit import chunk_bytes, fit
from mtp_mlx.kv.state import LayersState
from mtp_mlx.loading import LoadedPair, load_pair
from mtp_mlx.loading.memory import machine_memory

GB = 10**9
FILLED = 4096  # rows appended at a time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--contexts", default="8192,32768,131072")
    parser.add_argument("--rows", type=int, help="Of the chunk; else as many as the sum says.")
    options = parser.parse_args()
    folder: Path = options.folder
    request = api.Load(target=str(folder / "target"), drafter=str(folder / "drafter"))
    pair = load_pair(request)
    heads = ("context", "rows", "target", "drafter", "kv", "scores", "bare sum", "MLX peak")
    print("".join(f"{head:>10}" for head in (*heads, "of bare", "process", "of sum", "s")))
    for context in map(int, options.contexts.split(",")):
        measure(pair, context, options.rows)


def measure(pair: LoadedPair, context: int, rows: int | None) -> None:
    judged = fit(pair.size, context, machine_memory().have + mx.get_active_memory())
    chunk = rows or judged.chunk
    need = replace(judged.need, scores=chunk_bytes(pair.size, context, chunk))
    state = cast("LayersState", pair.target.new_state())
    fill(pair, state, context - chunk)
    snapshot = state.snapshot()
    mx.clear_cache()
    mx.reset_peak_memory()
    began = time.monotonic()
    (hidden,) = prefill(pair.target, state, [5] * chunk, rows=lambda _: chunk)
    assert hidden is not None
    mx.eval(pair.target.logits(hidden).raw)
    seconds = time.monotonic() - began
    del snapshot
    peak, process = mx.get_peak_memory(), process_peak()
    bare = need.total - need.margin
    parts = (need.target, need.drafter, need.kv, need.scores, bare, peak)
    figures = "".join(f"{size / GB:10.2f}" for size in parts)
    ratios = f"{peak / bare:10.2f}{process / GB:10.2f}{process / need.total:10.2f}"
    print(f"{context:10}{chunk:10}{figures}{ratios}{seconds:10.0f}", flush=True)


def fill(pair: LoadedPair, state: LayersState, rows: int) -> None:
    """Append random rows to every layer's cache, each as wide as what the layer writes itself."""
    next(prefill(pair.target, state, [5]))
    dtype = state.view(0).keys.dtype
    for start in range(state.length, rows, FILLED):
        n = min(FILLED, rows - start)
        for i, layer in enumerate(state.layers):
            _, heads, _, width = state.view(i).keys.shape
            layer.append(*(mx.random.normal((1, heads, n, width), dtype) for _ in range(2)))
            mx.eval(layer.arrays())


def process_peak() -> int:
    """Return the most bytes that this process held in memory at a time."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    main()
