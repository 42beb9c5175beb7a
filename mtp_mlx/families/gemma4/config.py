"""Published checkpoints spell config.json in several ways; all are read into one form. Pure.

Defaults are those of the reference (`transformers`, `models/gemma4`), not those of mlx-lm's own
dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mtp_mlx.errors import DamagedModel, UnsupportedModel
from mtp_mlx.files import brief

Config = Mapping[str, Any]

SLIDING, FULL = "sliding_attention", "full_attention"
TEXT_TYPES = ("gemma4_text", "gemma4_unified_text")
MULTIMODAL_TYPES = ("gemma4", "gemma4_unified")
DRAFTER_TYPES = ("gemma4_assistant", "gemma4_unified_assistant")

_ACTIVATIONS = ("gelu_pytorch_tanh", "gelu_new")  # two names of one function
_MOST_LAYERS = 1000
_MOST = 2**24  # of anything that is the size of a tensor
_LARGEST = 2**31 - 1  # tokens: more than any cache holds

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
        text = text_config(_section(config, "text_config"), unified=kind == "gemma4_unified")
        # The reference asks the outermost configuration alone, where absent means tied.
        tied = _flag(config, "tie_word_embeddings", default=True)
        return _with_owners(replace(text, tied=tied))
    if kind in TEXT_TYPES:
        return _with_owners(text_config(config, unified=kind == "gemma4_unified_text"))
    if kind in DRAFTER_TYPES:
        raise UnsupportedModel(
            "This is a drafter, which cannot run alone.", "Give it as the drafter of its target."
        )
    raise UnsupportedModel(
        f"The architecture {brief(repr(kind), 60)} is not Gemma 4.",
        "Choose a google/gemma-4 model or a copy.",
    )


def _with_owners(target: TextConfig) -> TextConfig:
    """Return `target`.

    Raises UnsupportedModel where a drafter could not read its cache, and DamagedModel where its
    heads cannot share the keys.
    """
    for layer_type in (SLIDING, FULL):
        target.owner(layer_type)
        kv_heads, _ = target.kv_shape(layer_type)
        if target.num_heads % kv_heads:
            raise _damaged(
                f"config.json has {target.num_heads} heads for {kv_heads} key heads, which cannot "
                "share them."
            )
    return target


def drafter_config(config: Config) -> DrafterConfig:
    """Read a drafter's config.json. Raises UnsupportedModel for anything but a Gemma 4 drafter."""
    if config.get("model_type") not in DRAFTER_TYPES:
        raise UnsupportedModel(
            f"The architecture {brief(repr(config.get('model_type')), 60)} is no Gemma 4 drafter.",
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
    if not _flag(config, "use_ordered_embeddings", default=False):
        return None
    count = _size(config, "num_centroids", 2048)
    top_k = _size(config, "centroid_intermediate_top_k", 32)
    if vocab_size % count or top_k > count:
        raise _damaged(f"config.json takes {top_k} of {count} clusters for {vocab_size} tokens.")
    return CentroidConfig(num_centroids=count, top_k=top_k)


def text_config(raw: Config, *, unified: bool) -> TextConfig:
    """Read a text section. In `unified` ones an absent size of per-layer inputs means none."""
    layers = _size(raw, "num_hidden_layers", 30, most=_MOST_LAYERS)
    layer_types = _layer_types(raw, layers)
    overrides = _full_layer_overrides(raw, layer_types)
    head_dim = _size(raw, "head_dim", 256)
    _check_activation(raw)
    return TextConfig(
        vocab_size=_size(raw, "vocab_size", 262_144),
        hidden_size=_size(raw, "hidden_size", 2304),
        num_layers=layers,
        layer_types=layer_types,
        intermediate_size=_size(raw, "intermediate_size", 9216),
        double_wide_mlp=_flag(raw, "use_double_wide_mlp", default=False),
        num_heads=_size(raw, "num_attention_heads", 8),
        num_kv_heads=_size(raw, "num_key_value_heads", 4),
        num_global_kv_heads=overrides.get("num_key_value_heads"),
        head_dim=head_dim,
        global_head_dim=overrides.get("head_dim") or head_dim,
        k_eq_v=_flag(raw, "attention_k_eq_v", default=False),
        num_kv_shared_layers=min(_number(raw, "num_kv_shared_layers", 0), layers),
        per_layer_input_size=_number(raw, "hidden_size_per_layer_input", 0 if unified else 256),
        per_layer_vocab_size=_number(raw, "vocab_size_per_layer_input", 0 if unified else 262_144),
        sliding_window=_positions(raw, "sliding_window", 512),
        rope_parameters=_rope(raw),
        rms_norm_eps=_real(raw, "rms_norm_eps", most=1) or 1e-6,
        softcap=_real(raw, "final_logit_softcapping"),
        max_positions=_positions(raw, "max_position_embeddings", 131_072),
        tied=_flag(raw, "tie_word_embeddings", default=True),
        experts=_experts(raw),
    )


def _check_activation(raw: Config) -> None:
    named = raw.get("hidden_activation")
    if named not in (None, *_ACTIVATIONS):
        raise UnsupportedModel(
            f"config.json asks for the activation {brief(repr(named), 40)}, which Gemma 4 does not "
            "have.",
            "Choose a google/gemma-4 model or a copy.",
        )


def _rope(raw: Config) -> Mapping[str, Any]:
    """The rotation of both types of layers; what it is made of must be numbers that can turn."""
    given = raw.get("rope_parameters") or _ROPE
    for layer_type in (SLIDING, FULL):
        one = given.get(layer_type, {})
        _real(one, "rope_theta")
        _real(one, "factor")
        share = _real(one, "partial_rotary_factor")
        if share is not None and share > 1:
            raise _damaged(f"config.json turns {share:g} of each head, which is more than all.")
    return given  # a mapping, or `get` would have failed


def _layer_types(raw: Config, layers: int) -> tuple[str, ...]:
    types = raw.get("layer_types")
    if types is None:
        types = [FULL if (i + 1) % 6 == 0 else SLIDING for i in range(layers)]
    if not isinstance(types, list) or not all(kind in (SLIDING, FULL) for kind in types):
        raise _damaged("config.json lists layer types that Gemma 4 does not have.")
    if len(types) != layers:
        raise _damaged(f"config.json lists {len(types)} layer types for {layers} layers.")
    return (*types[:-1], FULL)  # the reference makes the last layer full as well


def _full_layer_overrides(raw: Config, layer_types: tuple[str, ...]) -> Mapping[str, int]:
    """Return head_dim and num_key_value_heads of the full layers, from either spelling."""
    per_layer = raw.get("per_layer_config")
    if per_layer:
        first_full = str(layer_types.index(FULL))
        by_name = {str(index): values for index, values in per_layer.items()}
        own: Config = by_name.get(first_full) or {}
        spelled = {
            "head_dim": _number(own, "head_dim", 0),
            "num_key_value_heads": _number(own, "num_key_value_heads", 0),
        }
    else:
        spelled = {
            "head_dim": _number(raw, "global_head_dim", 512),
            "num_key_value_heads": _number(raw, "num_global_key_value_heads", 0),
        }
    return {name: value for name, value in spelled.items() if value}


def _experts(raw: Config) -> Experts | None:
    if not _flag(raw, "enable_moe_block", default=False):
        return None
    experts = Experts(
        count=_size(raw, "num_experts", 0),
        top_k=_size(raw, "top_k_experts", 0),
        intermediate_size=_size(raw, "moe_intermediate_size", 0),
    )
    if experts.top_k > experts.count:
        raise _damaged(f"config.json takes {experts.top_k} of {experts.count} experts.")
    return experts


def _section(config: Config, name: str) -> Config:
    section = config.get(name)
    if not isinstance(section, Mapping):
        raise _damaged(f"config.json has no {name}.")
    return section


def _damaged(what: str) -> DamagedModel:
    return DamagedModel(what, "Download the model again.")


def _flag(raw: Config, name: str, *, default: bool) -> bool:
    """Return a field that is true or false; null means absent. Raises DamagedModel."""
    value = raw.get(name)
    if value is not None and not isinstance(value, bool):
        raise _damaged(
            f"config.json says {name} is {brief(repr(value), 40)}, which is neither true nor false."
        )
    return default if value is None else value


def _real(raw: Config, name: str, most: float = 1e30) -> float | None:
    """Return a finite number above 0; None where it is absent. Raises DamagedModel."""
    value = raw.get(name)
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value < most:
        raise _damaged(f"config.json says {name} is {brief(repr(value), 40)}, which it cannot be.")
    return float(value)


def _positions(raw: Config, name: str, default: int) -> int:
    """Return a number of tokens, which no tensor has as its size. Raises DamagedModel."""
    return min(_size(raw, name, default, most=None), _LARGEST)


def _size(raw: Config, name: str, default: int, most: int | None = _MOST) -> int:
    """Return an integer field that must be above 0. Raises DamagedModel."""
    value = _number(raw, name, default, most)
    if value == 0:
        raise _damaged(f"config.json says {name} is 0.")
    return value


def _number(raw: Config, name: str, default: int, most: int | None = _MOST) -> int:
    """Return an integer field; null means absent. Raises DamagedModel."""
    value = raw.get(name)
    if value is None:
        return default
    words = brief(repr(value), 40) if not isinstance(value, int) or value < 10**30 else "so large"
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _damaged(f"config.json says {name} is {words}, which is no whole number.")
    if most is not None and value > most:
        raise _damaged(f"config.json says {name} is {words}, which is more than any model has.")
    return value
