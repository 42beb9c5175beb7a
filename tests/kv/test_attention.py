"""Attention without a fused kernel, against MLX's own."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx.kv import attention as module
from mtp_mlx.kv.attention import attention, folded
from mtp_mlx.kv.buffer import KeysValues
from mtp_mlx.kv.spans import Mask, spans


def random(*shape: int, seed: int, dtype: mx.Dtype = mx.float32) -> mx.array:
    return mx.array(np.random.default_rng(seed).normal(size=shape).astype(np.float32)).astype(dtype)


def held(kv_heads: int, positions: int, dtype: mx.Dtype = mx.float32) -> KeysValues:
    shape = (1, kv_heads, positions, 32)
    return KeysValues(random(*shape, seed=1, dtype=dtype), random(*shape, seed=2, dtype=dtype))


@pytest.mark.parametrize(("heads", "kv_heads"), [(8, 1), (6, 2), (3, 3)])
@pytest.mark.parametrize(
    ("n", "mask"),
    [(1, None), (4, None), (4, "causal"), (40, "causal"), (4, spans(46, 4, window=9)[0].mask)],
    ids=["one row", "all see all", "causal", "a whole prompt", "window"],
)
@pytest.mark.parametrize(("dtype", "close"), [(mx.float32, 1e-5), (mx.bfloat16, 2e-2)], ids=str)
def test_folded_attention_is_mlxs(
    heads: int, kv_heads: int, n: int, mask: Mask, dtype: mx.Dtype, close: float
) -> None:
    queries = random(1, heads, n, 32, seed=3, dtype=dtype)
    # Packed rows stand the other way round: their queries are not contiguous.
    packed = mx.contiguous(queries.transpose(2, 1, 0, 3)).transpose(2, 1, 0, 3)
    of = held(kv_heads, 50 if n < 40 else 40, dtype)
    if isinstance(mask, mx.array):
        of = of.at(slice(50 - mask.shape[1], 50))
    expected = mx.fast.scaled_dot_product_attention(
        queries, of.keys, of.values, scale=0.2, mask=mask
    )
    found = folded(packed, of, 0.2, mask)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert np.allclose(
        np.array(found.astype(mx.float32)), np.array(expected.astype(mx.float32)), atol=close
    )


@pytest.mark.parametrize(
    ("heads", "n", "head_dim", "fused"),
    [
        (8, 4, 256, True),
        (8, 5, 256, False),
        (2, 8, 256, True),
        (8, 9, 256, True),
        (8, 1, 512, False),
    ],
)
def test_mlxs_kernels_are_used_where_there_is_one(
    heads: int, n: int, head_dim: int, fused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    monkeypatch.setattr(module, "folded", lambda *given: made.append(given))
    queries = random(1, heads, n, head_dim, seed=3)
    of = KeysValues(queries[:, :1], queries[:, :1])
    monkeypatch.setattr(mx, "default_device", lambda: mx.gpu)
    attention(queries, of, 0.2, None)
    assert len(made) == (0 if fused else 1)
    monkeypatch.setattr(mx, "default_device", lambda: mx.cpu)
    attention(queries, of, 0.2, None)
    assert len(made) == (1 if fused else 2)
