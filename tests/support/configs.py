"""The configurations of the miniature pairs, as the reference implementation takes them."""

from __future__ import annotations

from typing import Any

from tests.support.shapes import (
    CENTROID_TOP_K,
    CENTROIDS,
    DRAFTER_FFN,
    DRAFTER_HIDDEN,
    DRAFTER_LAYERS,
    SOFTCAP,
    VOCABULARY,
    WINDOW,
    Shape,
)

Config = dict[str, Any]


def target_text_config(shape: Shape, *, window: int = WINDOW) -> Config:
    """The text configuration, in the older spelling (`global_head_dim` at the top)."""
    config = {
        **_common(shape, window),
        "hidden_size": shape.hidden,
        "intermediate_size": shape.ffn,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_kv_shared_layers": shape.shared_layers,
        "layer_types": layer_types(shape.layers, shape.pattern),
        "final_logit_softcapping": SOFTCAP,
        "use_double_wide_mlp": shape.double_wide,
    }
    if shape.unified:  # its configurations know neither of these
        return config
    return config | {
        "hidden_size_per_layer_input": shape.per_layer_input,
        "vocab_size_per_layer_input": VOCABULARY,
        "enable_moe_block": shape.experts > 0,
        "num_experts": shape.experts or None,
        "top_k_experts": shape.experts_top_k or None,
        "moe_intermediate_size": shape.expert_ffn or None,
    }


def drafter_config(shape: Shape, *, window: int = WINDOW) -> Config:
    """The whole configuration of the drafter, its text part in the older spelling."""
    text = {
        **_common(shape, window),
        "hidden_size": DRAFTER_HIDDEN,
        "intermediate_size": DRAFTER_FFN,
        "num_hidden_layers": DRAFTER_LAYERS,
        "num_attention_heads": shape.heads,
        "num_kv_shared_layers": DRAFTER_LAYERS,
        "layer_types": layer_types(DRAFTER_LAYERS, DRAFTER_LAYERS),
        "final_logit_softcapping": None,
        "use_double_wide_mlp": False,
    }
    if not shape.unified:
        text |= {
            "hidden_size_per_layer_input": 0,
            "vocab_size_per_layer_input": 0,
            "enable_moe_block": False,
        }
    family = "gemma4_unified_assistant" if shape.unified else "gemma4_assistant"
    return {
        "model_type": family,
        "architectures": [
            "Gemma4UnifiedAssistantForCausalLM" if shape.unified else "Gemma4AssistantForCausalLM"
        ],
        "backbone_hidden_size": shape.hidden,
        "use_ordered_embeddings": shape.centroid_head,
        "num_centroids": CENTROIDS if shape.centroid_head else 2048,
        "centroid_intermediate_top_k": CENTROID_TOP_K if shape.centroid_head else 32,
        "tie_word_embeddings": True,
        "text_config": text,
    }


def _common(shape: Shape, window: int) -> Config:
    """What a target and its drafter have in common: the keys both read, and the vocabulary."""
    return {
        "model_type": "gemma4_unified_text" if shape.unified else "gemma4_text",
        "vocab_size": VOCABULARY,
        "num_key_value_heads": shape.kv_heads,
        "num_global_key_value_heads": shape.global_kv_heads,
        "head_dim": shape.head_dim,
        "global_head_dim": shape.global_head_dim,
        "attention_k_eq_v": shape.k_eq_v,
        "sliding_window": window,
        "hidden_activation": "gelu_pytorch_tanh",
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {
            "full_attention": {
                "partial_rotary_factor": 0.25,
                "rope_theta": 1_000_000.0,
                "rope_type": "proportional",
            },
            "sliding_attention": {"rope_theta": 10_000.0, "rope_type": "default"},
        },
        "tie_word_embeddings": True,
        "bos_token_id": 2,
        "eos_token_id": 1,
        "pad_token_id": 0,
    }


def layer_types(layers: int, pattern: int) -> list[str]:
    """The last of every `pattern` layers sees everything, the others a window."""
    return [
        "sliding_attention" if (layer + 1) % pattern else "full_attention"
        for layer in range(layers)
    ]
