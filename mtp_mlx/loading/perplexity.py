"""The perplexity of a target on a short text of our own: a quick check of a conversion."""

from __future__ import annotations

import math
from pathlib import Path

import mlx.core as mx

from mtp_mlx import api
from mtp_mlx.loading.device import release
from mtp_mlx.loading.pair import LoadedPair, load_pair
from mtp_mlx.protocols import Chunk

MOST_TOKENS = 256

TEXT = """\
The bridge over the river was built of stone in the year when the mill burned down. For two hundred
years carts crossed it on their way to market, and later lorries, until an engineer found a crack in
the middle arch. The town then had to choose. A new bridge of steel would have cost less than the
repair, and it would have carried more. But people had learned to swim below the old one, had met
and quarrelled and made peace on it, and so they voted to mend it. The masons took out the stones of
the arch one by one, numbered each of them, and put every sound stone back where it had been. Only
eleven were replaced. If you walk across today, you can tell which they are: they are a little
lighter than the rest, and water runs off them faster after rain.
"""


def perplexity(folder: Path) -> float:
    """Return the perplexity of the target in `folder`, which is loaded for that, and freed again.

    A target without a tokenizer is given a fixed series of ids in the place of the text. Raises
    LoadError, or OutOfMemory where it does not fit.
    """
    pair = load_pair(api.Load(target=str(folder), use_drafter=False))
    try:
        return _perplexity(pair, mx.array(_ids(pair)))
    finally:
        if pair.codec is not None:
            pair.codec.close()
        del pair
        release()


def _ids(pair: LoadedPair) -> list[int]:
    most = min(MOST_TOKENS, pair.info.context_length - 1)
    if pair.codec is not None:
        return pair.codec.encode(TEXT)[:most]
    return [(7919 * i + 13) % pair.target.vocabulary for i in range(min(most, 64))]


def _perplexity(pair: LoadedPair, ids: mx.array) -> float:
    state = pair.target.new_state()
    hidden = pair.target.forward([Chunk(state, ids[:-1])])
    scores = pair.target.logits(hidden).values.astype(mx.float32)  # [n - 1, vocabulary]
    chosen = mx.take_along_axis(scores, ids[1:, None], axis=-1)[:, 0]
    mean = (mx.logsumexp(scores, axis=-1) - chosen).mean().item()
    assert isinstance(mean, float)
    return math.exp(min(mean, 700.0)) if math.isfinite(mean) else math.inf
