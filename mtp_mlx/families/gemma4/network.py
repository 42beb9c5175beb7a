"""The modules that hold the weights: mlx-lm's Gemma 4 for the target, our own for the drafter.

The drafter follows `transformers`, `models/gemma4_assistant`.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
from mlx import nn

from mtp_mlx.families.base import mlx_lm_model
from mtp_mlx.families.gemma4.config import CentroidConfig, DrafterConfig, TextConfig
from mtp_mlx.sampling.distribution import Logits

gemma4_text: Any = mlx_lm_model("gemma4_text")


def target_network(config: TextConfig) -> Any:
    """Return mlx-lm's network for `config`, with weights that are still lazy."""
    return gemma4_text.Model(model_args(config))


class DrafterNetwork(nn.Module):
    """The weights of a `gemma4_assistant` checkpoint, named as there."""

    def __init__(self, config: DrafterConfig) -> None:
        super().__init__()
        hidden, backbone = config.text.hidden_size, config.backbone_hidden_size
        self.pre_projection = nn.Linear(2 * backbone, hidden, bias=False)
        self.model = Trunk(config)
        self.post_projection = nn.Linear(hidden, backbone, bias=False)
        if config.centroids is not None:
            self.masked_embedding = CentroidHead(config.text, config.centroids)

    def sanitize(self, weights: dict[str, mx.array]) -> dict[str, mx.array]:
        """Drop the tensors that are never used: K/V projections."""
        unused = (".k_proj.", ".v_proj.", ".k_norm.", ".rotary_emb.")
        return {name: w for name, w in weights.items() if not any(part in name for part in unused)}


class Trunk(nn.Module):
    """The drafter's embedding and layers."""

    def __init__(self, config: DrafterConfig) -> None:
        super().__init__()
        text = config.text
        args = model_args(text)
        self.embed_tokens = nn.Embedding(text.vocab_size, text.hidden_size)
        self.layers = [gemma4_text.DecoderLayer(args, i) for i in range(text.num_layers)]
        self.norm = nn.RMSNorm(text.hidden_size, eps=text.rms_norm_eps)


class CentroidHead(nn.Module):
    """The head of the E2B and E4B drafters: it scores the tokens of the best clusters only.

    `token_ordering` [vocabulary] lists the token ids cluster after cluster.
    """

    def __init__(self, text: TextConfig, config: CentroidConfig) -> None:
        super().__init__()
        self.centroids = nn.Linear(text.hidden_size, config.num_centroids, bias=False)
        self.token_ordering = mx.zeros((text.vocab_size,), dtype=mx.int32)
        self._top_k = config.top_k

    def __call__(self, hidden: mx.array, embedding: nn.Module) -> Logits:
        """Return logits [n, top_k * cluster size] of `hidden` [n, hidden], with their token ids.

        Rows are gathered through the embedding module, so that a quantised one unpacks them.
        """
        clusters = self.token_ordering.reshape(self.centroids.weight.shape[0], -1)
        similarity = self.centroids(hidden)  # [n, clusters]
        best = mx.argpartition(-similarity, kth=self._top_k - 1, axis=-1)[:, : self._top_k]
        ids = clusters[best].reshape(hidden.shape[0], -1)  # [n, candidates]
        rows = embedding(ids)  # [n, candidates, hidden]
        return Logits((rows @ hidden[..., None])[..., 0], ids)


def model_args(config: TextConfig) -> Any:
    """Return the configuration as mlx-lm's dataclass takes it, every field spelled out."""
    experts = config.experts
    return gemma4_text.ModelArgs(
        hidden_size=config.hidden_size,
        num_hidden_layers=config.num_layers,
        intermediate_size=config.intermediate_size,
        num_attention_heads=config.num_heads,
        head_dim=config.head_dim,
        global_head_dim=config.global_head_dim,
        rms_norm_eps=config.rms_norm_eps,
        vocab_size=config.vocab_size,
        vocab_size_per_layer_input=config.per_layer_vocab_size,
        num_key_value_heads=config.num_kv_heads,
        num_global_key_value_heads=config.num_global_kv_heads,
        num_kv_shared_layers=config.num_kv_shared_layers,
        hidden_size_per_layer_input=config.per_layer_input_size,
        rope_parameters=dict(config.rope_parameters),
        sliding_window=config.sliding_window,
        max_position_embeddings=config.max_positions,
        attention_k_eq_v=config.k_eq_v,
        final_logit_softcapping=config.softcap,
        use_double_wide_mlp=config.double_wide_mlp,
        enable_moe_block=experts is not None,
        num_experts=experts.count if experts else None,
        top_k_experts=experts.top_k if experts else None,
        moe_intermediate_size=experts.intermediate_size if experts else None,
        layer_types=list(config.layer_types),
        tie_word_embeddings=config.tied,
    )
