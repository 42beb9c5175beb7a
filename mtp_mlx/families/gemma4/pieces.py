"""A stack of Gemma 4 layers, cut at its attentions into pieces that are compiled.

Only attention depends on how much the caches hold. What lies between two attentions (the rest of
one layer and the beginning of the next) has the shape of the new rows and nothing else, so each
such piece is one compiled function, traced once for each number of rows: the host builds a
fraction of the graph, and neighbouring elementwise work becomes one kernel. The arithmetic is that
of mlx-lm's `gemma4_text`, whose modules hold the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import mlx.core as mx
from mlx import nn

COMPILED_ROWS = 16  # at most: rounds repeat few sizes, chunks of a prompt come in any

Arrays = tuple[mx.array, ...]
Piece = Callable[..., Arrays]


class Pieces:
    """The pieces of `layers`: one that enters the first, one between each two, one that leaves.

    `enter` makes x [1, n, hidden], and whatever else is wanted, of what the stack starts with;
    `leave` makes the result of the x behind the last layer.
    """

    def __init__(
        self, layers: Sequence[Any], enter: Callable[..., Arrays], leave: Callable[..., Arrays]
    ) -> None:
        self._layers = layers
        plain = [_between(layer, following) for layer, following in pairwise(layers)]
        self._plain = [_entering(enter, layers[0]), *plain, _leaving(layers[-1], leave)]
        self._compiled = [mx.compile(piece) for piece in self._plain]

    def enter(self, rows: int, offset: mx.array, *start: mx.array) -> Arrays:
        """x, what the first layer projects it to, and what `enter` made besides."""
        return self._of(rows)[0](offset, *start)

    def after(
        self, i: int, offset: mx.array, x: mx.array, attended: mx.array, *per_layer: mx.array
    ) -> Arrays:
        """From layer i's attention to the next: x and its projections, or what `leave` makes."""
        piece = self._of(attended.shape[2])[i + 1]
        # As an argument: a captured scalar would become part of the kernel's source.
        return piece(offset, x, attended, self._layers[i].layer_scalar, *per_layer)

    def _of(self, rows: int) -> list[Piece]:
        return self._compiled if rows <= COMPILED_ROWS else self._plain


def attend(layer: Any, queries: mx.array, keys: mx.array, values: mx.array, mask: Any) -> mx.array:
    """Queries over keys and values: [1, heads, n, head_dim]."""
    scale: float = layer.self_attn.scale
    return mx.fast.scaled_dot_product_attention(queries, keys, values, scale=scale, mask=mask)


def _entering(enter: Callable[..., Arrays], layer: Any) -> Piece:
    def piece(offset: mx.array, *start: mx.array) -> Arrays:
        x, *others = enter(*start)
        return (x, *_projected(layer, x, offset), *others)

    return piece


def _between(layer: Any, following: Any) -> Piece:
    def piece(offset: mx.array, *given: mx.array) -> Arrays:
        x = _rest(layer, *given)
        return (x, *_projected(following, x, offset))

    return piece


def _leaving(layer: Any, leave: Callable[..., Arrays]) -> Piece:
    def piece(_: mx.array, *given: mx.array) -> Arrays:
        return leave(_rest(layer, *given))

    return piece


def _projected(layer: Any, x: mx.array, offset: mx.array) -> Arrays:
    """Queries [1, heads, n, head_dim], and keys and values where the layer has its own."""
    attention = layer.self_attn
    x = layer.input_layernorm(x)
    queries = attention.q_norm(_heads(attention.q_proj(x), attention.n_heads))
    queries = attention.rope(queries.transpose(0, 2, 1, 3), offset=offset)
    if not attention.has_kv:
        return (queries,)
    keys = values = _heads(attention.k_proj(x), attention.n_kv_heads)
    if not attention.use_k_eq_v:
        values = _heads(attention.v_proj(x), attention.n_kv_heads)
    keys = attention.rope(attention.k_norm(keys).transpose(0, 2, 1, 3), offset=offset)
    return queries, keys, attention.v_norm(values).transpose(0, 2, 1, 3)


def _heads(x: mx.array, heads: int) -> mx.array:
    return x.reshape(*x.shape[:2], heads, -1)


def _rest(
    layer: Any, x: mx.array, attended: mx.array, scalar: mx.array, *per_layer: mx.array
) -> mx.array:
    """What follows a layer's attention: [1, n, hidden]."""
    attended = attended.transpose(0, 2, 1, 3).reshape(*x.shape[:2], -1)
    x = x + layer.post_attention_layernorm(layer.self_attn.o_proj(attended))
    x = x + layer.post_feedforward_layernorm(_feed_forward(layer, x))
    for gate_input in per_layer:
        gate = nn.gelu_approx(layer.per_layer_input_gate(x)) * gate_input
        x = x + layer.post_per_layer_input_norm(layer.per_layer_projection(gate))
    return x * scalar


def _feed_forward(layer: Any, x: mx.array) -> mx.array:
    dense: mx.array = layer.mlp(layer.pre_feedforward_layernorm(x))
    if not layer.enable_moe:
        return dense
    experts, weights = layer.router(x)
    sparse = layer.experts(layer.pre_feedforward_layernorm_2(x), experts, weights)
    dense = layer.post_feedforward_layernorm_1(dense)
    summed: mx.array = dense + layer.post_feedforward_layernorm_2(sparse)
    return summed
