"""Writes miniature pairs to disk, in every spelling that must load.

pair = write_pair(tmp_path, E2B, spelling=Spelling(keys="multimodal"))
load_pair(Load(target=str(pair.target), drafter=str(pair.drafter)), ...)
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from tests.support.configs import Config
from tests.support.shapes import WINDOW, Shape
from tests.support.spelling import (
    Quantization,
    Spelling,
    quantization_block,
    spelled_drafter_config,
    spelled_drafter_weights,
    spelled_target_config,
    spelled_target_weights,
)
from tests.support.weights import Weights

PLAIN = Spelling()
_DTYPES = {"float32": mx.float32, "bfloat16": mx.bfloat16, "float16": mx.float16}

Tensors = dict[str, mx.array]


@dataclass(frozen=True, slots=True)
class PairFolders:
    target: Path
    drafter: Path


def write_pair(
    folder: Path,
    shape: Shape,
    *,
    spelling: Spelling = PLAIN,
    window: int = WINDOW,
    rounded: bool = False,
) -> PairFolders:
    """Write `folder`/target and `folder`/drafter.

    With `rounded`, the values are those that `spelling`'s dtype or packing would leave, yet stored
    as plain float32: what a pair in that spelling must compute with.
    """
    folders = PairFolders(folder / "target", folder / "drafter")
    write_checkpoint(
        folders.target,
        spelled_target_config(shape, spelling, window=window),
        spelled_target_weights(shape, spelling),
        spelling=spelling,
        rounded=rounded,
    )
    write_checkpoint(
        folders.drafter,
        spelled_drafter_config(shape, spelling, window=window),
        spelled_drafter_weights(shape, spelling),
        spelling=spelling,
        rounded=rounded,
    )
    return folders


def write_checkpoint(
    folder: Path, config: Config, weights: Weights, *, spelling: Spelling, rounded: bool
) -> None:
    dtype = _DTYPES[spelling.dtype]
    tensors = {name: _stored(value, dtype) for name, value in weights.items()}
    if spelling.quantization is not None:
        tensors, overrides = _packed(tensors, spelling.quantization, unpack=rounded)
        if not rounded:
            config = config | quantization_block(spelling.quantization, overrides)
    if rounded:
        tensors = {name: _as_float32(value) for name, value in tensors.items()}
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    _write_shards(folder, tensors, 1 if rounded else spelling.shards)


def _stored(value: Any, dtype: mx.Dtype) -> mx.array:
    """Floating-point values in the checkpoint's dtype, token ids as they are."""
    array = mx.array(value)
    return array.astype(dtype) if np.issubdtype(value.dtype, np.floating) else array


def _as_float32(value: mx.array) -> mx.array:
    return value.astype(mx.float32) if mx.issubdtype(value.dtype, mx.floating) else value


def _packed(
    tensors: Tensors, quantization: Quantization, *, unpack: bool
) -> tuple[Tensors, Config]:
    """Every matrix whose rows divide into groups, packed, with the overrides to note for it."""
    packed: Tensors = {}
    overrides: Config = {}
    for name, value in tensors.items():
        if value.ndim < 2 or not name.endswith(".weight"):
            packed[name] = value
            continue
        path = name.removesuffix(".weight")
        chosen = quantization
        if quantization.plain is not None and quantization.plain in path:
            overrides[path] = False
            packed[name] = value
            continue
        if quantization.wide is not None and quantization.wide in path:
            chosen = replace(quantization, mode="affine", bits=8)
            overrides[path] = {"group_size": chosen.group_size, "bits": 8, "mode": "affine"}
        if value.shape[-1] % chosen.group_size:
            packed[name] = value
        elif unpack:
            packed[name] = _repacked(value, chosen)
        else:
            packed |= _pack(path, value, chosen)
    return packed, overrides


def _pack(path: str, value: mx.array, how: Quantization) -> Tensors:
    parts = mx.quantize(value, how.group_size, how.bits, mode=how.mode)
    return {
        f"{path}.{part}": array
        for part, array in zip(("weight", "scales", "biases"), parts, strict=False)
    }


def _repacked(value: mx.array, how: Quantization) -> mx.array:
    parts = mx.quantize(value, how.group_size, how.bits, mode=how.mode)
    return mx.dequantize(
        *parts, group_size=how.group_size, bits=how.bits, mode=how.mode, dtype=value.dtype
    )


def _write_shards(folder: Path, tensors: Tensors, shards: int) -> None:
    if shards == 1:
        mx.save_safetensors(str(folder / "model.safetensors"), tensors, {"format": "mlx"})
        return
    files = [f"model-{n:05}-of-{shards:05}.safetensors" for n in range(1, shards + 1)]
    places = {name: files[i % shards] for i, name in enumerate(tensors)}
    for file in files:
        part = {name: value for name, value in tensors.items() if places[name] == file}
        mx.save_safetensors(str(folder / file), part, {"format": "mlx"})
    index = {
        "metadata": {"total_size": sum(value.nbytes for value in tensors.values())},
        "weight_map": places,
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))
