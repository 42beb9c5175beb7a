"""Quantising a network the way mlx-lm's own conversions do, and how that is called in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mlx.core as mx
from mlx import nn

from mtp_mlx.errors import UsageError

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
    """A checkpoint's `quantization` block as a reader wants it: "4-bit affine, group 64"."""
    mode = block.get("mode", "affine")
    return f"{block.get('bits')}-bit {mode}, group {block.get('group_size')}"


def dtype_words(dtype: mx.Dtype) -> str:
    """Such as "bfloat16"."""
    return str(dtype).removeprefix("mlx.core.")


def pack_head(drafter: Any, bits: int) -> None:
    """Quantise the head of a drafter, which is its embedding: most of a dense drafter's weight.

    Raises UsageError where that cannot be.
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
