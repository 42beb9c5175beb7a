"""Every spelling of a checkpoint computes the same: against the goldens where no value changes,
else against a plain float32 pair that holds the values the dtype or the packing leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from mtp_mlx.api import Dtype
from tests.support.boards import chessboard
from tests.support.golden import GoldenRound, golden
from tests.support.pairs import Floats, Pair, forward, load, logits, rounds
from tests.support.replies import PROMPT
from tests.support.shapes import SHAPES, SHORT, SHORT_26B, SHORT_E2B, SHORT_E4B, Shape
from tests.support.spelling import Keys, Quantization, Spelling

TOLERANCE = 1e-3  # as in test_golden.py

SAME_VALUES = {
    "text-only, new configuration": Spelling(per_layer_config=True, drafter_shared_layers=None),
    "text-only, strays, sharded": Spelling(strays=True, shards=3, drafter_shared_layers=0),
    "multimodal": Spelling(keys="multimodal", strays=True),
    "multimodal, new configuration": Spelling(
        keys="multimodal", per_layer_config=True, shards=2, drafter_shared_layers=None
    ),
    "mlx-community": Spelling(keys="mlx", strays=True, shards=2),
}

QUANTIZED = {
    "4 bit": Quantization(bits=4),
    "8 bit": Quantization(bits=8),
    "4 bit, group 64": Quantization(bits=4, group_size=64),
    "4 bit, some 8": Quantization(bits=4, wide="down_proj", plain="o_proj"),
    "mxfp4": Quantization(mode="mxfp4", bits=4),
    "mxfp4, router 8": Quantization(mode="mxfp4", bits=4, wide="router.proj"),
    "nvfp4": Quantization(mode="nvfp4", bits=4, group_size=16),
}


COUNT = 4  # rounds

# MLX unpacks embeddings of the floating-point modes to bfloat16, whatever the rest computes in.
TOLERANCE_BFLOAT16_EMBEDDING = 0.1

Unrounded = Callable[[Shape], Floats]


@pytest.fixture(scope="module")
def unrounded(tmp_path_factory: pytest.TempPathFactory) -> Unrounded:
    """The logits of all rows as the values give them before any is rounded."""
    return cache(lambda shape: outputs(load(tmp_path_factory.mktemp("pair"), shape), PROMPT))


@chessboard("name, spelled", SHAPES, SAME_VALUES)
def test_spelling_changes_no_value(name: str, spelled: str, tmp_path: Path) -> None:
    recorded = golden(SHAPES[name])
    run = recorded.windows[1]
    pair = load(tmp_path, SHAPES[name], spelling=SAME_VALUES[spelled], window=run.window)
    close(outputs(pair, recorded.prompt)[-len(run.logits) :], np.array(run.logits))
    same_rounds(drafted(pair, recorded.prompt), run.rounds["last-seen"][:COUNT])


@pytest.mark.parametrize("shape", [SHORT_E2B, SHORT_26B], ids=lambda shape: shape.name)
@pytest.mark.parametrize("stored", ["bfloat16", "float16"])
def test_half_precision_weights_compute_in_float32(
    shape: Shape, stored: Literal["bfloat16", "float16"], tmp_path: Path, unrounded: Unrounded
) -> None:
    same_as_rounded(shape, Spelling(keys="multimodal", dtype=stored), tmp_path, unrounded)


@chessboard("name, packing", SHORT, ["4 bit", "4 bit, some 8", "mxfp4, router 8"])
def test_packed_pairs_compute_with_their_values(
    name: str, packing: str, tmp_path: Path, unrounded: Unrounded
) -> None:
    spelling = Spelling(keys="mlx", quantization=QUANTIZED[packing])
    same_as_rounded(SHORT[name], spelling, tmp_path, unrounded)


@chessboard("keys, packing", ["text", "multimodal"], QUANTIZED)
def test_packed_centroid_head(
    packing: str, keys: Keys, tmp_path: Path, unrounded: Unrounded
) -> None:
    """The head gathers rows of the drafter's packed embedding."""
    spelling = Spelling(keys=keys, quantization=QUANTIZED[packing])
    same_as_rounded(SHORT_E4B, spelling, tmp_path, unrounded)


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if not shape.experts])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_computes_nearly_the_same(name: str, dtype: Dtype, tmp_path: Path) -> None:
    """Without the experts: on the CPU, MLX gathers their matrices in float32 only."""
    recorded = golden(SHAPES[name])
    run = recorded.windows[1]
    pair = load(tmp_path, SHAPES[name], window=run.window, dtype=dtype)
    hidden = forward(pair.target, recorded.prompt)
    assert str(hidden.dtype).endswith(dtype)
    rows = logits(pair.target, hidden)[-len(run.logits) :]
    difference = np.abs(rows - np.array(run.logits))
    assert difference.mean() < {"bfloat16": 0.2, "float16": 0.03}[dtype]


def same_as_rounded(shape: Shape, spelling: Spelling, folder: Path, unrounded: Unrounded) -> None:
    """As a plain pair with the same values computes, and not as one with the unrounded values."""
    pair = load(folder / "stored", shape, spelling=spelling)
    plain = load(folder / "plain", shape, spelling=spelling, rounded=True)
    packing = spelling.quantization
    affine = packing is None or packing.mode == "affine"
    tolerance = TOLERANCE if affine else TOLERANCE_BFLOAT16_EMBEDDING
    computed = outputs(pair, PROMPT)
    close(computed, outputs(plain, PROMPT), tolerance)
    assert np.abs(computed - unrounded(shape)).max() > 5 * tolerance
    same_rounds(drafted(pair, PROMPT), drafted(plain, PROMPT), tolerance)


def outputs(pair: Pair, prompt: list[int]) -> Floats:
    """The logits of all rows."""
    return logits(pair.target, forward(pair.target, prompt))


def drafted(pair: Pair, prompt: list[int]) -> list[GoldenRound]:
    return rounds(pair, prompt, "last-seen", count=COUNT, depth=3)


def close(computed: Floats, expected: Floats, tolerance: float = TOLERANCE) -> None:
    np.testing.assert_allclose(computed, expected, rtol=0, atol=tolerance)


def same_rounds(
    computed: list[GoldenRound], expected: list[GoldenRound], tolerance: float = TOLERANCE
) -> None:
    for was, should in zip(computed, expected, strict=True):
        assert (was.anchor, was.drafts, was.accepted) == (
            should.anchor,
            should.drafts,
            should.accepted,
        )
        for step, known in zip(was.top, should.top, strict=True):
            close(np.array(step.logits), np.array(known.logits), tolerance)
