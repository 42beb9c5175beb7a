"""The five pairs at their true sizes, spelt as the config.json of each target and drafter.

Pure: from these a pair of random weights is built at its real size, or a smaller one with fewer
target layers. Facts: the published configurations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mtp_mlx.errors import UsageError
from mtp_mlx.families.gemma4.config import (
    FULL,
    SLIDING,
    Config,
    DrafterConfig,
    TextConfig,
    drafter_config,
    target_config,
)

_VOCABULARY = 262_144
_DRAFTER_LAYERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A pair's configurations; the target may have fewer layers than the true one."""

    name: str  # as in the catalogue, such as "26B-A4B"
    true_layers: int
    target: TextConfig
    drafter: DrafterConfig

    @property
    def title(self) -> str:
        """Such as "31B", or "31B with 10 of 60 layers"."""
        kept = self.target.num_layers
        part = "" if kept == self.true_layers else f" with {kept} of {self.true_layers} layers"
        return self.name + part


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """A pair's two configurations, but for what follows from the number of target layers."""

    name: str
    family: str = "gemma4"
    layers: int
    period: int  # the last of so many layers sees everything, the others a window
    shared_layers: int = 0  # the last so many layers read the keys of earlier ones
    centroid_head: bool = False
    keys: Config  # of target and drafter, as both read the same keys and values
    target: Config
    drafter: Config


def shape(name: str, layers: int | None = None) -> Shape:
    """The pair called `name` (see `SHAPE_NAMES`), with all target layers or only `layers` of them.

    Kept are the last `layers`, so that sliding and full ones alternate as in the whole and end
    alike. As large a share of them as in the whole reads the keys of earlier layers, or as many as
    leave one sliding and one full layer with caches of their own, which a drafter needs. All else,
    the drafter included, is as in the whole.

    Raises UsageError for an unknown name or a number of layers that cannot be.
    """
    facts = _BY_NAME.get(name.lower())
    if facts is None:
        raise UsageError(f"There is no shape {name!r}.", f"Choose {', '.join(SHAPE_NAMES)}.")
    kept = facts.layers if layers is None else layers
    if not 2 <= kept <= facts.layers:
        raise UsageError(
            f"{facts.name} cannot have {kept} layers: it has {facts.layers}, and needs one sliding "
            "and one full layer.",
            f"Choose 2 to {facts.layers}.",
        )
    return Shape(
        name=facts.name,
        true_layers=facts.layers,
        target=target_config(_target(facts, kept)),
        drafter=drafter_config(_drafter(facts)),
    )


def _target(facts: _Facts, kept: int) -> Config:
    types = _layer_types(facts.layers, facts.period)[-kept:]
    share = round(kept * facts.shared_layers / facts.layers)
    owners = max(types.index(SLIDING), types.index(FULL)) + 1  # at the least
    text = {
        "num_hidden_layers": kept,
        "num_kv_shared_layers": min(share, kept - owners),
        "layer_types": types,
        "final_logit_softcapping": 30.0,
        "hidden_size_per_layer_input": 0,
        "vocab_size_per_layer_input": _VOCABULARY,
    }
    return {"model_type": facts.family, "text_config": {**text, **facts.keys, **facts.target}}


def _drafter(facts: _Facts) -> Config:
    text = {
        "num_hidden_layers": _DRAFTER_LAYERS,
        "layer_types": _layer_types(_DRAFTER_LAYERS, _DRAFTER_LAYERS),
        "final_logit_softcapping": None,
    }
    return {
        "model_type": f"{facts.family}_assistant",
        "backbone_hidden_size": facts.target["hidden_size"],
        "use_ordered_embeddings": facts.centroid_head,
        "num_centroids": 2048,
        "centroid_intermediate_top_k": 32,
        "text_config": {**text, **facts.keys, **facts.drafter},
    }


def _layer_types(layers: int, period: int) -> list[str]:
    return [SLIDING if (layer + 1) % period else FULL for layer in range(layers)]


def _keys(kv_heads: int, global_kv_heads: int | None, window: int, context: int) -> dict[str, Any]:
    return {
        "vocab_size": _VOCABULARY,
        "num_key_value_heads": kv_heads,
        "num_global_key_value_heads": global_kv_heads,
        "attention_k_eq_v": global_kv_heads is not None,
        "head_dim": 256,
        "global_head_dim": 512,
        "sliding_window": window,
        "max_position_embeddings": context,
    }


def _stack(hidden: int, ffn: int, heads: int) -> dict[str, Any]:
    return {"hidden_size": hidden, "intermediate_size": ffn, "num_attention_heads": heads}


_PER_LAYER_INPUTS = {"hidden_size_per_layer_input": 256}
_EXPERTS = {
    "enable_moe_block": True,
    "num_experts": 128,
    "top_k_experts": 8,
    "moe_intermediate_size": 704,
}
_SMALL_DRAFTER = _stack(256, 2048, 4)
_SMALL_CONTEXT, _LARGE_CONTEXT = 128 * 1024, 256 * 1024

_FACTS = (
    _Facts(
        name="E2B", layers=35, period=5, shared_layers=20, centroid_head=True,
        keys=_keys(1, None, window=512, context=_SMALL_CONTEXT),
        target=_stack(1536, 6144, 8) | _PER_LAYER_INPUTS | {"use_double_wide_mlp": True},
        drafter=_SMALL_DRAFTER,
    ),
    _Facts(
        name="E4B", layers=42, period=6, shared_layers=18, centroid_head=True,
        keys=_keys(2, None, window=512, context=_SMALL_CONTEXT),
        target=_stack(2560, 10240, 8) | _PER_LAYER_INPUTS,
        drafter=_SMALL_DRAFTER,
    ),
    _Facts(
        name="12B", family="gemma4_unified", layers=48, period=6,
        keys=_keys(8, 1, window=1024, context=_LARGE_CONTEXT),
        target=_stack(3840, 15360, 16),
        drafter=_stack(1024, 8192, 16),
    ),
    _Facts(
        name="26B-A4B", layers=30, period=6,
        keys=_keys(8, 2, window=1024, context=_LARGE_CONTEXT),
        target=_stack(2816, 2112, 16) | _EXPERTS,
        drafter=_stack(1024, 8192, 16),
    ),
    _Facts(
        name="31B", layers=60, period=6,
        keys=_keys(16, 4, window=1024, context=_LARGE_CONTEXT),
        target=_stack(5376, 21504, 32),
        drafter=_stack(1024, 8192, 32),
    ),
)  # fmt: skip

SHAPE_NAMES = ("e2b", "e4b", "12b", "26b", "31b")
_BY_NAME = dict(zip(SHAPE_NAMES, _FACTS, strict=True)) | {f.name.lower(): f for f in _FACTS}
