"""The pair's shape: a Gemma 4 E2B in small, and the assistant that reads its keys and values."""

from __future__ import annotations

from transformers import Gemma4AssistantConfig, Gemma4TextConfig

SLIDING, FULL = "sliding_attention", "full_attention"

VOCABULARY = 4096
PAD, EOS, BOS = 0, 1, 2
WINDOW = 128
HEAD_DIM, GLOBAL_HEAD_DIM = 64, 128
CONTEXT = 4096

TARGET_HIDDEN = 384
DRAFTER_HIDDEN = 192
CENTROIDS, TOP_CENTROIDS = 64, 8


def target_config() -> Gemma4TextConfig:
    """Ten layers, the last five reading the caches of layers 3 (sliding) and 4 (full)."""
    return Gemma4TextConfig(
        vocab_size=VOCABULARY,
        hidden_size=TARGET_HIDDEN,
        intermediate_size=768,
        num_hidden_layers=10,
        layer_types=[SLIDING, SLIDING, SLIDING, SLIDING, FULL] * 2,
        num_kv_shared_layers=5,
        use_double_wide_mlp=True,
        hidden_size_per_layer_input=32,
        vocab_size_per_layer_input=VOCABULARY,
        final_logit_softcapping=30.0,
        **_common(),
    )


def drafter_config() -> Gemma4AssistantConfig:
    """Four layers without keys and values of their own, and the centroid head."""
    text = Gemma4TextConfig(
        vocab_size=VOCABULARY,
        hidden_size=DRAFTER_HIDDEN,
        intermediate_size=512,
        num_hidden_layers=4,
        layer_types=[SLIDING, SLIDING, SLIDING, FULL],
        num_kv_shared_layers=4,
        hidden_size_per_layer_input=0,
        vocab_size_per_layer_input=0,
        **_common(),
    )
    return Gemma4AssistantConfig(
        text_config=text,
        backbone_hidden_size=TARGET_HIDDEN,
        use_ordered_embeddings=True,
        num_centroids=CENTROIDS,
        centroid_intermediate_top_k=TOP_CENTROIDS,
        pad_token_id=PAD,
        eos_token_id=EOS,
        bos_token_id=BOS,
    )


def _common() -> dict[str, object]:
    return {
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": HEAD_DIM,
        "global_head_dim": GLOBAL_HEAD_DIM,
        "sliding_window": WINDOW,
        "max_position_embeddings": CONTEXT,
        "pad_token_id": PAD,
        "eos_token_id": EOS,
        "bos_token_id": BOS,
        "tie_word_embeddings": True,
    }
