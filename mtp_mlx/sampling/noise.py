"""Gumbel noise that depends only on seed, position and token id.

Drafter and target get the same number for the same position and token, whatever else is in the
batch: this couples their choices (Daliri et al. 2024, arXiv 2408.07978). The noise is a hash, which
needs no state and no table, and is computed only for the candidates left after top-k.
"""

from __future__ import annotations

from functools import partial

import mlx.core as mx

_MASK = 0xFFFFFFFF
_FIRST = 0x7FEB352D
_SECOND = 0x846CA68B


def _mix(x: int) -> int:
    """Hash a 32-bit word, one to one ("lowbias32" of C. Wellons' hash prospector)."""
    x ^= x >> 16
    x = x * _FIRST & _MASK
    x ^= x >> 15
    x = x * _SECOND & _MASK
    return x ^ x >> 16


def keys(seed: int, position: int, rows: int) -> mx.array:
    """Return a pair of 32-bit keys for each position from `position` on: [rows, 2], uint32."""
    low = _mix(seed & _MASK)
    high = _mix(low ^ seed >> 32 & _MASK)
    pairs = []
    for at in range(position, position + rows):
        first = _mix(high ^ at & _MASK)
        pairs.append((first, _mix(first ^ 0x9E3779B9)))
    return mx.array(pairs, dtype=mx.uint32)


def stream(seed: int, purpose: int, start: int) -> int:
    """Return a seed whose noise is independent for each `purpose` and `start`."""
    low = _mix(seed & _MASK)
    high = _mix(low ^ seed >> 32 & _MASK)
    word = _mix(high ^ _mix(purpose << 24 ^ start))
    return _mix(word ^ low) << 32 | word


@partial(mx.compile, shapeless=True)
def _uniform(key: mx.array, salt: mx.array, ids: mx.array) -> mx.array:
    x = ids.astype(mx.uint32) ^ key
    for word in (salt, key):  # two rounds of the hash, keyed in between
        x = x ^ (x >> 16)
        x = x * mx.array(_FIRST, dtype=mx.uint32)
        x = x ^ (x >> 15)
        x = x * mx.array(_SECOND, dtype=mx.uint32)
        x = (x ^ (x >> 16)) + word
    # 23 bits plus a half are exact in float32. With 24 bits the largest would round to 1, whose
    # noise is infinite.
    return ((x >> 9).astype(mx.float32) + 0.5) * (2.0**-23)  # in (0, 1), without either end


@partial(mx.compile, shapeless=True)
def _gumbel(key: mx.array, salt: mx.array, ids: mx.array) -> mx.array:
    return -mx.log(-mx.log(_uniform(key, salt, ids)))


def uniform(seed: int, count: int) -> mx.array:
    """Return uniform numbers in (0, 1): [count], float32."""
    pair = keys(seed, 0, 1)
    return _uniform(pair[:, :1], pair[:, 1:], mx.arange(count)[None])[0]


def gumbel(seed: int, position: int, ids: mx.array) -> mx.array:
    """Return Gumbel noise for `ids` [rows, candidates], row i at `position` + i; float32."""
    pair = keys(seed, position, ids.shape[0])
    return _gumbel(pair[:, :1], pair[:, 1:], ids)
