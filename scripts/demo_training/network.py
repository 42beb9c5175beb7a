"""Lean forward passes over the parameters of transformers' own Gemma 4 classes.

Training spends most of its time in small elementwise steps, which `torch.compile` fuses; the
library's classes are slower. Both give the same to within rounding.
Letters: B rows, T positions, H heads, D head size, W sliding window.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import Gemma4AssistantForCausalLM, Gemma4ForCausalLM

from demo_training.shapes import FULL, SLIDING, WINDOW

Rotation = tuple[Tensor, Tensor]  # cos and sin, each [1, T, 1, D]
KeyValues = dict[str, tuple[Tensor, Tensor]]  # per layer type, each [B, 1, T, D]
NEVER = -1e4


@dataclass(frozen=True, slots=True)
class Seen:
    """What each query may attend to, as terms to add to the scores (0 or NEVER)."""

    full: Tensor  # [B, 1, T, T]
    sliding: Tensor  # [B, T / W, 1, W, 2 W]: a block of queries, its own and the previous keys


def seen(documents: Tensor) -> Seen:
    """Causal attention within a document: [B, T] document numbers, T a multiple of W."""
    rows, length = documents.shape
    at = torch.arange(length)
    same = documents[:, :, None] == documents[:, None, :]
    full = same & (at[:, None] >= at[None, :])
    blocks = length // WINDOW
    query = documents.view(rows, blocks, WINDOW)
    key = torch.cat((functional.pad(query, (0, 0, 1, 0), value=-1)[:, :-1], query), -1)
    behind = WINDOW + torch.arange(WINDOW)[:, None] - torch.arange(2 * WINDOW)[None, :]
    sliding = (query[..., :, None] == key[..., None, :]) & (behind >= 0) & (behind < WINDOW)
    return Seen(_term(full[:, None]), _term(sliding[:, :, None]))


def rotations(model: nn.Module, length: int) -> dict[str, Rotation]:
    """Rotary cosines and sines of both layer types for positions 0 to length - 1."""
    positions = torch.arange(length)[None]
    result = {}
    for kind in (SLIDING, FULL):
        cos, sin = model.rotary_emb(torch.zeros(1), positions, kind)
        result[kind] = (cos[:, :, None], sin[:, :, None])
    return result


def target_hidden(
    model: Gemma4ForCausalLM, ids: Tensor, rotation: dict[str, Rotation], mask: Seen
) -> tuple[Tensor, KeyValues]:
    """Final-normed hidden states [B, T, hidden] and the keys and values later layers share."""
    text, config = model.model, model.config
    x = embedded(model, ids)
    inputs = _per_layer_inputs(text, ids, x)  # [B, T, layers, size]
    shared: KeyValues = {}
    for number, layer in enumerate(text.layers):
        kind = config.layer_types[number]
        x = _block(layer, x, rotation[kind], mask, shared)
        gated = _gelu(layer.per_layer_input_gate(x)) * inputs[:, :, number]
        x = x + _norm(layer.per_layer_projection(gated), layer.post_per_layer_input_norm)
    return _norm(x, text.norm), shared


def target_logits(model: Gemma4ForCausalLM, hidden: Tensor) -> Tensor:
    """Soft-capped scores of the vocabulary, float32."""
    cap = model.config.final_logit_softcapping
    return cap * torch.tanh(model.lm_head(hidden).float() / cap)


def draft_step(
    drafter: Gemma4AssistantForCausalLM,
    embeddings: Tensor,
    hidden: Tensor,
    shared: KeyValues,
    rotation: dict[str, Rotation],
    mask: Seen,
) -> tuple[Tensor, Tensor]:
    """One draft step at every position: normed state and hidden state for the next step.

    `embeddings` are the target's scaled embeddings of the tokens to go on from, [B, T, hidden].
    """
    x = drafter.pre_projection(torch.cat((embeddings, hidden), -1))
    for number, layer in enumerate(drafter.model.layers):
        kind = drafter.config.text_config.layer_types[number]
        x = _block(layer, x, rotation[kind], mask, shared)
    state = _norm(x, drafter.model.norm)
    return state, drafter.post_projection(state)


def embedded(model: Gemma4ForCausalLM, ids: Tensor) -> Tensor:
    """Token embeddings times sqrt(hidden), as target and drafter take them."""
    return functional.embedding(ids, model.model.embed_tokens.weight) * (
        model.config.hidden_size**0.5
    )


def _block(
    layer: nn.Module, x: Tensor, rotation: Rotation, mask: Seen, shared: KeyValues
) -> Tensor:
    attended = _attention(layer.self_attn, _norm(x, layer.input_layernorm), rotation, mask, shared)
    x = x + _norm(attended, layer.post_attention_layernorm)
    h = _norm(x, layer.pre_feedforward_layernorm)
    h = layer.mlp.down_proj(_gelu(layer.mlp.gate_proj(h)) * layer.mlp.up_proj(h))
    return x + _norm(h, layer.post_feedforward_layernorm)


def _attention(
    attention: nn.Module, x: Tensor, rotation: Rotation, mask: Seen, shared: KeyValues
) -> Tensor:
    rows, length, _ = x.shape
    kind, size = attention.layer_type, attention.head_dim
    query = attention.q_proj(x).view(rows, length, -1, size)
    query = _rotated(_norm(query, attention.q_norm), rotation).transpose(1, 2)
    if not attention.is_kv_shared_layer:
        key = attention.k_proj(x).view(rows, length, -1, size)
        value = attention.v_proj(x).view(rows, length, -1, size)
        shared[kind] = (
            _rotated(_norm(key, attention.k_norm), rotation).transpose(1, 2),
            functional.rms_norm(value, (size,), eps=1e-6).transpose(1, 2),
        )
    key, value = shared[kind]
    mix = _mix_window if kind == SLIDING else _mix_full
    mixed = mix(query, key, value, mask)  # [B, H, T, D]
    return attention.o_proj(mixed.transpose(1, 2).reshape(rows, length, -1))


def _mix_full(query: Tensor, key: Tensor, value: Tensor, mask: Seen) -> Tensor:
    rows, heads, length, size = query.shape
    # One key head for all query heads: their queries stand one below the other.
    scores = query.reshape(rows, heads * length, size) @ key[:, 0].transpose(1, 2)
    scores = scores.view(rows, heads, length, length).float() + mask.full
    weights = torch.softmax(scores, -1).to(value.dtype)
    return (weights.view(rows, heads * length, length) @ value[:, 0]).view_as(query)


def _mix_window(query: Tensor, key: Tensor, value: Tensor, mask: Seen) -> Tensor:
    rows, heads, length, size = query.shape
    blocks = length // WINDOW
    query = query.view(rows, heads, blocks, WINDOW, size).transpose(1, 2)
    key, value = _with_previous(key[:, 0], blocks), _with_previous(value[:, 0], blocks)
    scores = query.reshape(rows * blocks, heads * WINDOW, size) @ key.transpose(1, 2)
    scores = scores.view(rows, blocks, heads, WINDOW, 2 * WINDOW).float() + mask.sliding
    weights = torch.softmax(scores, -1).to(value.dtype)
    mixed = weights.view(rows * blocks, heads * WINDOW, 2 * WINDOW) @ value
    mixed = mixed.view(rows, blocks, heads, WINDOW, size).transpose(1, 2)
    return mixed.reshape(rows, heads, length, size)


def _with_previous(x: Tensor, blocks: int) -> Tensor:
    """[B, T, D] as blocks of the window, each behind the one before it: [B blocks, 2 W, D]."""
    rows, _, size = x.shape
    own = x.view(rows, blocks, WINDOW, size)
    previous = functional.pad(own, (0, 0, 0, 0, 1, 0))[:, :-1]
    return torch.cat((previous, own), 2).view(rows * blocks, 2 * WINDOW, size)


def _per_layer_inputs(text: nn.Module, ids: Tensor, x: Tensor) -> Tensor:
    size, layers = text.hidden_size_per_layer_input, len(text.layers)
    shape = (*ids.shape, layers, size)
    own = functional.embedding(ids, text.embed_tokens_per_layer.weight) * size**0.5
    projected = text.per_layer_model_projection(x) * text.per_layer_model_projection_scale
    projected = _norm(projected.view(shape), text.per_layer_projection_norm)
    return (own.view(shape) + projected) * text.per_layer_input_scale


def _term(allowed: Tensor) -> Tensor:
    return torch.zeros(allowed.shape).masked_fill_(~allowed, NEVER)


def _norm(x: Tensor, norm: nn.Module) -> Tensor:
    return functional.rms_norm(x, (x.shape[-1],), norm.weight, 1e-6)


def _gelu(x: Tensor) -> Tensor:
    return functional.gelu(x, approximate="tanh")


def _rotated(x: Tensor, rotation: Rotation) -> Tensor:
    cos, sin = rotation
    left, right = x.chunk(2, -1)
    return x * cos + torch.cat((-right, left), -1) * sin
