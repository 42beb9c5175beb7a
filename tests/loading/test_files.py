"""Folders and files that are missing, cut short or not what they should be."""

from __future__ import annotations

import json
from pathlib import Path

import mlx.core as mx
import pytest

from mtp_mlx.errors import DamagedModel, IncompleteModel, ModelNotFound, UnsupportedModel
from tests.loading.conftest import Copy
from tests.support.checkpoints import PairFolders
from tests.support.damage import edit_json, load, refused, write_safetensors

INDEX = "model.safetensors.index.json"
DEEP = b"[" * 100_000


@pytest.mark.parametrize("name", ["plain", "sharded", "multimodal", "packed"])
def test_whole_pairs_load(copy: Copy, name: str) -> None:
    assert load(copy(name)).drafter is not None


def test_missing_folder(pair: PairFolders, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    refused(PairFolders(nowhere, pair.drafter), ModelNotFound, "nowhere is not there", "its disk")
    refused(PairFolders(pair.target, nowhere), ModelNotFound, "nowhere is not there")


@pytest.mark.parametrize("part", ["target", "drafter"])
def test_missing_config(pair: PairFolders, part: str) -> None:
    folder: Path = getattr(pair, part)
    (folder / "config.json").unlink()
    refused(pair, DamagedModel, f"{part} has no config.json", "Choose a model's own folder")


@pytest.mark.parametrize("content", [b"{no", b"[1]", b"", b"\xff\xfe\x00", DEEP])
def test_config_that_is_no_json_object(pair: PairFolders, content: bytes) -> None:
    (pair.target / "config.json").write_bytes(content)
    refused(pair, DamagedModel, "config.json", "Download the model again")


def test_missing_shard(copy: Copy) -> None:
    pair = copy("sharded")
    (pair.target / "model-00002-of-00003.safetensors").unlink()
    refused(
        pair, IncompleteModel, "1 of 3", "model-00002-of-00003.safetensors", "Finish the download"
    )


@pytest.mark.parametrize("name", ["other.safetensors", "../drafter/model.safetensors"])
def test_index_that_names_an_absent_file(copy: Copy, name: str) -> None:
    """Where tensors are missing, the file is the reason; where none are, the index is stale."""
    pair = copy("sharded")
    edit_json(pair.target / INDEX, lambda index: index["weight_map"].update({"a.weight": name}))
    load(pair)
    file = pair.target / "model-00002-of-00003.safetensors"
    tensors = mx.load(str(file))
    assert isinstance(tensors, dict)
    tensors.pop(next(name for name in tensors if name.endswith("q_proj.weight")))
    mx.eval(tensors)
    mx.save_safetensors(str(file), tensors)
    refused(pair, IncompleteModel, "1 of 4", Path(name).name, "Finish the download")


UNREADABLE = {
    "cut": b"{",
    "a list": b"[1]",
    "empty": b"",
    "no UTF-8": b"\xff\xfe\x00",
    "deep": DEEP,
    "no map": b"{}",
    "null": b'{"weight_map": null}',
    "a number": b'{"weight_map": {"a.weight": 3}}',
    "no names": b'{"weight_map": {}}',
    "names in a list": b'{"weight_map": ["model.safetensors"]}',
    "a name in a list": b'{"weight_map": {"a.weight": ["b"]}}',
}


@pytest.mark.parametrize("index", UNREADABLE.values(), ids=UNREADABLE)
def test_an_index_that_cannot_be_read_gives_way_to_whole_files(copy: Copy, index: bytes) -> None:
    """Where shards are missing, it is needed."""
    pair = copy("sharded")
    for folder in (pair.target, pair.drafter):
        (folder / INDEX).write_bytes(index)
    notes = load(pair).info.notes
    assert len(notes) == 2
    for note, name in zip(notes, ("target", "drafter"), strict=True):
        assert note.startswith(INDEX)
        assert note.endswith(f". The weight files of {name} are whole without it.")
        assert note.isprintable()
    (pair.target / "model-00002-of-00003.safetensors").unlink()
    refused(pair, DamagedModel, INDEX, "Download the model again")


def test_tensors_that_only_an_index_would_find(copy: Copy) -> None:
    """The rest of the weights is in a file that no name makes a part of the model."""
    pair = copy("sharded")
    for n, name in enumerate(("model-a", "model-b", "rest"), start=1):
        shard = pair.target / f"model-0000{n}-of-00003.safetensors"
        shard.rename(pair.target / f"{name}.safetensors")
    (pair.target / INDEX).write_bytes(b"{")
    refused(pair, DamagedModel, INDEX, "Download the model again")


@pytest.mark.parametrize("part", ["target", "drafter"])
@pytest.mark.parametrize("left", [0, 4, 200, -1, -5000])
def test_weights_cut_short(pair: PairFolders, part: str, left: int) -> None:
    file = getattr(pair, part) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:left])
    refused(pair, DamagedModel, "model.safetensors", "Download the model again")


def test_weights_that_go_on_behind_their_end(pair: PairFolders) -> None:
    file = pair.target / "model.safetensors"
    file.write_bytes(file.read_bytes() + b"more")
    refused(pair, DamagedModel, "model.safetensors", "Download the model again")


@pytest.mark.parametrize(
    "header",
    [
        b"hello",
        b"[]",
        DEEP,
        b'{"a": 1}',
        b'{"a": {"dtype": "F32", "shape": [1]}}',
        b'{"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}',
    ],
)
def test_damaged_header(pair: PairFolders, header: bytes) -> None:
    write_safetensors(pair.target, header, b"\0" * 4 if b"[0, 4]" in header else b"")
    refused(pair, DamagedModel, "model.safetensors", "Download the model again")


def test_folder_in_place_of_a_file(pair: PairFolders) -> None:
    (pair.target / "model.safetensors").unlink()
    (pair.target / "model.safetensors").mkdir()
    refused(pair, IncompleteModel, "safetensors", "Finish the download")


def test_no_weights(pair: PairFolders) -> None:
    (pair.target / "model.safetensors").unlink()
    refused(pair, IncompleteModel, "target holds no safetensors file", "Finish the download")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "consolidated.00.pth", "model.pt"])
def test_pickled_weights_are_never_opened(pair: PairFolders, name: str) -> None:
    (pair.target / "model.safetensors").rename(pair.target / name)
    refused(pair, UnsupportedModel, "pickled", "safetensors files of the same model")


def test_weights_of_another_program(pair: PairFolders) -> None:
    (pair.target / "model.safetensors").rename(pair.target / "model.gguf")
    refused(pair, UnsupportedModel, "GGUF", "safetensors files of the same model")


@pytest.mark.parametrize("field", ["temperature", "top_k", "top_p", "min_p"])
def test_recommendation_that_is_no_number(pair: PairFolders, field: str) -> None:
    settings = {"do_sample": True, field: "hot"}
    (pair.target / "generation_config.json").write_text(json.dumps(settings))
    refused(pair, DamagedModel, "generation_config.json", "Download the model again")
