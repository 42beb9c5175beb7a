"""A precision is what the tensors' headers say; config.json only decides what shapes leave open."""

from __future__ import annotations

from typing import Any

import pytest

from mtp_mlx.hub.packing import precision
from mtp_mlx.hub.weight_files import Tensor

WIDTH = 256
EMBEDDING, MLP, ROUTER = "model.embed_tokens", "model.layers.0.mlp.up_proj", "model.router"


def plain(dtype: str = "BF16", numbers: int = 1000) -> Tensor:
    return Tensor(dtype, (numbers,), 0, numbers * (4 if dtype == "F32" else 2))


def packed(
    path: str, bits: int, group: int, *, columns: int = WIDTH, rows: int = 100, scales: str = "BF16"
) -> dict[str, Tensor]:
    words, groups = columns * bits // 32, columns // group
    return {
        f"{path}.weight": Tensor("U32", (rows, words), 0, 4 * rows * words),
        f"{path}.scales": Tensor(scales, (rows, groups), 0, 2 * rows * groups),
        f"{path}.biases": Tensor(scales, (rows, groups), 0, 2 * rows * groups),
    }


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({}, None),
        ({"a": Tensor("I32", (4,), 0, 16)}, None),
        ({"a": plain()}, "bf16"),
        ({"a": plain("F16"), "b": plain("F32", 10)}, "fp16"),
        ({"a": plain("F32"), "b": plain()}, "fp32 and bf16"),
        (packed(EMBEDDING, 4, 64) | {"norm": plain()}, "4-bit"),
        (packed(EMBEDDING, 8, 32), "8-bit"),  # as many bits in a group as 4 bits by 64
        (packed(EMBEDDING, 4, 32), "4-bit"),
        (packed(EMBEDDING, 2, 64), "2-bit"),
        (packed(EMBEDDING, 6, 64), "6-bit"),
        (packed(EMBEDDING, 4, 64) | packed(MLP, 8, 64, rows=200), "8-bit and 4-bit"),
        (packed(EMBEDDING, 4, 64) | packed(ROUTER, 8, 64, rows=2), "4-bit"),
        (packed(EMBEDDING, 4, 32, scales="U8"), "mxfp4"),
        (packed(EMBEDDING, 8, 32, scales="U8"), "mxfp8"),
        (packed(EMBEDDING, 4, 16, scales="U8"), "nvfp4"),
        (packed(EMBEDDING, 3, 16, scales="U8"), "packed"),
        (packed(EMBEDDING, 4, 64) | {f"{EMBEDDING}.scales": Tensor("BF16", (), 0, 2)}, "packed"),
        (packed(MLP, 4, 64), "4-bit"),  # no embedding: MLX's own group size
    ],
)
def test_precision(tensors: dict[str, Tensor], words: str | None) -> None:
    assert precision({}, tensors, WIDTH) == words


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"group_size": 32, "bits": 8}, "8-bit"),
        ({"group_size": 32, "bits": 4}, "8-bit"),  # the bits follow from the group size
        ({"group_size": 64, MLP: {"group_size": 32}}, "8-bit"),
        ({"group_size": 7}, "4-bit"),
        ({"group_size": True, MLP: False}, "4-bit"),
        (None, "4-bit"),
    ],
)
def test_config_decides_what_shapes_leave_open(block: Any, words: str) -> None:
    assert precision({"quantization": block}, packed(MLP, 8, 32), WIDTH) == words
    text = {"text_config": {"quantization_config": block}}
    assert precision(text, packed(MLP, 8, 32), WIDTH) == words
    with_embedding = packed(MLP, 8, 32) | packed(EMBEDDING, 8, 32, rows=1000)
    assert precision({}, with_embedding, WIDTH) == "8-bit"
