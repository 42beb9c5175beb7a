"""The sampling transforms: from a model's scores to the law its tokens are drawn from.

Order as in transformers: temperature, top-k, top-p, min-p. All in float32. The law is kept
unnormalised, as log-weights with -inf for what is cut: adding noise and taking the maximum needs
no more.
"""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.protocols import Scores
from mtp_mlx.values import Sampling


@dataclass(frozen=True, slots=True)
class Law:
    """Log-weights [n, candidates] over the tokens `ids` [n, candidates]."""

    log_weights: mx.array
    ids: mx.array


def law(scores: Scores, sampling: Sampling) -> Law:
    """The law of each row; `sampling.temperature` must be above 0."""
    x = scores.logits.astype(mx.float32) / sampling.temperature
    ids = scores.ids
    if 0 < sampling.top_k < x.shape[-1]:
        best = mx.argpartition(-x, kth=sampling.top_k - 1, axis=-1)[:, : sampling.top_k]
        x = mx.take_along_axis(x, best, axis=-1)
        ids = best if ids is None else mx.take_along_axis(ids, best, axis=-1)
    if ids is None:
        ids = mx.broadcast_to(mx.arange(x.shape[-1]), x.shape)
    if sampling.top_p < 1:
        order = mx.argsort(-x, axis=-1)
        ids = mx.take_along_axis(ids, order, axis=-1)
        x = _within_top_p(mx.take_along_axis(x, order, axis=-1), sampling.top_p)
    if sampling.min_p > 0:
        least = mx.max(x, axis=-1, keepdims=True) + mx.log(mx.array(sampling.min_p))
        x = mx.where(x < least, -mx.inf, x)
    return Law(x, ids)


def _within_top_p(x: mx.array, top_p: float) -> mx.array:
    """Cut rows sorted downwards once the tokens before hold `top_p`; the first always stays."""
    p = mx.softmax(x, axis=-1)
    before = mx.cumsum(p, axis=-1) - p
    first = mx.arange(x.shape[-1]) == 0
    return mx.where((before < top_p) | first, x, -mx.inf)
