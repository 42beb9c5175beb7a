"""Reading the prompt, in chunks between which progress is told and a stop is honoured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import mlx.core as mx

from mtp_mlx.protocols import Target

CHUNK = 2048  # rows a forward pass


def prefill(target: Target, prompt: Sequence[int]) -> Iterator[mx.array]:
    """Append `prompt` to the cache; after each chunk, the hidden state of its last row [1, hidden].

    A consumer that stops between chunks leaves a cache that holds the chunks read so far.
    """
    for start in range(0, len(prompt), CHUNK):
        last = target.see(mx.array(list(prompt[start : start + CHUNK])))[-1:]
        mx.eval(last)
        mx.clear_cache()  # the next chunk attends to more keys: what this one freed is too small
        yield last
