"""The weights of the miniature pairs: numbers drawn from (seed, parameter name) alone.

Nothing is stored: the recorder of goldens and the tests draw the very same values (numpy promises
that `RandomState` never changes). Names are those of the reference's text-only models.

Drafts must sometimes be right and sometimes wrong, and texts must not fall into a loop. So both
networks know a little: a token's embedding is its predecessor's, each plane turned by its own
angle, and the first feed-forward block turns what it reads. Both therefore lean towards the
successor of the last token; what the other layers and dimensions add, only the target knows.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from tests.support.configs import drafter_config, target_text_config
from tests.support.dimensions import Dims, text_dims
from tests.support.shapes import CENTROIDS, DRAFTER_HIDDEN, VOCABULARY, Shape

Array = npt.NDArray[Any]
Weights = dict[str, Array]

EMBEDDING = 0.3
FIRST_BLOCK = 16.0  # the weight of the first feed-forward block, that of the embedding being 2
BRANCH = 0.8  # of every other block

# The mean of a norm's weights, by the end of its name; 1 elsewhere.
NORMS = {
    "q_norm.weight": 0.6,  # attention has no scale of its own
    "k_norm.weight": 0.6,
    "post_attention_layernorm.weight": BRANCH,
    "post_feedforward_layernorm.weight": BRANCH,
    "post_feedforward_layernorm_2.weight": 0.4,  # experts, beside a dense block
    "post_per_layer_input_norm.weight": BRANCH,
    "model.norm.weight": 4.0,  # logits reach the softcap
}


@cache
def target_weights(shape: Shape) -> Weights:
    """All parameters of the target, float32, under the names `model.*`."""
    weights = _draw(shape, "target", text_dims(target_text_config(shape)))
    drafter = drafter_weights(shape)
    embedding = "model.embed_tokens.weight"
    weights[embedding][:, :DRAFTER_HIDDEN] = drafter[embedding]
    _turn_first_block(weights)
    return weights


@cache
def drafter_weights(shape: Shape) -> Weights:
    """All parameters of the drafter; float32, but for the int64 `token_ordering`."""
    dims = text_dims(drafter_config(shape)["text_config"])
    dims["pre_projection.weight"] = (DRAFTER_HIDDEN, 2 * shape.hidden)
    dims["post_projection.weight"] = (shape.hidden, DRAFTER_HIDDEN)
    weights = _draw(shape, "drafter", dims)
    embedding = _turned_embedding()
    weights["model.embed_tokens.weight"] = embedding
    weights["pre_projection.weight"] *= 0.2
    weights["pre_projection.weight"][:, :DRAFTER_HIDDEN] += np.eye(DRAFTER_HIDDEN)
    _turn_first_block(weights)
    if shape.centroid_head:
        ordering = _generator(shape, "ordering").permutation(VOCABULARY).astype(np.int64)
        clusters = embedding[ordering].reshape(CENTROIDS, -1, DRAFTER_HIDDEN)
        weights["masked_embedding.token_ordering"] = ordering
        weights["masked_embedding.centroids.weight"] = clusters.mean(axis=1)
    return weights


def _angles() -> Array:
    """One angle a plane; the first plane stands still, so that gates may rely on it."""
    angles = np.random.RandomState(5).uniform(0, 2 * np.pi, DRAFTER_HIDDEN // 2)
    angles[0] = 0
    return angles


def _turned_embedding() -> Array:
    phases = np.arange(VOCABULARY)[:, None] * _angles()
    planes = np.stack([np.cos(phases), np.sin(phases)], axis=-1)
    rows: Array = EMBEDDING * np.sqrt(2) * planes.reshape(VOCABULARY, DRAFTER_HIDDEN)
    return rows.astype(np.float32)


def _turn_first_block(weights: Weights) -> None:
    """Make the first feed-forward block turn every plane by its angle: down(gelu(gate) * up)."""
    cos, sin = np.cos(_angles()), np.sin(_angles())
    turn = np.zeros((DRAFTER_HIDDEN, DRAFTER_HIDDEN))
    even, odd = np.arange(0, DRAFTER_HIDDEN, 2), np.arange(1, DRAFTER_HIDDEN, 2)
    turn[even, even], turn[even, odd] = cos, -sin
    turn[odd, even], turn[odd, odd] = sin, cos
    gate, up, down = (
        weights[f"model.layers.0.mlp.{name}_proj.weight"] for name in ("gate", "up", "down")
    )
    gate[:DRAFTER_HIDDEN, 0] += 4  # open for every token
    up[:DRAFTER_HIDDEN, :DRAFTER_HIDDEN] += np.eye(DRAFTER_HIDDEN)
    down[:DRAFTER_HIDDEN, :DRAFTER_HIDDEN] += turn


def _draw(shape: Shape, part: str, dims: Dims) -> Weights:
    return {name: _parameter(shape, part, name, size) for name, size in dims.items()}


def _parameter(shape: Shape, part: str, name: str, size: tuple[int, ...]) -> Array:
    noise = _generator(shape, f"{part}.{name}").standard_normal(size)
    if name == "model.layers.0.post_feedforward_layernorm.weight":
        values = FIRST_BLOCK * (1 + 0.1 * noise)
    elif len(size) == 1:
        mean = next((mean for end, mean in NORMS.items() if name.endswith(end)), 1.0)
        values = mean * (1 + 0.1 * noise)
    elif name == "model.embed_tokens.weight":
        values = 0.4 * EMBEDDING * noise
    elif name.endswith("router.proj.weight"):
        values = 2 * noise  # the router divides by the root of the width itself
    else:
        values = noise / np.sqrt(size[-1])
    return values.astype(np.float32)


def _generator(shape: Shape, name: str) -> np.random.RandomState:
    return np.random.RandomState(crc32(f"{shape.name}/{shape.seed}/{name}".encode()))
