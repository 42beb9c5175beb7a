"""A stack of Gemma 4 layers, cut at its attentions into pieces that are compiled.

Only attention depends on how much the caches hold, and on which sequence a row belongs to. What
lies between two attentions (the rest of one layer and the beginning of the next) has the shape of
the new rows and nothing else, so each such piece is one compiled function, traced once for each
number of rows: the host builds a fraction of the graph, and neighbouring elementwise work becomes
one kernel. The arithmetic is that of mlx-lm's `gemma4_text`, whose modules hold the weights.

Rows of several sequences stand packed along the first axis, each with a position of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import mlx.core as mx
from mlx import nn

from mtp_mlx.kv.attention import attention
from mtp_mlx.kv.buffer import KeysValues
from mtp_mlx.kv.rows import ALONE
from mtp_mlx.kv.spans import Span

COMPILED_ROWS = 16  # the most rows that are compiled: rounds have few sizes, prompt chunks any

Arrays = tuple[mx.array, ...]
Piece = Callable[..., Arrays]


class Pieces:
    """The pieces of `layers`: one before the first attention, one between each two, one at the end.

    `enter` returns x [n, hidden] and possibly other arrays from the inputs of the stack; `leave`
    returns the result from the x behind the last layer.
    """

    def __init__(
        self, layers: Sequence[Any], enter: Callable[..., Arrays], leave: Callable[..., Arrays]
    ) -> None:
        self._layers = layers
        between = [_between(layer, following) for layer, following in pairwise(layers)]
        self._plain = [_entering(enter, layers[0]), *between, _leaving(layers[-1], leave)]
        self._compiled = [mx.compile(piece) for piece in self._plain]

    def enter(self, positions: mx.array, *start: mx.array) -> Arrays:
        """Return x, its projections in the first layer, and the other arrays of `enter`."""
        return self._of(positions)[0](positions, *start)

    def after(
        self, i: int, positions: mx.array, x: mx.array, attended: mx.array, *per_layer: mx.array
    ) -> Arrays:
        """Go from layer i's attention to the next; return x and its projections, or the result.

        `positions` [n] and `attended` [n, heads, 1, head_dim] have the rows of x [n, hidden].
        """
        piece = self._of(positions)[i + 1]
        # The scalar is an argument: captured, it would become part of the kernel's source.
        return piece(positions, x, attended, self._layers[i].layer_scalar, *per_layer)

    def _of(self, positions: mx.array) -> list[Piece]:
        return self._compiled if positions.shape[0] <= COMPILED_ROWS else self._plain


def attend(
    layer: Any, queries: mx.array, held: KeysValues, spans: Sequence[Span] | None = None
) -> mx.array:
    """Let the rows of one sequence, [n, heads, 1, head_dim], attend to its keys and values.

    Without `spans` every row attends to all of them. With several, each that has many scores is
    computed before the next is begun.
    """
    queries = in_time(queries)
    if spans is None:
        return in_time(attention(queries, held, layer.self_attn.scale, None))
    parts = []
    for span in spans:
        rows, keys = queries[:, :, span.queries], held.at(span.keys)
        parts.append(attention(rows, keys, layer.self_attn.scale, span.mask))
        if len(spans) > 1 and _score_bytes(rows, keys) > ALONE:
            mx.eval(parts[-1])
    return in_time(parts[0] if len(parts) == 1 else mx.concatenate(parts, axis=2))


def _score_bytes(queries: mx.array, held: KeysValues) -> int:
    """Return the bytes of the scores of queries [1, heads, n, dim] over all held positions."""
    _, heads, rows, _ = queries.shape
    return heads * rows * held.keys.shape[2] * queries.dtype.size


def in_time(rows: mx.array) -> mx.array:
    """Swap [n, heads, 1, dim], as rows are packed, and [1, heads, n, dim], as caches hold them."""
    return rows.transpose(2, 1, 0, 3)


def _entering(enter: Callable[..., Arrays], layer: Any) -> Piece:
    def piece(positions: mx.array, *start: mx.array) -> Arrays:
        x, *others = enter(*start)
        return (x, *_projected(layer, x, positions), *others)

    return piece


def _between(layer: Any, following: Any) -> Piece:
    def piece(positions: mx.array, *given: mx.array) -> Arrays:
        x = _rest(layer, *given)
        return (x, *_projected(following, x, positions))

    return piece


def _leaving(layer: Any, leave: Callable[..., Arrays]) -> Piece:
    def piece(_: mx.array, *given: mx.array) -> Arrays:
        return leave(_rest(layer, *given))

    return piece


def _projected(layer: Any, x: mx.array, positions: mx.array) -> Arrays:
    """Return queries [n, heads, 1, head_dim], and keys and values where the layer has its own."""
    attention = layer.self_attn
    x = layer.input_layernorm(x)
    queries = attention.q_norm(_heads(attention.q_proj(x), attention.n_heads))
    queries = attention.rope(queries, offset=positions)
    if not attention.has_kv:
        return (queries,)
    keys = values = _heads(attention.k_proj(x), attention.n_kv_heads)
    if not attention.use_k_eq_v:
        values = _heads(attention.v_proj(x), attention.n_kv_heads)
    keys = attention.rope(attention.k_norm(keys), offset=positions)
    return queries, keys, attention.v_norm(values)


def _heads(x: mx.array, heads: int) -> mx.array:
    return x.reshape(x.shape[0], heads, 1, -1)


def _rest(
    layer: Any, x: mx.array, attended: mx.array, scalar: mx.array, *per_layer: mx.array
) -> mx.array:
    """Compute what follows a layer's attention: [n, hidden]."""
    attended = attended.reshape(x.shape[0], -1)
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
