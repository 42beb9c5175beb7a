"""Published checkpoints spell config.json in several ways; all are read into one form. Pure.

Defaults are those of the reference (`transformers`, `models/gemma4`), not those of mlx-lm's own
dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mtp_mlx.errors import DamagedModel, UnsupportedModel

Config = Mapping[str, Any]

SLIDING, FULL = "sliding_attention", "full_attention"
TEXT_TYPES = ("gemma4_text", "gemma4_unified_text")
MULTIMODAL_TYPES = ("gemma4", "gemma4_unified")
DRAFTER_TYPES = ("gemma4_assistant", "gemma4_unified_assistant")

_ROPE = {
    SLIDING: {"rope_type": "default", "rope_theta": 10_000.0},
    FULL: {"rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": 1_000_000.0},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextConfig:
    """One stack of Gemma 4 layers, a target's or a drafter's."""

    vocab_size: int
    hidden_size: int
    num_layers: int
    layer_types: tuple[str, ...]
    intermediate_size: int
    double_wide_mlp: bool
    num_heads: int
    num_kv_heads: int
    num_global_kv_heads: int | None
    head_dim: int
    global_head_dim: int
    k_eq_v: bool
    num_kv_shared_layers: int
    per_layer_input_size: int  # 0: none
    per_layer_vocab_size: int
    sliding_window: int
    rope_parameters: Mapping[str, Any]
    rms_norm_eps: float
    softcap: float | None
    max_positions: int
    tied: bool
    experts: Experts | None

    def kv_shape(self, layer_type: str) -> tuple[int, int]:
        """Return (kv heads, head dim) of the layers of this type."""
        if layer_type == SLIDING:
            return self.num_kv_heads, self.head_dim
        heads = self.num_global_kv_heads if self.k_eq_v else None
        return heads or self.num_kv_heads, self.global_head_dim

    @property
    def owners(self) -> int:
        """Return the number of layers that own a cache, which all layers behind them read."""
        return self.num_layers - self.num_kv_shared_layers

    def owner(self, layer_type: str) -> int:
        """Return the last layer of this type that owns a cache: the one a drafter reads."""
        owners = self.layer_types[: self.owners]
        if layer_type not in owners:
            raise UnsupportedModel(
                f"The target has no {layer_type.replace('_', ' ')} layer with a cache of its own.",
                "Use a Gemma 4 checkpoint.",
            )
        return len(owners) - 1 - owners[::-1].index(layer_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experts:
    """The mixture of experts beside the dense MLP of each layer (26B-A4B)."""

    count: int
    top_k: int
    intermediate_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CentroidConfig:
    """The drafter head that scores only the tokens of the best clusters (E2B, E4B)."""

    num_centroids: int
    top_k: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrafterConfig:
    text: TextConfig
    backbone_hidden_size: int
    centroids: CentroidConfig | None


def target_config(config: Config) -> TextConfig:
    """Read a target's config.json. Raises UnsupportedModel for anything but a Gemma 4 target."""
    kind = config.get("model_type")
    if kind in MULTIMODAL_TYPES:
        return _with_owners(
            text_config(_section(config, "text_config"), unified=kind == "gemma4_unified")
        )
    if kind in TEXT_TYPES:
        return _with_owners(text_config(config, unified=kind == "gemma4_unified_text"))
    if kind in DRAFTER_TYPES:
        raise UnsupportedModel(
            "This is a drafter, which cannot run alone.", "Give it as the drafter of its target."
        )
    raise UnsupportedModel(
        f"The architecture {kind!r} is not Gemma 4.", "Choose a google/gemma-4 model or a copy."
    )


def _with_owners(target: TextConfig) -> TextConfig:
    """Return `target`. Raises UnsupportedModel where a drafter could not read its cache."""
    for layer_type in (SLIDING, FULL):
        target.owner(layer_type)
    return target


def drafter_config(config: Config) -> DrafterConfig:
    """Read a drafter's config.json. Raises UnsupportedModel for anything but a Gemma 4 drafter."""
    if config.get("model_type") not in DRAFTER_TYPES:
        raise UnsupportedModel(
            f"The architecture {config.get('model_type')!r} is no Gemma 4 drafter.",
            "Choose the model whose name ends in -it-assistant.",
        )
    text = _section(config, "text_config")
    shared = {**text, "num_kv_shared_layers": _number(text, "num_hidden_layers", 0)}
    bare = {"hidden_size_per_layer_input": 0, "use_double_wide_mlp": False, **shared}
    stack = text_config(bare, unified=False)
    return DrafterConfig(
        text=stack,
        backbone_hidden_size=_number(config, "backbone_hidden_size", 1536),
        centroids=_centroids(config, stack.vocab_size),
    )


def _centroids(config: Config, vocab_size: int) -> CentroidConfig | None:
    if not config.get("use_ordered_embeddings"):
        return None
    count = _size(config, "num_centroids", 2048)
    top_k = _size(config, "centroid_intermediate_top_k", 32)
    if vocab_size % count or top_k > count:
        raise DamagedModel(
            f"config.json takes {top_k} of {count} clusters for {vocab_size} tokens.",
            "Download the model again.",
        )
    return CentroidConfig(num_centroids=count, top_k=top_k)


def text_config(raw: Config, *, unified: bool) -> TextConfig:
    """Read a text section. In `unified` ones an absent size of per-layer inputs means none."""
    layers = _size(raw, "num_hidden_layers", 30)
    layer_types = _layer_types(raw, layers)
    overrides = _full_layer_overrides(raw, layer_types)
    head_dim = _size(raw, "head_dim", 256)
    softcap = raw.get("final_logit_softcapping")
    return TextConfig(
        vocab_size=_size(raw, "vocab_size", 262_144),
        hidden_size=_size(raw, "hidden_size", 2304),
        num_layers=layers,
        layer_types=layer_types,
        intermediate_size=_size(raw, "intermediate_size", 9216),
        double_wide_mlp=bool(raw.get("use_double_wide_mlp", False)),
        num_heads=_size(raw, "num_attention_heads", 8),
        num_kv_heads=_size(raw, "num_key_value_heads", 4),
        num_global_kv_heads=overrides.get("num_key_value_heads"),
        head_dim=head_dim,
        global_head_dim=overrides.get("head_dim") or head_dim,
        k_eq_v=bool(raw.get("attention_k_eq_v", False)),
        num_kv_shared_layers=min(_number(raw, "num_kv_shared_layers", 0), layers),
        per_layer_input_size=_number(raw, "hidden_size_per_layer_input", 0 if unified else 256),
        per_layer_vocab_size=_number(raw, "vocab_size_per_layer_input", 0 if unified else 262_144),
        sliding_window=_size(raw, "sliding_window", 512),
        rope_parameters=raw.get("rope_parameters") or _ROPE,
        rms_norm_eps=float(raw.get("rms_norm_eps", 1e-6)),
        softcap=None if softcap is None else float(softcap),
        max_positions=_number(raw, "max_position_embeddings", 131_072),
        tied=bool(raw.get("tie_word_embeddings", True)),
        experts=_experts(raw),
    )


def _layer_types(raw: Config, layers: int) -> tuple[str, ...]:
    types = raw.get("layer_types")
    if types is None:
        types = [FULL if (i + 1) % 6 == 0 else SLIDING for i in range(layers)]
    if len(types) != layers or not set(types) <= {SLIDING, FULL}:
        raise DamagedModel(
            f"config.json lists {len(types)} layer types for {layers} layers.",
            "Download the model again.",
        )
    return (*types[:-1], FULL)  # the reference makes the last layer full as well


def _full_layer_overrides(raw: Config, layer_types: tuple[str, ...]) -> Mapping[str, int]:
    """Return head_dim and num_key_value_heads of the full layers, from either spelling."""
    per_layer = raw.get("per_layer_config")
    if per_layer:
        first_full = str(layer_types.index(FULL))
        by_name = {str(index): values for index, values in per_layer.items()}
        overrides: Mapping[str, int] = by_name.get(first_full, {})
        return overrides
    spelled = {
        "head_dim": _number(raw, "global_head_dim", 512),
        "num_key_value_heads": raw.get("num_global_key_value_heads"),
    }
    return {name: value for name, value in spelled.items() if value is not None}


def _experts(raw: Config) -> Experts | None:
    if not raw.get("enable_moe_block", False):
        return None
    return Experts(
        count=_number(raw, "num_experts", 0),
        top_k=_number(raw, "top_k_experts", 0),
        intermediate_size=_number(raw, "moe_intermediate_size", 0),
    )


def _section(config: Config, name: str) -> Config:
    section = config.get(name)
    if not isinstance(section, Mapping):
        raise DamagedModel(f"config.json has no {name}.", "Download the model again.")
    return section


def _size(raw: Config, name: str, default: int) -> int:
    """Return an integer field that must be above 0. Raises DamagedModel."""
    value = _number(raw, name, default)
    if value == 0:
        raise DamagedModel(f"config.json says {name} is 0.", "Download the model again.")
    return value


def _number(raw: Config, name: str, default: int) -> int:
    """Return an integer field; null means absent. Raises DamagedModel."""
    value = raw.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise DamagedModel(
            f"config.json says {name} is {value!r}, which is no whole number.",
            "Download the model again.",
        )
    return value
