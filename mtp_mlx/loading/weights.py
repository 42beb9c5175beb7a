"""Fill a network with a checkpoint's tensors; quantise a network as mlx-lm's conversions do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx import nn
from mlx.utils import tree_flatten

from mtp_mlx.errors import DamagedModel, UnsupportedModel, UsageError
from mtp_mlx.files import brief
from mtp_mlx.hub.weight_files import Tensor

Weights = dict[str, mx.array]

_MODES = ("affine", "mxfp4", "mxfp8", "nvfp4")
_UNSUPPORTED = "Use an affine, mxfp4, mxfp8 or nvfp4 conversion."
_BY_SHAPE = {(4, 16): "nvfp4", (4, 32): "mxfp4", (8, 32): "mxfp8"}
"""The mode of a module whose scales are bytes, by its bits and group size."""
_OF_OTHERS = {
    ".qweight": "GPTQ or AWQ",
    ".weight_packed": "compressed-tensors",
    ".weight_scale_inv": "fp8",
    ".absmax": "bitsandbytes",
}
"""How tensors are called that other programs pack, where config.json does not name the program."""


def check_packing(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Raise UnsupportedModel where config.json or the tensors name a packing that MLX does not run.

    A block of MLX's own may stand in several places and say as little as it likes: how a module is
    packed follows from its tensors. One that names another program counts unless the tensors are
    packed as MLX packs them, for a converter may leave it behind.
    """
    is_packed = any(
        name.endswith(".scales") and _is_packed(tensors, name.removesuffix("scales") + "weight")
        for name in tensors
    )
    for block in _blocks(config):
        method = block.get("quant_method") if isinstance(block, Mapping) else None
        if isinstance(method, str) and method not in ("mlx", *_MODES):
            if is_packed:
                continue
            raise _packed_by(brief(method, 40))
        if not isinstance(block, Mapping) or not _makes_sense(block):
            raise _unsupported(block)
    for ending, program in _OF_OTHERS.items():
        if not is_packed and any(name.endswith(ending) for name in tensors):
            raise _packed_by(program)


def _packed_by(program: str) -> UnsupportedModel:
    return UnsupportedModel(
        f"The weights are packed by {program}, which MLX does not run.",
        "Choose a conversion of the same model, such as those of mlx-community.",
    )


def _is_packed(tensors: Mapping[str, Tensor], name: str) -> bool:
    return name in tensors and tensors[name].dtype == "U32"


def _blocks(config: Mapping[str, Any]) -> Iterator[Any]:
    text = config.get("text_config")
    for section in (config, text if isinstance(text, Mapping) else {}):
        for key in ("quantization", "quantization_config"):
            if section.get(key) not in (None, False):
                yield section[key]


def _makes_sense(block: Mapping[str, Any]) -> bool:
    numbers = [block.get(name) for name in ("bits", "group_size")]
    return block.get("mode") in (None, *_MODES) and all(
        n is None or (isinstance(n, int) and not isinstance(n, bool) and n > 0) for n in numbers
    )


def _unsupported(block: object) -> UnsupportedModel:
    if isinstance(block, Mapping):
        block = {name: block.get(name) for name in ("mode", "bits", "group_size")}
    return UnsupportedModel(
        f"The quantisation {brief(repr(block), 100)} is not supported.", _UNSUPPORTED
    )


def fill(network: Any, weights: Weights) -> None:
    """Put `weights`, named as in `network`, into it; quantise the modules that came quantised.

    Raises MissingTensors; DamagedModel where a tensor is superfluous or of another shape or kind;
    UnsupportedModel for a packing that MLX does not have.
    """
    weights = network.sanitize(weights)
    _quantize(network, weights)
    _check(network, weights)
    network.load_weights(list(weights.items()), strict=True)


def _quantize(network: Any, weights: Weights) -> None:
    """Quantise each module as the shapes of its tensors say."""

    def packing(path: str, module: nn.Module) -> bool | dict[str, Any]:
        if not hasattr(module, "to_quantized") or f"{path}.scales" not in weights:
            return False
        how = _packing(path, module.weight.shape, weights)
        scaled: dict[str, Any] = {"global_scale": True}
        return how | scaled if f"{path}.global_scale" in weights else how

    try:
        nn.quantize(network, class_predicate=packing)
    except (ValueError, TypeError, RuntimeError) as error:
        raise UnsupportedModel(
            f"The weights are packed in a way that MLX does not have: {brief(error)}.", _UNSUPPORTED
        ) from error


def _packing(path: str, shape: tuple[int, ...], weights: Weights) -> dict[str, Any]:
    """Return how a module of this shape is packed, by its columns and those of its scales."""
    scales, weight = weights[f"{path}.scales"], weights.get(f"{path}.weight")
    inputs = shape[-1]
    if weight is None or not scales.ndim or not weight.ndim:
        raise unlike(f"{path} has scales and no packed weight")
    groups, words = scales.shape[-1], weight.shape[-1]
    if not groups or inputs % groups or not words or words * 32 % inputs:
        raise unlike(f"{path} has {words} packed columns and {groups} scales for {inputs} inputs")
    how = {"group_size": inputs // groups, "bits": words * 32 // inputs}
    mode = "affine"
    if scales.dtype == mx.uint8:
        found = _BY_SHAPE.get((how["bits"], how["group_size"]))
        if found is None:
            raise _unsupported(how)
        mode = found
    return {**how, "mode": mode}


def _check(network: Any, weights: Weights) -> None:
    expected = dict(tree_flatten(network.parameters()))
    missing = sorted(expected.keys() - weights.keys())
    unknown = sorted(weights.keys() - expected.keys())
    if missing:
        raise MissingTensors(f"{len(missing)} tensors are missing, such as {brief(missing[0])}")
    if unknown:
        raise unlike(f"{len(unknown)} tensors belong to no layer, such as {brief(unknown[0])}")
    for name in sorted(expected):
        wanted, got = expected[name], weights[name]
        if wanted.shape != got.shape:
            raise unlike(f"{name} has shape {got.shape} where {wanted.shape} belongs")
        if _kind(wanted) != _kind(got):
            raise unlike(f"{name} is of {dtype_words(got.dtype)}, which cannot be its type")


def _kind(array: mx.array) -> mx.Dtype | mx.DtypeCategory:
    """Numbers with a point may be of any width; packed ones and token ids may not."""
    return mx.floating if mx.issubdtype(array.dtype, mx.floating) else array.dtype


class MissingTensors(Exception):
    """Tensors that config.json asks for and no file holds; the loader knows why."""


def unlike(what: str) -> DamagedModel:
    return DamagedModel(f"The weights do not match config.json: {what}.", "Download it again.")


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


def precision_words(network: Any) -> str:
    """Return how a network is stored: "4-bit affine, group 64", or a dtype where nothing is packed.

    Of several packings or dtypes the one that holds most bytes.
    """
    packed: Counter[str] = Counter()
    plain: Counter[str] = Counter()
    for _, module in network.named_modules():
        own = [value for value in module.values() if isinstance(value, mx.array)]
        if "scales" in module:
            words = f"{module.bits}-bit {module.mode}, group {module.group_size}"
            packed[words] += sum(array.nbytes for array in own)
            continue
        for array in own:
            if mx.issubdtype(array.dtype, mx.floating):
                plain[dtype_words(array.dtype)] += array.nbytes
    return (packed or plain).most_common(1)[0][0]


PART = 2**28  # bytes evaluated at a time


def in_parts(network: Any) -> Iterator[list[mx.array]]:
    """Yield a network's tensors a part at a time.

    A converted tensor holds its source until it is evaluated, and a device that is given all at
    once may read all sources first.
    """
    part: list[mx.array] = []
    for _, array in tree_flatten(network.parameters()):
        part.append(array)
        if sum(a.nbytes for a in part) >= PART:
            yield part
            part = []
    yield part


def first_not_finite(files: Iterable[Path]) -> str | None:
    """Return the first tensor that holds a number which is not finite, and its file; else None."""
    for file in files:
        tensors = mx.load(str(file))
        assert isinstance(tensors, dict)
        for name, array in tensors.items():
            floating = mx.issubdtype(array.dtype, mx.floating)
            if floating and not mx.isfinite(array).all().item():
                return f"{brief(name, 80)} in {brief(file.name, 60)}"
    return None


def computing_dtype(network: Any) -> str:
    """Return the dtype of a network's activations: that of its norms, which are never packed."""
    return dtype_words(network.model.norm.weight.dtype)


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
