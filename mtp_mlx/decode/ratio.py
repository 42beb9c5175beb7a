"""Rejection sampling of drafts, as equations. Pure, in whatever precision it is given.

Letters as in the papers: b the target's distribution, q the drafter's, K drafts x_1 ... x_K. Rows
b_i and q_i are the distributions after the first i drafts. They are given on the target's support,
for a residual has weight nowhere else.
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
    """How a rule goes on with uniforms u_1 ... u_K in [0, 1)."""

    h: mx.array  # [K]: draft i passes where u_i < h_i
    residual: mx.array  # [K + 1, c], not normalised: the next token's distribution after i drafts
    count: Callable[[mx.array], mx.array]  # passes [K] -> drafts accepted [1]


def token_by_token(given: Probabilities) -> Acceptance:
    """Each draft by itself, up to the first that fails (Leviathan et al., arXiv 2211.17192)."""
    h = mx.minimum(given.b_of_x / given.q_of_x, 1)
    residual = mx.maximum(given.b[:-1] - given.q, 0)
    return Acceptance(h, _with_bonus(residual, given.b), _until_first_failure)


def block(given: Probabilities) -> Acceptance:
    """The drafts as one block (Sun et al., arXiv 2403.10444): never accepts fewer on average.

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
    """After K accepted drafts the next token is drawn from b_K. An empty residual, which only
    rounding can ask for, stands for distributions that are equal.
    """
    empty = residual.sum(axis=-1, keepdims=True) <= 0
    return mx.concatenate([mx.where(empty, b[:-1], residual), b[-1:]])


def _until_first_failure(passes: mx.array) -> mx.array:
    return mx.cumprod(passes.astype(mx.int32)).sum(keepdims=True)


def _last_pass(passes: mx.array) -> mx.array:
    """A later pass rescues earlier failures."""
    return mx.max(passes * mx.arange(1, passes.shape[0] + 1), keepdims=True)
