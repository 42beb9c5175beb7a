"""The drafter: four layers that attend over the target's own keys and values.

It has no K/V projections and no cache; it reads the target's arrays in unified memory. Reference:
`transformers`, `models/gemma4_assistant`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlx.core as mx
from mlx import nn

from mtp_mlx.families.gemma4.centroid_head import CentroidHead
from mtp_mlx.families.gemma4.config import SLIDING, DrafterConfig
from mtp_mlx.families.gemma4.network import gemma4_text, model_args
from mtp_mlx.families.gemma4.pieces import Arrays, Pieces, attend
from mtp_mlx.protocols import DraftStep, Scores, SharedKV

Embed = Callable[[mx.array], mx.array]


class Trunk(nn.Module):
    """The layers, named as in the checkpoint."""

    def __init__(self, config: DrafterConfig) -> None:
        super().__init__()
        text = config.text
        args = model_args(text)
        self.embed_tokens = nn.Embedding(text.vocab_size, text.hidden_size)
        self.layers = [gemma4_text.DecoderLayer(args, i) for i in range(text.num_layers)]
        self.norm = nn.RMSNorm(text.hidden_size, eps=text.rms_norm_eps)


class DrafterNetwork(nn.Module):
    """The weights of a `gemma4_assistant` checkpoint."""

    def __init__(self, config: DrafterConfig) -> None:
        super().__init__()
        hidden, backbone = config.text.hidden_size, config.backbone_hidden_size
        self.pre_projection = nn.Linear(2 * backbone, hidden, bias=False)
        self.model = Trunk(config)
        self.post_projection = nn.Linear(hidden, backbone, bias=False)
        if config.centroids is not None:
            self.masked_embedding = CentroidHead(config.text, config.centroids)

    def sanitize(self, weights: dict[str, mx.array]) -> dict[str, mx.array]:
        """The head is tied to the embedding; K/V projections, if any, are never used."""
        unused = ("lm_head.", ".k_proj.", ".v_proj.", ".k_norm.", ".rotary_emb.")
        return {name: w for name, w in weights.items() if not any(part in name for part in unused)}


class GemmaDrafter:
    """A `Drafter` bound to its target's embedding."""

    def __init__(self, network: DrafterNetwork, config: DrafterConfig, embed: Embed) -> None:
        self.config = config
        self._network = network
        self._embed = embed
        self._layers: Any = network.model.layers
        self._pieces = Pieces(self._layers, self._enter, self._leave)

    def step(self, token: mx.array, hidden: mx.array, shared: SharedKV, position: int) -> DraftStep:
        at = mx.array(position)
        state = self._pieces.enter(1, at, token, hidden)
        for i, layer in enumerate(self._layers):
            x, queries = state
            kv = shared.sliding if layer.layer_type == SLIDING else shared.full
            attended = attend(layer, queries, kv.keys, kv.values, None)
            state = self._pieces.after(i, at, x, attended)
        following, raw, *ids = state
        return DraftStep(Scores(raw, ids[0] if ids else None), following)

    def _enter(self, token: mx.array, hidden: mx.array) -> Arrays:
        """What the first layer takes: [1, 1, hidden of the drafter]."""
        pair = mx.concatenate([self._embed(token), hidden], axis=-1)  # [1, 2 * target_hidden]
        return (self._network.pre_projection(pair)[None],)

    def _leave(self, x: mx.array) -> Arrays:
        """The hidden state that goes on [1, target_hidden], logits, and their ids if any."""
        network = self._network
        x = network.model.norm(x)[0]
        scores = self._scores(x)
        found = (network.post_projection(x), scores.raw)
        return found if scores.ids is None else (*found, scores.ids)

    def _scores(self, x: mx.array) -> Scores:
        embedding = self._network.model.embed_tokens
        if self.config.centroids is None:
            return Scores(embedding.as_linear(x))
        scores: Scores = self._network.masked_embedding(x, embedding)
        return scores
