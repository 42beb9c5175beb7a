"""Rejection sampling of drafts, as equations. Pure, in the precision of its arguments.

The letters are those of the papers: b is the target's distribution, q the drafter's, x_1 ... x_K
are the drafts. Rows b_i and q_i are the distributions after the first i drafts. Both are given on
the target's support, for a residual has no weight elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mlx.core as mx


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Probabilities of one round's K + 1 rows."""

    b: mx.array  # [K + 1, c]
    q: mx.array  # [K, c], on the support of b; may sum to less than 1
    b_of_x: mx.array  # [K]: b_{i-1}(x_i)
    q_of_x: mx.array  # [K]: q_{i-1}(x_i), above 0


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How a rule turns uniforms u_1 ... u_K in (0, 1) into accepted drafts and the next token."""

    h: mx.array  # [K]: draft i passes where u_i < h_i
    residual: mx.array  # [K + 1, c], not normalised: the next token's distribution after i drafts
    count: Callable[[mx.array], mx.array]  # passes [K] -> drafts accepted [1]


def token_by_token(given: Probabilities) -> Acceptance:
    """Judge each draft by itself, up to the first failure (Leviathan et al., arXiv 2211.17192)."""
    h = mx.minimum(given.b_of_x / given.q_of_x, 1)
    residual = mx.maximum(given.b[:-1] - given.q, 0)
    return Acceptance(h, _with_bonus(residual, given.b), _until_first_failure)


def block(given: Probabilities) -> Acceptance:
    """Judge the drafts as one block (Sun et al., arXiv 2403.10444): never fewer pass on average.

    p_i = min(1, p_{i-1} b_{i-1}(x_i) / q_{i-1}(x_i)) is, with R_i the product of the first i
    ratios and R_0 = 1, R_i / max(R_0, ..., R_i): no loop over K.
    """
    r = mx.cumprod(given.b_of_x / given.q_of_x)
    p = r / mx.maximum(mx.cummax(r), 1)  # [K]: p_1 ... p_K
    before = mx.concatenate([mx.ones_like(p[:1]), p[:-1]])  # p_0 ... p_{K-1}
    residual = mx.maximum(before[:, None] * given.b[:-1] - given.q, 0)  # [K, c]
    z = residual.sum(axis=-1)[1:]  # Z_1 ... Z_{K-1}
    rest = z + 1 - p[:-1]
    h = mx.where(rest > 0, z / mx.where(rest > 0, rest, 1), 1)
    return Acceptance(mx.concatenate([h, p[-1:]]), _with_bonus(residual, given.b), _last_pass)


def _with_bonus(residual: mx.array, b: mx.array) -> mx.array:
    """Append b_K, from which the next token is drawn after K accepted drafts.

    A residual is empty where b and q are equal. Only rounding can lead there, and then the next
    token is drawn from b.
    """
    empty = residual.sum(axis=-1, keepdims=True) <= 0
    return mx.concatenate([mx.where(empty, b[:-1], residual), b[-1:]])


def _until_first_failure(passes: mx.array) -> mx.array:
    return mx.cumprod(passes.astype(mx.int32)).sum(keepdims=True)


def _last_pass(passes: mx.array) -> mx.array:
    """Return the last draft that passes; all before it are accepted, also those that failed."""
    return mx.max(passes * mx.arange(1, passes.shape[0] + 1), keepdims=True)
