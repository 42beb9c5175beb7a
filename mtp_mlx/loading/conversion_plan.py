"""What a conversion writes: each tensor's name, place in the source and packing, shard by shard.

Only headers are read. What the network makes of a tensor (drops it, or takes a stack of experts
apart) is asked of the network itself, with lazy zeros in the place of the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mlx.core as mx

from mtp_mlx.errors import UnsupportedModel, UsageError
from mtp_mlx.families import family_of
from mtp_mlx.families.base import Part, Recipe
from mtp_mlx.files import brief, made_of
from mtp_mlx.hub.packing import Packing, check_packing
from mtp_mlx.hub.weight_files import (
    ITEM_BYTES,
    SINGLE,
    Tensor,
    WeightFile,
    same_bytes,
)
from mtp_mlx.loading.checkpoint import Checkpoint
from mtp_mlx.loading.weights import MissingTensors, Weights, check_tensors, unlike

GROUPS: Mapping[int, int] = {4: 32, 8: 64}
"""The group size where nobody chooses: models trained for 4 bits were trained in blocks of 32."""

WIDE = Packing(8, 64)
"""How modules are packed that fewer bits would spoil."""

SHARD_BYTES = 10**9
"""Bytes of a file of weights, unless a single tensor has more: what a kill costs at the most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A tensor of a result's file."""

    name: str
    dtype: str  # as the format names it
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return math.prod(self.shape) * ITEM_BYTES[self.dtype]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A tensor of the result: the numbers that it is made of, and how they are stored.

    It is part number `part` of `parts` equal parts of the source's last axis but one.
    """

    name: str
    file: Path
    source: Tensor
    part: int = 0
    parts: int = 1
    packing: Packing | None = None  # None: the numbers stay as they are

    @property
    def shape(self) -> tuple[int, ...]:
        shape = self.source.shape
        return shape if self.parts == 1 else (*shape[:-2], shape[-2] // self.parts, shape[-1])

    @property
    def dtype(self) -> str:
        """Return the dtype of what is not packed, and of scales; float32 becomes bfloat16."""
        return "BF16" if self.source.dtype == "F32" else self.source.dtype

    @property
    def source_bytes(self) -> int:
        return (self.source.end - self.source.start) // self.parts

    @property
    def path(self) -> str:
        return self.name.removesuffix(".weight")

    def written(self) -> tuple[Written, ...]:
        """Return the tensors of the result's file, in their order."""
        if self.packing is None:
            return (Written(name=self.name, dtype=self.dtype, shape=self.shape),)
        *rows, columns = self.shape
        words = columns * self.packing.bits // 32
        groups = (*rows, columns // self.packing.group_size)
        return (
            Written(name=self.name, dtype="U32", shape=(*rows, words)),
            Written(name=f"{self.path}.scales", dtype=self.dtype, shape=groups),
            Written(name=f"{self.path}.biases", dtype=self.dtype, shape=groups),
        )

    @property
    def size(self) -> int:
        return sum(tensor.size for tensor in self.written())


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A file of the result."""

    name: str
    pieces: tuple[Piece, ...]

    @property
    def size(self) -> int:
        return sum(piece.size for piece in self.pieces)

    @property
    def source_bytes(self) -> int:
        return sum(piece.source_bytes for piece in self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A conversion, before anything is written."""

    part: Part
    bits: int
    group: int
    config: Mapping[str, Any]
    shards: tuple[Shard, ...]

    @property
    def size(self) -> int:
        return sum(shard.size for shard in self.shards)

    @property
    def source_bytes(self) -> int:
        return sum(shard.source_bytes for shard in self.shards)

    def index(self) -> Mapping[str, Any] | None:
        """Return the index of the weights; None where they lie in a single file."""
        if len(self.shards) == 1:
            return None
        places = {
            tensor.name: shard.name
            for shard in self.shards
            for piece in shard.pieces
            for tensor in piece.written()
        }
        return {"metadata": {"total_size": self.size}, "weight_map": dict(sorted(places.items()))}


def make_plan(checkpoint: Checkpoint, bits: int, group: int | None = None) -> Plan:
    """Return what a conversion of `checkpoint` writes.

    Raises UnsupportedModel where there is nothing to quantise, DamagedModel where tensors and
    config.json disagree.
    """
    name, tensors = checkpoint.name, checkpoint.tensors
    check_packing(checkpoint.config, tensors)
    _check_not_packed(name, tensors)
    family = family_of(checkpoint.config)
    recipe = made_of(lambda: family.recipe(checkpoint.config), name)
    places = {n: file for file in checkpoint.files for n in WeightFile(file).tensors}
    own = recipe.own_names(
        tensors, lambda a, b: same_bytes(places[a], tensors[a], places[b], tensors[b])
    )
    network = made_of(lambda: recipe.network(own.values()), name)
    pieces = [
        piece
        for source, target in own.items()
        for piece in _pieces(network, target, places[source], tensors[source])
    ]
    _check_whole(checkpoint, network, pieces)
    chosen = group or GROUPS[bits]
    packings = _packings(network, recipe, Packing(bits, chosen))
    _check_some_packed(name, pieces, packings)
    carried = [n for n in tensors if n not in own and recipe.carries(n)]
    packed = (_packed(piece, packings, recipe.prefix) for piece in pieces)
    untouched = (Piece(name=n, file=places[n], source=tensors[n]) for n in carried)
    block = _quantization(packings, recipe.prefix, Packing(bits, chosen))
    return Plan(
        part=recipe.part,
        bits=bits,
        group=chosen,
        config=_without_quantization(recipe.config(own.values())) | block,
        shards=_shards((*packed, *untouched)),
    )


def _check_not_packed(name: str, tensors: Mapping[str, Tensor]) -> None:
    packed = any(f"{path}.scales" in tensors for path in _paths(tensors))
    if packed:
        raise UnsupportedModel(
            f"{brief(name)} is quantised already.", "Convert the bf16 model that it was made of."
        )


def _paths(tensors: Iterable[str]) -> Iterator[str]:
    return (name.removesuffix(".weight") for name in tensors if name.endswith(".weight"))


def _pieces(network: Any, name: str, file: Path, tensor: Tensor) -> Iterator[Piece]:
    """Yield what the network makes of a tensor that is called `name` there."""
    made: Weights = network.sanitize({name: mx.zeros(tensor.shape, _stand_in(tensor))})
    for part, (own, array) in enumerate(made.items()):
        piece = Piece(name=own, file=file, source=tensor, part=part, parts=len(made))
        if array.shape != piece.shape:
            raise unlike(f"{name} has shape {tensor.shape}, which has no {len(made)} parts")
        yield piece


def _stand_in(tensor: Tensor) -> mx.Dtype:
    """Return a dtype of the same kind: ids may be of any width."""
    return mx.float32 if tensor.is_floating else mx.int32


def _check_whole(checkpoint: Checkpoint, network: Any, pieces: Sequence[Piece]) -> None:
    """Raise LoadError where the network lacks tensors, or has others."""
    zeros = {piece.name: mx.zeros(piece.shape, _stand_in(piece.source)) for piece in pieces}
    try:
        check_tensors(network, zeros)
    except MissingTensors as error:
        raise checkpoint.incomplete() or unlike(str(error)) from error


def _packings(network: Any, recipe: Recipe, usual: Packing) -> dict[str, Packing]:
    """Return how each module is packed that can be, by its path in the network."""
    return {
        path: packing
        for path, module in network.named_modules()
        if hasattr(module, "to_quantized")
        and (packing := _packing(module.weight.shape[-1], _wanted(recipe, path, usual)))
    }


def _wanted(recipe: Recipe, path: str, usual: Packing) -> Packing:
    return WIDE if recipe.needs_8_bits(path) else usual


def _packing(columns: int, wanted: Packing) -> Packing | None:
    """Return `wanted`, with the smaller group where only that divides the columns, or None."""
    for group in (wanted.group_size, min(GROUPS.values())):
        if columns % group == 0:
            return Packing(wanted.bits, group)
    return None


def _check_some_packed(name: str, pieces: Iterable[Piece], packings: Mapping[str, Packing]) -> None:
    quantised = [piece for piece in pieces if piece.path in packings]
    strange = next((piece for piece in quantised if not piece.source.is_floating), None)
    if strange is not None or not quantised:
        held = f"numbers of the type {strange.source.dtype}" if strange else "no matrix to quantise"
        raise UnsupportedModel(
            f"{brief(name)} holds {held}.", "Convert a model of bf16, fp16 or fp32 weights."
        )


def _packed(piece: Piece, packings: Mapping[str, Packing], prefix: str) -> Piece:
    return replace(piece, name=prefix + piece.name, packing=packings.get(piece.path))


def _quantization(
    packings: Mapping[str, Packing], prefix: str, usual: Packing
) -> dict[str, dict[str, Any]]:
    """Return config.json's block as mlx-lm reads it: what differs stands under its module."""
    others = {prefix + path: how for path, how in packings.items() if how != usual}
    block = _spelled(usual) | {path: _spelled(how) for path, how in others.items()}
    return {"quantization": block, "quantization_config": block}


def _spelled(how: Packing) -> dict[str, Any]:
    return {"group_size": how.group_size, "bits": how.bits, "mode": "affine"}


def _without_quantization(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration without blocks that another program left, at either level."""
    stale = ("quantization", "quantization_config")
    kept = {name: value for name, value in config.items() if name not in stale}
    text = kept.get("text_config")
    return kept | {"text_config": _without_quantization(text)} if isinstance(text, dict) else kept


def _shards(pieces: Iterable[Piece]) -> tuple[Shard, ...]:
    groups: list[list[Piece]] = []
    room = 0
    for piece in pieces:
        if not groups or piece.size > room:
            groups.append([])
            room = SHARD_BYTES
        groups[-1].append(piece)
        room -= piece.size
    count = len(groups)
    names = [f"model-{i:05}-of-{count:05}.safetensors" for i in range(1, count + 1)]
    return tuple(
        Shard(name=name, pieces=tuple(group))
        for name, group in zip([SINGLE] if count == 1 else names, groups, strict=True)
    )


def check_bits(bits: int, group: int | None) -> None:
    """Raise UsageError for a packing that conversions are not made in."""
    if bits not in GROUPS:
        raise UsageError(f"A conversion cannot have {bits} bits.", "Choose 4 or 8.")
    if group not in (None, 32, 64):
        raise UsageError(f"A conversion cannot have groups of {group}.", "Choose 32 or 64.")
