"""A pair of random weights in the shape of Gemma 4 E2B, at half its width and with 8 layers.

The vocabulary is scaled down with them, so that the head has the share of a step that it has in
E2B (18 % of the weights read): an engine's way with the head then costs what it would cost there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten

from mtp_mlx.families.gemma4.config import drafter_config, target_config
from mtp_mlx.families.gemma4.network import DrafterNetwork, target_network
from peers.folders import write_drafter, write_target

VOCABULARY = 32_768
HIDDEN = 768
CENTROIDS = 256  # the best 32 have 4096 candidates, as in E2B
EMBEDDING_SCALE = 0.3
"""Of the usual size: a random network in full strength only repeats its last token, for embedding
and head are tied."""


def write_random_pair(folder: Path, seed: int = 0) -> None:
    mx.random.seed(seed)
    text = _text(_layers(3) + _layers(3), hidden=HIDDEN, ffn=3072, heads=4)
    text |= {
        "num_kv_shared_layers": 4,
        "hidden_size_per_layer_input": 128,
        "vocab_size_per_layer_input": VOCABULARY,
        "use_double_wide_mlp": True,
        "final_logit_softcapping": 30.0,
    }
    target = target_network(target_config(text))
    write_target(folder / "target", text, _weights(target))
    head = {
        "model_type": "gemma4_assistant",
        "backbone_hidden_size": HIDDEN,
        "use_ordered_embeddings": True,
        "num_centroids": CENTROIDS,
        "centroid_intermediate_top_k": 32,
        "tie_word_embeddings": True,
        "text_config": _text(_layers(3), hidden=128, ffn=1024, heads=4)
        | {"num_kv_shared_layers": 4, "hidden_size_per_layer_input": 0},
    }
    drafter = DrafterNetwork(drafter_config(head))
    drafter.masked_embedding.token_ordering = mx.random.permutation(VOCABULARY).astype(mx.int32)
    write_drafter(folder / "drafter", head, _weights(drafter))
    mx.clear_cache()


def _layers(sliding: int) -> list[str]:
    return ["sliding_attention"] * sliding + ["full_attention"]


def _text(layer_types: list[str], *, hidden: int, ffn: int, heads: int) -> dict[str, Any]:
    return {
        "model_type": "gemma4_text",
        "vocab_size": VOCABULARY,
        "hidden_size": hidden,
        "intermediate_size": ffn,
        "num_hidden_layers": len(layer_types),
        "layer_types": layer_types,
        "num_attention_heads": heads,
        "num_key_value_heads": 1,
        "head_dim": 256,
        "global_head_dim": 512,
        "attention_k_eq_v": False,
        "sliding_window": 512,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-6,
        "final_logit_softcapping": None,
        "use_double_wide_mlp": False,
        "tie_word_embeddings": True,
        "eos_token_id": 1,
        "pad_token_id": 0,
        "rope_parameters": {
            "full_attention": {
                "partial_rotary_factor": 0.25,
                "rope_theta": 1_000_000.0,
                "rope_type": "proportional",
            },
            "sliding_attention": {"rope_theta": 10_000.0, "rope_type": "default"},
        },
    }


def _weights(network: Any) -> dict[str, mx.array]:
    weights: dict[str, mx.array] = dict(tree_flatten(network.parameters()))
    name = "model.embed_tokens.weight"
    return weights | {name: weights[name] * EMBEDDING_SCALE}
