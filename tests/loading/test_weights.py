"""Weights that are missing, superfluous or of another shape; strays that are passed over."""

from __future__ import annotations

from pathlib import Path

import mlx.core as mx
import pytest

from mtp_mlx.errors import DamagedModel
from tests.loading.conftest import Copy
from tests.support.checkpoints import PairFolders
from tests.support.damage import Tensors, edit_weights, load, refused

ORDERING = "masked_embedding.token_ordering"


@pytest.mark.parametrize("part", ["target", "drafter"])
@pytest.mark.parametrize(
    "name",
    ["model.norm.weight", "model.layers.3.self_attn.q_proj.weight", "model.layers.0.layer_scalar"],
)
def test_missing_weight(pair: PairFolders, part: str, name: str) -> None:
    edit_weights(getattr(pair, part), lambda tensors: tensors.pop(name))
    refused(pair, DamagedModel, "config.json", name, "Download")


@pytest.mark.parametrize(
    "name",
    [
        "pre_projection.weight",
        "post_projection.weight",
        "masked_embedding.centroids.weight",
        ORDERING,
    ],
)
def test_missing_weight_of_the_drafters_own(pair: PairFolders, name: str) -> None:
    edit_weights(pair.drafter, lambda tensors: tensors.pop(name))
    refused(pair, DamagedModel, name, "Download")


@pytest.mark.parametrize("part", ["target", "drafter"])
@pytest.mark.parametrize("name", ["model.norm.weight", "model.layers.3.mlp.up_proj.weight"])
def test_weight_of_another_shape(pair: PairFolders, part: str, name: str) -> None:
    edit_weights(getattr(pair, part), lambda tensors: tensors.update({name: mx.zeros((3, 5))}))
    refused(pair, DamagedModel, name, "(3, 5)", "Download")


@pytest.mark.parametrize("part", ["target", "drafter"])
@pytest.mark.parametrize(
    "name", ["model.layers.99.mlp.up_proj.weight", "model.layers.0.mlp.bias", "head.weight"]
)
def test_weight_of_no_layer(pair: PairFolders, part: str, name: str) -> None:
    edit_weights(getattr(pair, part), lambda tensors: tensors.update({name: mx.zeros(3)}))
    refused(pair, DamagedModel, name, "Download")


@pytest.mark.parametrize("shift", [1, -1, 5000])
def test_ordering_that_names_no_token(pair: PairFolders, shift: int) -> None:
    """Gathering rows that are not there reads memory that is not ours."""

    def move(tensors: Tensors) -> None:
        tensors[ORDERING] = tensors[ORDERING] + shift

    edit_weights(pair.drafter, move)
    refused(pair, DamagedModel, ORDERING, "Download")


def test_other_senses_are_passed_over(copy: Copy) -> None:
    """They are on disk, and no part of what is loaded."""
    folder = copy("multimodal")
    stored = mx.load(str(folder.target / "model.safetensors"))
    assert any("vision_tower" in name for name in stored)
    assert any("audio_tower" in name for name in stored)
    assert load(folder).info.sliding_window == 8


@pytest.mark.parametrize(
    "prefix", ["model.vision_tower.", "vision_embedder.", "model.embed_audio."]
)
def test_unknown_weights_of_other_senses(copy: Copy, prefix: str) -> None:
    folder: Path = copy("multimodal").target
    edit_weights(folder, lambda tensors: tensors.update({f"{prefix}new.weight": mx.zeros(3)}))
    load(PairFolders(folder, folder.parent / "drafter"))
