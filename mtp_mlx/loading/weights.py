"""Fill a network with a checkpoint's tensors; quantise a network as mlx-lm's conversions do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mlx.core as mx
from mlx import nn
from mlx.utils import tree_flatten

from mtp_mlx.errors import DamagedModel, UnsupportedModel, UsageError

Weights = dict[str, mx.array]

_MODES = "Use an affine, mxfp4, mxfp8 or nvfp4 conversion."


def packing(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the `quantization` block of an MLX checkpoint's config.json; None without one.

    Raises UnsupportedModel for weights that another program quantised.
    """
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
    network: Any,
    weights: Weights,
    quantization: Mapping[str, Any] | None,
    module_name: Callable[[str], str],
) -> None:
    """Put `weights`, named as in `network`, into it; quantise modules whose weights are quantised.

    `module_name` translates the checkpoint's name of a module into the network's. Raises
    DamagedModel where a tensor is missing, superfluous or of another shape.
    """
    weights = network.sanitize(weights)
    if quantization is not None:
        _quantize(network, weights, quantization, module_name)
    _check(network, weights)
    network.load_weights(list(weights.items()), strict=True)


def _quantize(
    network: Any,
    weights: Weights,
    quantization: Mapping[str, Any],
    module_name: Callable[[str], str],
) -> None:
    overrides = {
        module_name(path): value
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
        named = {name: quantization.get(name) for name in ("mode", "bits", "group_size")}
        raise UnsupportedModel(f"The quantisation {named} is not supported.", _MODES) from error


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


def _differ(expected: Weights, weights: Weights, name: str) -> bool:
    return bool(expected[name].shape != weights[name].shape)


def _refuse(what: str) -> None:
    raise DamagedModel(f"The weights do not match config.json: {what}.", "Download it again.")


HEAD_BITS = (4, 8)
GROUP_SIZE = 64  # numbers that share a scale, as in mlx-community's conversions

Rule = Callable[[str, nn.Module], bool | dict[str, Any]]


def pack(network: Any, bits: int, rule: Rule = lambda _path, _module: True) -> None:
    """Quantise (affine) every linear layer and embedding whose rows divide into groups.

    `rule` takes a module's path and answers as mlx-lm's `quant_predicate` does: whether to
    quantise it, or with which parameters of its own. Lazy: nothing is computed yet.
    """

    def chosen(path: str, module: nn.Module) -> bool | dict[str, Any]:
        if not hasattr(module, "to_quantized") or module.weight.shape[-1] % GROUP_SIZE:
            return False
        return rule(path, module)

    nn.quantize(network, group_size=GROUP_SIZE, bits=bits, class_predicate=chosen)


def packing_words(block: Mapping[str, Any]) -> str:
    """Return a checkpoint's `quantization` block in words: "4-bit affine, group 64"."""
    mode = block.get("mode", "affine")
    return f"{block.get('bits')}-bit {mode}, group {block.get('group_size')}"


def dtype_words(dtype: mx.Dtype) -> str:
    """Return the name of `dtype`, such as "bfloat16"."""
    return str(dtype).removeprefix("mlx.core.")


def pack_head(drafter: Any, bits: int) -> None:
    """Quantise the head of a drafter: its embedding, most of the weights of a dense drafter.

    Raises UsageError where `bits` or the embedding do not allow it.
    """
    embedding = drafter.model.embed_tokens
    if bits not in HEAD_BITS:
        raise UsageError(f"A drafter's head cannot have {bits} bits.", "Choose 4 or 8.")
    if not hasattr(embedding, "to_quantized"):
        raise UsageError("The drafter's head is quantised already.", "Leave --drafter-bits out.")
    if embedding.weight.shape[-1] % GROUP_SIZE:
        raise UsageError(
            f"Rows of {embedding.weight.shape[-1]} do not divide into groups of {GROUP_SIZE}.",
            "Leave --drafter-bits out.",
        )
    pack(drafter, bits, lambda path, _module: path == "model.embed_tokens")
    mx.eval(drafter.parameters())
