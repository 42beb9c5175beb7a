"""Configurations of other architectures, of other packings, and ones that make no sense."""

from __future__ import annotations

from typing import Any

import pytest

from mtp_mlx.errors import DamagedModel, UnsupportedModel
from tests.loading.conftest import Copy
from tests.support.checkpoints import PairFolders
from tests.support.damage import edit_config, edit_text_config, refused


@pytest.mark.parametrize("kind", ["llama", "gemma3_text", None, ["gemma4"], 4])
def test_unknown_architecture(pair: PairFolders, kind: object) -> None:
    edit_config(pair.target, model_type=kind)
    refused(pair, UnsupportedModel, repr(kind), "not Gemma 4", "google/gemma-4")


def test_target_and_drafter_swapped(pair: PairFolders) -> None:
    swapped = PairFolders(pair.drafter, pair.target)
    refused(swapped, UnsupportedModel, "is a drafter", "as the drafter of its target")


def test_target_as_drafter(pair: PairFolders) -> None:
    twice = PairFolders(pair.target, pair.target)
    refused(twice, UnsupportedModel, "no Gemma 4 drafter", "-it-assistant")


@pytest.mark.parametrize("section", [None, [1], "text"])
def test_no_text_section(copy: Copy, section: object) -> None:
    pair = copy("multimodal")
    edit_config(pair.target, text_config=section)
    refused(pair, DamagedModel, "text_config", "Download the model again")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hidden_size", "x"),
        ("hidden_size", 0),
        ("vocab_size", -1),
        ("num_hidden_layers", 0),
        ("num_hidden_layers", 11),
        ("num_attention_heads", True),
        ("num_attention_heads", 0),
        ("num_key_value_heads", 0),
        ("head_dim", 1.5),
        ("sliding_window", 0),
        ("rms_norm_eps", "x"),
        ("final_logit_softcapping", "x"),
        ("layer_types", "abc"),
        ("layer_types", 5),
        ("layer_types", ["chunked_attention"] * 12),
        ("per_layer_config", [1]),
        ("rope_parameters", 5),
        ("rope_parameters", {"full_attention": 5, "sliding_attention": 5}),
    ],
)
def test_fields_that_make_no_sense(pair: PairFolders, field: str, value: Any) -> None:
    edit_config(pair.target, **{field: value})
    refused(pair, DamagedModel, "config.json", "Download the model again")


@pytest.mark.parametrize(
    "fields",
    [
        {"num_kv_shared_layers": 12},
        {"num_kv_shared_layers": 99},
        {"num_kv_shared_layers": 7},
        {"layer_types": ["full_attention"] * 12},
    ],
)
def test_nothing_for_a_drafter_to_read(pair: PairFolders, fields: dict[str, Any]) -> None:
    edit_config(pair.target, **fields)
    refused(pair, UnsupportedModel, "with a cache of its own", "Use a Gemma 4 checkpoint")


def test_unknown_rotation(pair: PairFolders) -> None:
    rotation = {"rope_type": "spiral", "rope_theta": 1.0}
    edit_config(
        pair.target,
        rope_parameters={"full_attention": rotation, "sliding_attention": rotation},
    )
    refused(pair, DamagedModel, "config.json", "spiral")


@pytest.mark.parametrize(
    "fields", [{"num_centroids": 50}, {"num_centroids": 0}, {"centroid_intermediate_top_k": 0}]
)
def test_clusters_that_do_not_divide_the_vocabulary(
    pair: PairFolders, fields: dict[str, int]
) -> None:
    edit_config(pair.drafter, **fields)
    refused(pair, DamagedModel, "config.json", "Download the model again")


def test_more_clusters_chosen_than_there_are(pair: PairFolders) -> None:
    edit_config(pair.drafter, centroid_intermediate_top_k=49)
    refused(pair, DamagedModel, "config.json", "49", "48")


@pytest.mark.parametrize("method", ["gptq", "awq", "compressed-tensors", "bitsandbytes"])
def test_packing_of_another_program(pair: PairFolders, method: str) -> None:
    edit_config(pair.target, quantization_config={"quant_method": method, "bits": 4})
    refused(pair, UnsupportedModel, method, "mlx-community")


@pytest.mark.parametrize(
    "block",
    [
        {"group_size": 7, "bits": 3.5},
        {"group_size": "x", "bits": 4},
        {"group_size": 32, "bits": 4, "mode": "spiral"},
        "4bit",
    ],
)
def test_packing_that_makes_no_sense(copy: Copy, block: object) -> None:
    pair = copy("packed")
    edit_config(pair.target, quantization=block)
    refused(pair, UnsupportedModel, "quantisation", "affine")


@pytest.mark.parametrize("field", ["hidden_size", "num_hidden_layers", "layer_types"])
def test_drafters_configurations_are_read_as_carefully(pair: PairFolders, field: str) -> None:
    edit_text_config(pair.drafter, **{field: "x"})
    refused(pair, DamagedModel, "config.json", "Download the model again")
