"""A packing is what the tensors' shapes say, however and wherever config.json spells it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import mlx.core as mx
import pytest

from mtp_mlx.errors import DamagedModel, UnsupportedModel
from tests.loading.conftest import Copy
from tests.support.checkpoints import PairFolders
from tests.support.damage import Tensors, edit_config, edit_json, edit_weights, load, refused
from tests.support.pairs import Floats, forward, logits

Config = dict[str, Any]
PROMPT = [5, 17, 300, 42, 42, 9, 111, 250, 3, 77, 8]


def outputs(pair: PairFolders) -> Floats:
    target = load(pair).target
    return logits(target, forward(target, PROMPT))


def _alone(config: Config) -> None:
    config["quantization_config"] = config.pop("quantization")


def _within(config: Config) -> None:
    """Also where a multimodal configuration keeps its text."""
    config.setdefault("text_config", {})["quantization_config"] = config.pop("quantization")
    del config["quantization_config"]


def _named(**fields: Any) -> Callable[[Config], None]:
    def named(config: Config) -> None:
        config["quantization_config"] = config.pop("quantization") | fields

    return named


def _left(*kept: str) -> Callable[[Config], None]:
    def left(config: Config) -> None:
        block = config.pop("quantization")
        config["quantization_config"] = {name: block[name] for name in kept}

    return left


def _only(block: object) -> Callable[[Config], None]:
    def only(config: Config) -> None:
        config["quantization"] = block
        config.pop("quantization_config", None)

    return only


SPELLINGS: dict[str, Callable[[Config], object]] = {
    "quantization_config alone": _alone,
    "within text_config": _within,
    "quant_method mlx": _named(quant_method="mlx"),
    "quant_method affine": _named(quant_method="affine"),
    "bits alone": _left("bits"),
    "group_size alone": _left("group_size"),
    "nothing named": _left(),
    "no block": _only(None),
    "false": _only(False),
    "nulls": _only({"bits": None, "group_size": None, "mode": None}),
    "other bits": _only({"bits": 8, "group_size": 32}),
    "other group": _only({"bits": 4, "group_size": 128}),
    "other mode": _only({"bits": 4, "group_size": 32, "mode": "mxfp4"}),
    "overrides by layer": _only({"bits": 4, "model.layers.0.mlp.up_proj": {"bits": 8}}),
    "overrides by tensor": _only({"bits": 4, "language_model.model.embed_tokens.weight": False}),
    "a stale block of another program": _named(quant_method="gptq", desc_act=False),
}


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_spellings_of_a_packing(spelled: str, copy: Copy) -> None:
    pair = copy("packed")
    expected = outputs(pair)
    for folder in (pair.target, pair.drafter):
        edit_json(folder / "config.json", SPELLINGS[spelled])
    assert (outputs(pair) == expected).all()
    assert load(pair).info.quantization == "4-bit affine, group 32"


def test_a_packed_tensor_without_its_scales(copy: Copy) -> None:
    pair = copy("packed")
    name = "language_model.model.layers.0.mlp.up_proj.scales"
    edit_weights(pair.target, lambda tensors: tensors.pop(name))
    refused(pair, DamagedModel, "layers.0.mlp.up_proj")


def test_scales_that_divide_nothing(copy: Copy) -> None:
    pair = copy("packed")

    def narrow(tensors: Tensors) -> None:
        name = "language_model.model.layers.0.mlp.up_proj.scales"
        tensors[name] = tensors[name][:, :0]

    edit_weights(pair.target, narrow)
    refused(pair, DamagedModel, "layers.0.mlp.up_proj", "packed columns")


def test_bytes_in_the_place_of_numbers(copy: Copy) -> None:
    """As eight-bit floats arrive: nothing would unpack them."""
    pair = copy("plain")

    def as_bytes(tensors: Tensors) -> None:
        name = "model.layers.0.mlp.up_proj.weight"
        tensors[name] = tensors[name].astype(mx.uint8)

    edit_weights(pair.target, as_bytes)
    refused(pair, DamagedModel, "layers.0.mlp.up_proj", "uint8")


def test_a_packing_of_another_program_inside_the_text(copy: Copy) -> None:
    pair = copy("multimodal")
    config = json.loads((pair.target / "config.json").read_text())
    text = config["text_config"] | {"quantization_config": {"quant_method": "awq", "bits": 4}}
    edit_config(pair.target, text_config=text)
    refused(pair, UnsupportedModel, "awq", "mlx-community")


PACKED = {
    "GPTQ or AWQ": (".qweight", ".qzeros", ".scales"),
    "compressed-tensors": (".weight_packed", ".weight_scale", ".weight_shape"),
    "fp8": (".weight", ".weight_scale_inv"),
    "bitsandbytes": (".weight", ".weight.absmax", ".weight.quant_map"),
}


@pytest.mark.parametrize("is_named", [False, True])
@pytest.mark.parametrize(("program", "endings"), PACKED.items(), ids=PACKED)
def test_tensors_that_another_program_packed(
    pair: PairFolders, program: str, endings: tuple[str, ...], is_named: bool
) -> None:
    """The cause is named also where config.json says nothing; no download would cure it."""

    def pack(tensors: Tensors) -> None:
        for name in [name for name in tensors if name.endswith("_proj.weight")]:
            del tensors[name]
            path = name.removesuffix(".weight")
            tensors |= {path + ending: mx.zeros((4, 4), mx.int32) for ending in endings}

    edit_weights(pair.target, pack)
    method = "gptq" if program == "GPTQ or AWQ" else program
    if is_named:
        edit_config(pair.target, quantization_config={"quant_method": method, "bits": 4})
    said = f"packed by {method if is_named else program}, which MLX does not run"
    refused(pair, UnsupportedModel, said, "mlx-community")
