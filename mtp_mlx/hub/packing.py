"""How a checkpoint's tensors are packed, as headers and config.json say. No MLX is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mtp_mlx.errors import UnsupportedModel
from mtp_mlx.files import brief
from mtp_mlx.hub.weight_files import Tensor

MODES = ("affine", "mxfp4", "mxfp8", "nvfp4")
REMEDY = "Use an affine, mxfp4, mxfp8 or nvfp4 conversion."


@dataclass(frozen=True, slots=True)
class Packing:
    """How the numbers of a packed tensor are stored."""

    bits: int
    group_size: int  # numbers that share a scale


BYTE_SCALES = {Packing(4, 16): "nvfp4", Packing(4, 32): "mxfp4", Packing(8, 32): "mxfp8"}
"""The mode of a module whose scales are bytes, by its packing; with other scales it is affine."""

_OF_OTHERS = {
    ".qweight": "GPTQ or AWQ",
    ".weight_packed": "compressed-tensors",
    ".weight_scale_inv": "fp8",
    ".absmax": "bitsandbytes",
}
"""How tensors are called that other programs pack, where config.json does not name the program."""

_WIDTHS = (2, 3, 4, 5, 6, 8)  # bits of MLX's affine packings
_GROUPS = (64, 32, 128, 16)  # MLX's own default first
_NAMES = {"BF16": "bf16", "F16": "fp16", "F32": "fp32"}
_LEAST_SHARE = 0.1
"""The share of the bytes from which a precision counts: a router or a few norms say nothing."""

Tensors = Mapping[str, Tensor]


def check_packing(config: Mapping[str, Any], tensors: Tensors) -> None:
    """Raise UnsupportedModel where config.json or the tensors name a packing that MLX does not run.

    A block of MLX's own may stand in several places and say as little as it likes: how a module is
    packed follows from its tensors. One that names another program counts unless the tensors are
    packed as MLX packs them, for a converter may leave it behind.
    """
    is_packed = any(True for _ in _packed_modules(tensors))
    for block in _blocks(config):
        method = block.get("quant_method") if isinstance(block, Mapping) else None
        if isinstance(method, str) and method not in ("mlx", *MODES):
            if is_packed:
                continue
            raise _packed_by(brief(method, 40))
        if not isinstance(block, Mapping) or not _makes_sense(block):
            raise unsupported_packing(block)
    for ending, program in _OF_OTHERS.items():
        if not is_packed and any(name.endswith(ending) for name in tensors):
            raise _packed_by(program)


def _packed_by(program: str) -> UnsupportedModel:
    return UnsupportedModel(
        f"The weights are packed by {program}, which MLX does not run.",
        "Choose a conversion of the same model, such as those of mlx-community.",
    )


def unsupported_packing(block: object) -> UnsupportedModel:
    """Return the error for a packing that MLX does not have."""
    if isinstance(block, Mapping):
        block = {name: block.get(name) for name in ("mode", "bits", "group_size")}
    return UnsupportedModel(f"The quantisation {brief(repr(block), 100)} is not supported.", REMEDY)


def _packed_modules(tensors: Tensors) -> Iterator[str]:
    """Yield the path of each module that has packed weights and their scales."""
    for name in tensors:
        path = name.removesuffix(".scales")
        weight = tensors.get(f"{path}.weight")
        if path != name and weight is not None and weight.dtype == "U32":
            yield path


def _blocks(config: Mapping[str, Any]) -> Iterator[Any]:
    text = config.get("text_config")
    for section in (config, text if isinstance(text, Mapping) else {}):
        for key in ("quantization", "quantization_config"):
            if section.get(key) not in (None, False):
                yield section[key]


def _makes_sense(block: Mapping[str, Any]) -> bool:
    numbers = [block.get(name) for name in ("bits", "group_size")]
    return block.get("mode") in (None, *MODES) and all(
        n is None or (isinstance(n, int) and not isinstance(n, bool) and n > 0) for n in numbers
    )


def precision(config: Mapping[str, Any], tensors: Tensors, width: int) -> str | None:
    """Return how most numbers are stored, such as "4-bit", "8-bit and 4-bit", "mxfp4" or "bf16".

    What holds most bytes comes first, and what holds less than a tenth is not named. Where some
    modules are packed, the others (norms, a vision tower) do not count. `width` is the number of
    columns of the embedding. None where there is no number.
    """
    packed: Counter[str] = Counter()
    group_size = _group_size(config, tensors, width)
    for path in _packed_modules(tensors):
        parts = [tensors.get(f"{path}.{part}") for part in ("weight", "scales", "biases")]
        packed[_words(config, tensors, path, group_size)] += sum(map(_bytes, filter(None, parts)))
    plain: Counter[str] = Counter()
    for tensor in tensors.values():
        if tensor.is_floating:
            plain[_NAMES[tensor.dtype]] += _bytes(tensor)
    sizes = packed or plain
    least = _LEAST_SHARE * sizes.total()
    return " and ".join(name for name, size in sizes.most_common() if size >= least) or None


def _bytes(tensor: Tensor) -> int:
    return tensor.end - tensor.start


def _words(config: Mapping[str, Any], tensors: Tensors, path: str, group_size: int | None) -> str:
    """Return the packing of a module in words.

    A row of packed columns and scales tells the product of bits and group size, not each of them.
    """
    product = _product(tensors, path)
    if tensors[f"{path}.scales"].dtype == "U8":
        modes = {how.bits * how.group_size: mode for how, mode in BYTE_SCALES.items()}
        return modes.get(product, "packed")
    blocks = (block for block in _blocks(config) if isinstance(block, Mapping))
    own = (_number(block.get(path), "group_size") for block in blocks)
    for size in (*own, group_size, *_GROUPS):
        if size and product % size == 0 and product // size in _WIDTHS:
            return f"{product // size}-bit"
    return "packed"


def _product(tensors: Tensors, path: str) -> int:
    """Return bits times group size of a packed module; 0 where its shapes make no sense."""
    words, groups = (tensors[f"{path}.{part}"].shape[-1:] for part in ("weight", "scales"))
    if not words or not groups or not groups[0] or 32 * words[0] % groups[0]:
        return 0
    return 32 * words[0] // groups[0]


def _group_size(config: Mapping[str, Any], tensors: Tensors, width: int) -> int | None:
    """Return the group size of the embedding, whose columns are known, else what is declared."""
    for path in _packed_modules(tensors):
        groups = tensors[f"{path}.scales"].shape[-1:]
        if path.endswith("embed_tokens") and groups and groups[0] and width % groups[0] == 0:
            return width // groups[0]
    return next(filter(None, (_number(block, "group_size") for block in _blocks(config))), None)


def _number(block: object, name: str) -> int | None:
    value = block.get(name) if isinstance(block, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
