"""Quantising a network the way mlx-lm's own conversions do, and how that is called in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mlx.core as mx
from mlx import nn

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
    """A checkpoint's `quantization` block as a reader wants it: "4-bit affine, group 64"."""
    mode = block.get("mode", "affine")
    return f"{block.get('bits')}-bit {mode}, group {block.get('group_size')}"


def dtype_words(dtype: mx.Dtype) -> str:
    """Such as "bfloat16"."""
    return str(dtype).removeprefix("mlx.core.")
