"""The ways in which checkpoints in the wild spell one and the same model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tests.support.configs import Config, drafter_config, target_text_config
from tests.support.shapes import Shape
from tests.support.weights import Weights, drafter_weights, target_weights

Keys = Literal["text", "multimodal", "mlx"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """How matrices are packed; `wide` and `plain` are the layers that differ, by part of a name."""

    mode: str = "affine"
    bits: int = 4
    group_size: int = 32
    wide: str | None = None  # affine, 8 bit
    plain: str | None = None  # left as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """One way to write a pair. Every way but `dtype` and `quantization` keeps all values."""

    keys: Keys = "text"
    per_layer_config: bool = False  # instead of `global_head_dim` and its like
    strays: bool = False  # a head although tied, keys for layers that read others'
    shards: int = 1
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    drafter_shared_layers: int | None = 4  # None: missing
    quantization: Quantization | None = None


def spelled_target_config(shape: Shape, spelling: Spelling, *, window: int) -> Config:
    text = target_text_config(shape, window=window) | {"dtype": spelling.dtype}
    if spelling.per_layer_config:
        text = with_per_layer_config(text)
    family, name = ("gemma4_unified", "Gemma4Unified") if shape.unified else ("gemma4", "Gemma4")
    if spelling.keys == "text":
        return text | {"architectures": [f"{name}ForCausalLM"]}
    return {
        "model_type": family,
        "architectures": [f"{name}ForConditionalGeneration"],
        "dtype": spelling.dtype,
        "text_config": text,
        "vision_config": {"model_type": f"{family}_vision", "hidden_size": 8},
        "audio_config": None,
        "image_token_id": 258880,
        "tie_word_embeddings": True,
        "eos_token_id": [1, 106],
    }


def spelled_drafter_config(shape: Shape, spelling: Spelling, *, window: int) -> Config:
    config = drafter_config(shape, window=window) | {"dtype": spelling.dtype}
    text: Config = config["text_config"]
    if spelling.drafter_shared_layers is None:
        del text["num_kv_shared_layers"]
    else:
        text["num_kv_shared_layers"] = spelling.drafter_shared_layers
    if spelling.per_layer_config:
        config["text_config"] = with_per_layer_config(text)
    return config


def with_per_layer_config(text: Config) -> Config:
    """The text configuration as recent releases of the reference write it."""
    old = {"global_head_dim", "num_global_key_value_heads"}
    override = {"head_dim": text["global_head_dim"]}
    if text["num_global_key_value_heads"] is not None:
        override["num_key_value_heads"] = text["num_global_key_value_heads"]
    full = [i for i, kind in enumerate(text["layer_types"]) if kind == "full_attention"]
    kept = {name: value for name, value in text.items() if name not in old}
    return kept | {"per_layer_config": {str(layer): override for layer in full}}


def spelled_target_weights(shape: Shape, spelling: Spelling) -> Weights:
    weights = dict(target_weights(shape))
    if spelling.strays:
        weights |= _stray_head(weights) | _stray_keys(shape, weights)
    if spelling.keys == "text":
        return weights
    if spelling.keys == "multimodal":
        renamed = {_nested(name): value for name, value in weights.items()}
        return renamed | _other_senses(shape, "model.")
    renamed = {f"language_model.{name}": value for name, value in _switched(weights).items()}
    return renamed | _other_senses(shape, "")


def spelled_drafter_weights(shape: Shape, spelling: Spelling) -> Weights:
    weights = dict(drafter_weights(shape))
    return weights | _stray_head(weights) if spelling.strays else weights


def _nested(name: str) -> str:
    if name.startswith("model."):
        return "model.language_model." + name.removeprefix("model.")
    return name


def _switched(weights: Weights) -> Weights:
    """Experts as mlx-lm keeps them: gate and up apart, one stack each."""
    renamed: Weights = {}
    for name, value in weights.items():
        base, _, last = name.rpartition(".")
        if last == "gate_up_proj":
            gate, up = np.split(value, 2, axis=1)
            renamed[f"{base}.switch_glu.gate_proj.weight"] = gate
            renamed[f"{base}.switch_glu.up_proj.weight"] = up
        elif last == "down_proj":
            renamed[f"{base}.switch_glu.down_proj.weight"] = value
        else:
            renamed[name] = value
    return renamed


def _stray_head(weights: Weights) -> Weights:
    """A head that says once more what the embedding says."""
    return {"lm_head.weight": weights["model.embed_tokens.weight"]}


def _stray_keys(shape: Shape, weights: Weights) -> Weights:
    """Projections that the real E2B and E4B carry for layers which read other layers' keys."""
    strays: Weights = {}
    for layer in range(shape.layers - shape.shared_layers, shape.layers):
        for name in ("k_proj", "v_proj", "k_norm"):
            own = f"model.layers.0.self_attn.{name}.weight"
            strays[f"model.layers.{layer}.self_attn.{name}.weight"] = weights[own]
    return strays


def _other_senses(shape: Shape, prefix: str) -> Weights:
    """A few weights of vision and hearing, to be passed over."""
    names = (
        ["vision_embedder.patch_dense.weight", "embed_vision.embedding_projection.weight"]
        if shape.unified
        else [
            "vision_tower.encoder.layers.0.self_attn.q_proj.linear.weight",
            "audio_tower.layers.0.norm_out.weight",
            "embed_vision.embedding_projection.weight",
            "embed_audio.embedding_projection.weight",
        ]
    )
    return {prefix + name: np.ones((8, 8), dtype=np.float32) for name in names}


def quantization_block(quantization: Quantization, overrides: dict[str, Any]) -> Config:
    block = {
        "group_size": quantization.group_size,
        "bits": quantization.bits,
        "mode": quantization.mode,
        **overrides,
    }
    return {"quantization": block, "quantization_config": block}
