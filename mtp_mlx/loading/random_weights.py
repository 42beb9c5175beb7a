"""Random weights in place of trained ones: the right shapes and types, and nothing beside them.

A new network's own initial values are lazy and never computed. Each tensor is drawn in blocks
into its final place, a packed one in its packed form, so that the most memory ever held is the
network's own size and a block.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any
from zlib import crc32

import mlx.core as mx
from mlx import nn
from mlx.utils import tree_flatten

BLOCK = 2**23  # numbers drawn at a time

Shape = tuple[int, ...]
Draw = Callable[[Shape, mx.array], mx.array]


def randomize(network: Any, dtype: mx.Dtype, seed: int) -> None:
    """Give every parameter a value that depends on its name and `seed` alone, and evaluate it.

    Matrices keep the size of what passes through them (mean square 1) and norms add nothing to it,
    so that activations stay finite in 16 bits through any number of layers.
    """
    for path, module in network.named_modules():
        for name, like in _own_parameters(module):
            key = mx.random.key(seed << 32 | crc32(f"{path}.{name}".encode()))
            drawn = _drawn(path, module, name, like, dtype, key)
            mx.eval(drawn)
            module.update({name: drawn})


def size_bytes(network: Any, dtype: mx.Dtype) -> int:
    """What a network will hold once its floating-point parameters are of `dtype`."""
    parameters = (array for _, array in tree_flatten(network.parameters()))
    return sum(array.size * _final(array, dtype).size for array in parameters)


def _own_parameters(module: nn.Module) -> Iterator[tuple[str, mx.array]]:
    for name, value in list(module.items()):
        if isinstance(value, mx.array) and not name.startswith("_"):
            yield name, value


def _final(like: mx.array, dtype: mx.Dtype) -> mx.Dtype:
    return dtype if mx.issubdtype(like.dtype, mx.floating) else like.dtype


def _drawn(
    path: str, module: nn.Module, name: str, like: mx.array, dtype: mx.Dtype, key: mx.array
) -> mx.array:
    if name == "token_ordering":
        return mx.random.permutation(like.size, key=key).astype(like.dtype)
    if "scales" in module:
        return _packed(module, name, like, dtype, key)
    if like.ndim == 1:
        return _norm(path, like.size, key).astype(dtype)
    bound = math.sqrt(3 / like.shape[-1])  # gives the variance 1 / inputs

    def uniform(shape: Shape, key: mx.array) -> mx.array:
        return mx.random.uniform(-bound, bound, shape, dtype=dtype, key=key)

    return _in_blocks(like.shape, dtype, uniform, key)


def _norm(path: str, width: int, key: mx.array) -> mx.array:
    if path.endswith(("q_norm", "k_norm")):  # attention has no scale of its own
        return mx.full((width,), width**-0.25)
    if path == "model.norm":  # with a tied head, each token would be its own likeliest successor
        return mx.where(mx.random.bernoulli(shape=(width,), key=key), 1.0, -1.0)
    return mx.ones((width,))


def _packed(module: Any, name: str, like: mx.array, dtype: mx.Dtype, key: mx.array) -> mx.array:
    """Random bits are levels 0 ... 2^bits - 1, equally likely; scale and bias centre them on 0."""
    if name == "weight":
        return _in_blocks(like.shape, like.dtype, _random_bits, key)
    levels = 2**module.bits
    inputs = like.shape[-1] * module.group_size
    scale = math.sqrt(12 / (levels**2 - 1) / inputs)  # gives the variance 1 / inputs
    value = scale if name == "scales" else -scale * (levels - 1) / 2
    return mx.full(like.shape, value, dtype=dtype)


def _random_bits(shape: Shape, key: mx.array) -> mx.array:
    """Splitting a key is how MLX gives out raw bits: two words a new key."""
    words = math.prod(shape)
    return mx.random.split(key, -(-words // 2)).reshape(-1)[:words].reshape(shape)


def _in_blocks(shape: Shape, dtype: mx.Dtype, draw: Draw, key: mx.array) -> mx.array:
    whole = mx.zeros(shape, dtype=dtype)
    rows = max(1, BLOCK // math.prod(shape[1:]))
    for start in range(0, shape[0], rows):
        key, own = mx.random.split(key)
        stop = min(start + rows, shape[0])
        whole[start:stop] = draw((stop - start, *shape[1:]), own)
        mx.eval(whole)  # written in place: nothing else holds it
    return whole
