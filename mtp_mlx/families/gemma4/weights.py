"""From checkpoint tensors to networks: names, quantisation, completeness."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import mlx.core as mx
from mlx import nn
from mlx.utils import tree_flatten

from mtp_mlx.errors import DamagedModel, UnsupportedModel

Weights = dict[str, mx.array]

_MODES = "Use an affine, mxfp4, mxfp8 or nvfp4 conversion."
_PREFIX = re.compile(r"^(?:model\.)?language_model\.(?:model\.)?")
_OTHER_SENSES = re.compile(
    r"^(?:model\.)?(?:vision_|audio_|embed_vision|embed_audio|multi_modal_projector)"
)


def text_names(weights: Weights) -> Weights:
    """The language model's tensors under the names of a text-only checkpoint (`model.*`)."""
    kept = {name: w for name, w in weights.items() if not _OTHER_SENSES.match(name)}
    return {text_name(name): w for name, w in kept.items()}


def text_name(name: str) -> str:
    """A tensor's or module's name without the wrappers of a multimodal checkpoint."""
    head = name.find("lm_head")
    return name[head:] if head >= 0 else _PREFIX.sub("model.", name)


def packing(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The `quantization` block of an MLX checkpoint; raises UnsupportedModel for other packings."""
    block = config.get("quantization")
    if isinstance(block, Mapping):
        return block
    if block is not None:
        raise UnsupportedModel(f"The quantisation {block!r} is not supported.", _MODES)
    other = config.get("quantization_config")
    method = other.get("quant_method") if isinstance(other, Mapping) else None
    if method is not None:
        raise UnsupportedModel(
            f"The weights are packed by {method}, which MLX does not run.",
            "Choose a conversion of the same model, such as those of mlx-community.",
        )
    return None


def fill(
    network: Any, weights: Weights, quantization: Mapping[str, Any] | None, *, tied: bool
) -> None:
    """Put `weights` into `network`, quantising the modules that came quantised.

    Raises DamagedModel where a tensor is missing, superfluous or of another shape.
    """
    weights = network.sanitize(weights)
    if tied:
        weights = {name: w for name, w in weights.items() if not name.startswith("lm_head.")}
    ordering = "masked_embedding.token_ordering"
    if ordering in weights:
        weights[ordering] = weights[ordering].astype(mx.int32)
    if quantization is not None:
        _quantize(network, weights, quantization)
    _check(network, weights)
    if ordering in weights:
        _check_ordering(ordering, weights[ordering])
    network.load_weights(list(weights.items()), strict=True)


def _quantize(network: Any, weights: Weights, quantization: Mapping[str, Any]) -> None:
    overrides = {
        text_name(path): value
        for path, value in quantization.items()
        if isinstance(value, Mapping | bool)
    }

    def predicate(path: str, module: nn.Module) -> Any:
        if not hasattr(module, "to_quantized") or f"{path}.scales" not in weights:
            return False
        return overrides.get(path, True)

    try:
        nn.quantize(
            network,
            group_size=quantization.get("group_size"),
            bits=quantization.get("bits"),
            mode=quantization.get("mode", "affine"),
            class_predicate=predicate,
        )
    except (ValueError, TypeError) as error:
        told = {name: quantization.get(name) for name in ("mode", "bits", "group_size")}
        raise UnsupportedModel(f"The quantisation {told} is not supported.", _MODES) from error


def _check(network: Any, weights: Weights) -> None:
    expected = dict(tree_flatten(network.parameters()))
    missing = sorted(expected.keys() - weights.keys())
    unknown = sorted(weights.keys() - expected.keys())
    wrong = [name for name in expected.keys() & weights.keys() if _differ(expected, weights, name)]
    if missing:
        _refuse(f"{len(missing)} tensors are missing, such as {missing[0]}")
    if unknown:
        _refuse(f"{len(unknown)} tensors belong to no layer, such as {unknown[0]}")
    if wrong:
        name = min(wrong)
        _refuse(f"{name} has shape {weights[name].shape} where {expected[name].shape} belongs")


def _check_ordering(name: str, ordering: mx.array) -> None:
    """Gathering rows that are not there would read memory that is not ours."""
    if not mx.array_equal(mx.sort(ordering), mx.arange(ordering.size)).item():
        _refuse(f"{name} does not list every token once")


def _differ(expected: Weights, weights: Weights, name: str) -> bool:
    return bool(expected[name].shape != weights[name].shape)


def _refuse(what: str) -> None:
    raise DamagedModel(f"The weights do not match config.json: {what}.", "Download it again.")
