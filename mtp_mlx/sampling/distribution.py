"""The sampling transforms: from a model's logits to the distribution its tokens are drawn from.

Their order is that of transformers: temperature, top-k, top-p, min-p. Here top-k comes before the
temperature, which keeps the same candidates. All is computed in float32. A distribution is kept as
unnormalised log-weights, -inf for candidates that were cut: adding noise and taking the maximum
needs no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import mlx.core as mx

from mtp_mlx.api import Sampling
from mtp_mlx.sampling.selection import SORTED, largest, top_p_of_all, top_p_of_sorted


@dataclass(frozen=True, slots=True)
class Logits:
    """Logits over the whole vocabulary, or over the candidates named by `ids`.

    A soft cap keeps the order of candidates: code that looks for the greatest uses `raw`, and the
    cap is not computed.
    """

    raw: mx.array  # [n, candidates], before the soft cap
    ids: mx.array | None = None  # [n, candidates], int32; None: candidate i is token i
    softcap: float | None = None  # values are softcap * tanh(raw / softcap)
    has_banned: bool = False  # raw is -inf where a token may not be chosen

    @property
    def values(self) -> mx.array:
        """Return the logits after the soft cap: [n, candidates], float32."""
        x = self.raw.astype(mx.float32)
        if self.softcap is None:
            return x
        capped = mx.tanh(x / self.softcap) * self.softcap
        return mx.where(x == -mx.inf, x, capped) if self.has_banned else capped

    @property
    def are_finite(self) -> mx.array:
        """Return whether every number of each row is finite: [n], bool.

        A sum shows it: infinities and NaN stay in it. Taken before anything is banned.
        """
        return mx.abs(self.raw.astype(mx.float32).sum(axis=-1)) < mx.inf

    def take(self, index: mx.array) -> Logits:
        """Return the candidates at `index` [n, m] of each row."""
        ids = index if self.ids is None else mx.take_along_axis(self.ids, index, axis=-1)
        raw = mx.take_along_axis(self.raw, index, axis=-1)
        return replace(self, raw=raw, ids=ids)

    def rows(self, start: int, end: int) -> Logits:
        """Return rows `start` to `end`."""
        ids = None if self.ids is None else self.ids[start:end]
        return replace(self, raw=self.raw[start:end], ids=ids)


COMPARED = 2**18  # the most pairs of candidates a row that are all compared with each other


@dataclass(frozen=True, slots=True)
class Distribution:
    """Log-weights [n, candidates] over the tokens `ids` [n, candidates]."""

    log_weights: mx.array
    ids: mx.array

    def at(self, index: mx.array) -> mx.array:
        """Return the token ids [n] of the candidates `index` [n], one a row; int32."""
        return mx.take_along_axis(self.ids, index[:, None], axis=-1)[:, 0].astype(mx.int32)

    def rows(self, end: int) -> Distribution:
        """Return the first `end` rows."""
        return Distribution(self.log_weights[:end], self.ids[:end])


def stacked(parts: Sequence[Distribution]) -> Distribution:
    """Return the rows of all `parts`, which have equally many candidates."""
    weights = mx.concatenate([part.log_weights for part in parts])
    return Distribution(weights, mx.concatenate([part.ids for part in parts]))


def top_probability(log_weights: mx.array) -> mx.array:
    """Return the greatest probability of each row of [n, candidates]: [n], float32."""
    x = log_weights.astype(mx.float32)
    return mx.exp(mx.max(x, axis=-1) - mx.logsumexp(x, axis=-1))


def probabilities(of: Distribution, ids: mx.array, vocabulary: int) -> mx.array:
    """Return the probability of each token `ids` [n, m]: [n, m], 0 for tokens not among `of`."""
    p = mx.softmax(of.log_weights, axis=-1)
    if p.shape[-1] * ids.shape[-1] <= COMPARED:
        same = ids[:, :, None] == of.ids[:, None, :]  # [n, m, candidates]
        return mx.where(same, p[:, None, :], 0).sum(axis=-1)
    dense = mx.zeros((p.shape[0], vocabulary), dtype=p.dtype)
    dense = mx.put_along_axis(dense, of.ids, p, axis=-1)
    return mx.take_along_axis(dense, ids, axis=-1)


def distribution(logits: Logits, sampling: Sampling) -> Distribution:
    """Return the distribution of each row; `sampling.temperature` must be above 0."""
    candidates = logits.raw.shape[-1]
    k = sampling.top_k if 0 < sampling.top_k < candidates else candidates
    is_sorted = k < candidates or (sampling.top_p < 1 and candidates <= SORTED)
    if is_sorted:  # first, so that all else is computed for k candidates only
        logits = logits.take(largest(logits.raw, k))
    x = logits.values / sampling.temperature
    ids = logits.ids
    if ids is None:
        ids = mx.broadcast_to(mx.arange(x.shape[-1]), x.shape)
    if sampling.top_p < 1:
        x = (
            top_p_of_sorted(x, sampling.top_p)
            if is_sorted
            else top_p_of_all(x, logits.raw, sampling.top_p)
        )
    if sampling.min_p > 0:
        least = mx.max(x, axis=-1, keepdims=True) + mx.log(mx.array(sampling.min_p))
        x = mx.where(x < least, -mx.inf, x)
    return Distribution(x, ids)
