"""Which candidates remain: the k largest, and the fewest whose probabilities reach top-p.

A vocabulary has 262 144 tokens, and sorting it costs more than a small model's step: on Metal MLX's
`argpartition` is a full merge sort too. No function here sorts a vocabulary. All work row by row on
integers, so that a row's result depends on nothing but the row. Among equal values the one
that stands first comes first.
"""

from __future__ import annotations

import math
from functools import partial

import mlx.core as mx

SORTED = 8192  # the most candidates that are sorted as they are
_ONE = 2**40  # the greatest weight as an integer: sums are exact, in whatever order they are taken


def largest(x: mx.array, k: int) -> mx.array:
    """Return where the `k` largest of each row of `x` [n, c] stand, the largest first: [n, k].

    `x` is float32, float16 or bfloat16. Long rows are cut into blocks, and only the k blocks with
    the largest maxima are searched: an element of another block has k elements before it.
    """
    order = _ordered(x)
    block = _block(x.shape[-1], k)
    if block == 1:
        return _first(order, k)
    n, c = order.shape
    blocks = -(-c // block)
    if blocks * block > c:
        missing = mx.full((n, blocks * block - c), _least(order), dtype=order.dtype)
        order = mx.concatenate([order, missing], axis=-1)
    order = order.reshape(n, blocks, block)
    best = mx.sort(_first(mx.max(order, axis=-1), k), axis=-1)  # [n, k]: blocks, as they stand
    within = mx.take_along_axis(order, best[:, :, None], axis=1).reshape(n, k * block)
    at = _first(within, k)
    return mx.take_along_axis(best, at // block, axis=-1) * block + at % block


def top_p_of_sorted(x: mx.array, top_p: float) -> mx.array:
    """Set to -inf what top-p cuts from log-weights `x` [n, c], float32, the largest first.

    A candidate remains while the probabilities before it sum to less than `top_p`; the first one
    always does.
    """
    p, limit = _integers(x, top_p)
    return mx.where(mx.cumsum(p, axis=-1) - p < limit, x, -mx.inf)


def top_p_of_all(x: mx.array, logits: mx.array, top_p: float) -> mx.array:
    """Set to -inf what top-p cuts from log-weights `x` [n, c] in the order of `logits` [n, c].

    The smallest logit that remains is searched for: one sum over the row for each bit of a logit.
    """
    p, limit = _integers(x, top_p)
    order = _ordered(logits)
    last = _last_within(order, p, limit)
    from_last = _from(order, last, p)
    ties = mx.where(order == last, p, 0)
    before = from_last.sum(axis=-1, keepdims=True) - ties.sum(axis=-1, keepdims=True)
    before = before + mx.cumsum(ties, axis=-1) - ties  # of a tie: what stands before it
    return mx.where((order > last) | ((order == last) & (before < limit)), x, -mx.inf)


def _integers(x: mx.array, top_p: float) -> tuple[mx.array, mx.array]:
    """Return the weights of log-weights `x` [n, c], and what `top_p` of them is [n, 1]; int64."""
    p = (mx.exp(x - mx.max(x, axis=-1, keepdims=True)) * _ONE).astype(mx.int64)
    of_all = p.sum(axis=-1, keepdims=True).astype(mx.float32) * top_p
    return p, mx.maximum(of_all.astype(mx.int64), 1)


def _last_within(order: mx.array, p: mx.array, limit: mx.array) -> mx.array:
    """Return the largest value of which all from it upwards have `limit` together: [n, 1].

    It is found bit by bit, from the highest; the least of all values where the sum is too small.
    """
    value = mx.full((order.shape[0], 1), _least(order), dtype=mx.int64)
    for bit in reversed(range(8 * order.dtype.size)):
        higher = value + (1 << bit)
        mass = _from(order, higher.astype(order.dtype), p).sum(axis=-1, keepdims=True)
        value = mx.where(mass >= limit, higher, value)
    return value.astype(order.dtype)


@partial(mx.compile, shapeless=True)
def _from(order: mx.array, value: mx.array, p: mx.array) -> mx.array:
    """Return `p` where `order` is `value` or more, else 0."""
    return mx.where(order >= value, p, mx.array(0, dtype=p.dtype))


def _block(c: int, k: int) -> int:
    """Return the length of blocks that leaves fewest values to sort, c / block + k block; or 1."""
    if c <= SORTED or c <= 16 * k:
        return 1
    return 1 << round(math.log2(c / k) / 2)


def _first(order: mx.array, k: int) -> mx.array:
    """Return where the `k` largest integers of each row [n, c] stand, the largest first: [n, k]."""
    c = order.shape[-1]
    narrow = order.dtype == mx.int16 and c <= 1 << 16
    wide, bits = (mx.int32, 16) if narrow else (mx.int64, 32)
    last = mx.array(c - 1, dtype=wide)
    keys = _keyed(order, mx.arange(c).astype(wide), last, mx.array(bits, dtype=wide))
    if k < c:
        keys = mx.partition(keys, kth=c - k, axis=-1)[:, c - k :]
    keys = mx.sort(keys, axis=-1)[:, ::-1]
    return _placed(keys, last, mx.array((1 << bits) - 1, dtype=wide))


@partial(mx.compile, shapeless=True)
def _keyed(order: mx.array, place: mx.array, last: mx.array, bits: mx.array) -> mx.array:
    """Return integers in the order of `order` [n, c], of equals the first the largest: [n, c]."""
    return mx.left_shift(order.astype(place.dtype), bits) + (last - place)


@partial(mx.compile, shapeless=True)
def _placed(keys: mx.array, last: mx.array, low: mx.array) -> mx.array:
    """Return where the integers of `_keyed` stood, int32."""
    return (last - mx.bitwise_and(keys, low)).astype(mx.int32)


def _ordered(x: mx.array) -> mx.array:
    """Return signed integers in the order of the floating-point numbers `x`; -0 is less than 0.

    The bits of positive numbers are in order already; those of negative ones in the reverse order.
    """
    if x.dtype == mx.float32:
        return _flipped(x.view(mx.int32), mx.array(31), mx.array(2**31 - 1))
    shift, rest = mx.array(15, dtype=mx.int16), mx.array(2**15 - 1, dtype=mx.int16)
    return _flipped(x.view(mx.int16), shift, rest)


@partial(mx.compile, shapeless=True)
def _flipped(bits: mx.array, shift: mx.array, rest: mx.array) -> mx.array:
    return bits ^ ((bits >> shift) & rest)


def _least(order: mx.array) -> int:
    return -(1 << 8 * order.dtype.size - 1)
