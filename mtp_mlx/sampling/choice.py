"""Choosing tokens: one deterministic function of (scores, position), for target and drafter.

Because the choice at a position depends on nothing but the law and (seed, position), a reply is
the same with MTP on and off, for any drafter and any K. Temperature 0 is the same rule without
noise.
"""

from __future__ import annotations

from collections.abc import Callable

import mlx.core as mx

from mtp_mlx.protocols import Scores
from mtp_mlx.sampling.law import law
from mtp_mlx.sampling.noise import gumbel
from mtp_mlx.values import Sampling

Choose = Callable[[Scores, int], mx.array]
"""(scores of n rows, position of the first) -> token ids [n], int32."""


def chooser(sampling: Sampling, seed: int) -> Choose:
    """The rule by which both models choose their tokens in one reply."""
    if sampling.temperature == 0:
        return _greedy

    def coupled(scores: Scores, position: int) -> mx.array:
        drawn = law(scores, sampling)
        noisy = drawn.log_weights + gumbel(seed, position, drawn.ids)
        return _pick(drawn.ids, mx.argmax(noisy, axis=-1))

    return coupled


def _greedy(scores: Scores, position: int) -> mx.array:
    del position
    best = mx.argmax(scores.logits, axis=-1)
    return best.astype(mx.int32) if scores.ids is None else _pick(scores.ids, best)


def _pick(ids: mx.array, index: mx.array) -> mx.array:
    return mx.take_along_axis(ids, index[:, None], axis=-1)[:, 0].astype(mx.int32)
