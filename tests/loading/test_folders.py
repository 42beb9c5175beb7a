"""A folder is judged by what lies in it: which files count, and which are refused unread."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import pytest

from mtp_mlx.errors import DamagedModel, IncompleteModel, LoadError, UnsupportedModel
from mtp_mlx.hub.cache import is_complete
from mtp_mlx.hub.weight_files import INDEX, WeightFile, choose_files
from tests.loading.conftest import Copy
from tests.support.checkpoints import PairFolders
from tests.support.damage import Tensors, edit_weights, load, refused

APPLE_DOUBLE = b"\0\x05\x16\x07\0\x02\0\0Mac OS X        "


@pytest.mark.parametrize("name", ["._model.safetensors", ".model.safetensors", "._config.json"])
@pytest.mark.parametrize("part", ["target", "drafter"])
def test_hidden_files_do_not_count(pair: PairFolders, part: str, name: str) -> None:
    (getattr(pair, part) / name).write_bytes(APPLE_DOUBLE)
    assert load(pair).info.notes == ()


def test_a_hidden_index_does_not_count(copy: Copy) -> None:
    pair = copy("sharded")
    (pair.target / f"._{INDEX}").write_bytes(APPLE_DOUBLE)
    (pair.target / "._model-00001-of-00003.safetensors").write_bytes(APPLE_DOUBLE)
    load(pair)


def names_of(folder: Path) -> list[str]:
    return list(WeightFile(folder / "model.safetensors").tensors)


def write_index(folder: Path, places: dict[str, str]) -> None:
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": places}))


@pytest.mark.parametrize(
    "place",
    [
        "model-0000{}-of-00002.safetensors",
        "pytorch_model-0000{}-of-00002.safetensors",
        ".model-{}.safetensors",
    ],
)
def test_a_stale_index_gives_way(pair: PairFolders, place: str) -> None:
    names = names_of(pair.target)
    write_index(pair.target, {n: place.format(1 + i % 2) for i, n in enumerate(names)})
    assert is_complete(pair.target)
    load(pair)


def test_a_stale_index_gives_way_to_whole_shards(copy: Copy) -> None:
    pair = copy("sharded")
    write_index(pair.target, {"a": "model-00001-of-00002.safetensors"})
    load(pair)
    (pair.target / "model-00003-of-00003.safetensors").unlink()
    refused(pair, IncompleteModel, "1 of 1", "model-00001-of-00002", "Finish the download")


def test_shards_without_an_index(copy: Copy) -> None:
    pair = copy("sharded")
    (pair.target / INDEX).unlink()
    load(pair)
    (pair.target / "model-00003-of-00003.safetensors").unlink()
    refused(pair, IncompleteModel, "1 of 3", "model-00003-of-00003", "Finish the download")


def test_a_shard_left_behind_beside_a_whole_file(pair: PairFolders) -> None:
    left = "model-00001-of-00009.safetensors"
    (pair.target / left).write_bytes(APPLE_DOUBLE)
    assert load(pair).info.notes == (f"Left out of target: {left}.",)


@pytest.mark.parametrize(
    "name", ["adapters.safetensors", "adapter_model.safetensors", "consolidated.safetensors"]
)
def test_what_is_no_model_is_left_out_with_a_word(pair: PairFolders, name: str) -> None:
    (pair.target / name).write_bytes(APPLE_DOUBLE)
    assert load(pair).info.notes == (f"Left out of target: {name}.",)


def test_a_note_steers_no_terminal(pair: PairFolders) -> None:
    (pair.target / "a\x1b[2J\u202e\nb.safetensors").write_bytes(APPLE_DOUBLE)
    (note,) = load(pair).info.notes
    assert note == "Left out of target: a\u241b[2J\ufffd b.safetensors."


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("adapters.safetensors", UnsupportedModel, "adapter"),
        ("consolidated.safetensors", UnsupportedModel, "no model*.safetensors"),
        ("._model.safetensors", IncompleteModel, "holds no safetensors file"),
    ],
)
def test_a_folder_without_a_model(
    pair: PairFolders, name: str, error: type[LoadError], words: str
) -> None:
    (pair.target / "model.safetensors").rename(pair.target / name)
    refused(pair, error, words)


def test_other_parts_are_left_out_with_a_word(pair: PairFolders) -> None:
    def more(tensors: Tensors) -> None:
        for name in ("mtp.layers.0.weight", "model.mtp.norm.weight", "model.vision_tower.a",
                     "audio_tower.b", "model.layers.0.self_attn.q_proj.lora_a"):  # fmt: skip
            tensors[name] = mx.zeros((2, 3))

    edit_weights(pair.target, more)
    (note,) = load(pair).info.notes
    for words in ("2 tensors (MTP head)", "1 tensors (vision)", "(audio)", "(adapter)"):
        assert words in note


def copied(folder: Path, name: str, change: Callable[[Tensors], object]) -> None:
    """Write a second file that holds the first's tensors, changed."""
    tensors = mx.load(str(folder / "model.safetensors"))
    assert isinstance(tensors, dict)
    change(tensors)
    mx.eval(tensors)
    mx.save_safetensors(str(folder / name), tensors)


@pytest.mark.parametrize("indexed", [False, True])
def test_one_name_in_two_files(pair: PairFolders, indexed: bool) -> None:
    norm = "model.norm.weight"
    copied(pair.target, "model-2.safetensors", lambda _: None)
    if indexed:
        places = dict.fromkeys(names_of(pair.target), "model-2.safetensors")
        write_index(pair.target, places)
    load(pair)
    copied(pair.target, "model-2.safetensors", lambda t: t.update({norm: t[norm] + 1}))
    refused(pair, DamagedModel, "model-2.safetensors", norm, "does not belong")
    copied(pair.target, "model-2.safetensors", lambda t: t.update({norm: mx.zeros(3)}))
    refused(pair, DamagedModel, "model-2.safetensors", norm, "does not belong")


def pipe(file: Path) -> None:
    os.mkfifo(file)


def device(file: Path) -> None:
    file.symlink_to("/dev/zero")


def linked_pipe(file: Path) -> None:
    os.mkfifo(file.with_name("pipe"))
    file.symlink_to("pipe")


def plug(file: Path) -> None:
    here = Path.cwd()
    os.chdir(file.parent)  # a socket's path may have 108 bytes only
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(file.name)
    finally:
        os.chdir(here)


def loop(file: Path) -> None:
    file.symlink_to(file.name)


def sparse(file: Path) -> None:
    with file.open("wb") as stream:
        stream.truncate(2**40)


@pytest.mark.parametrize("make", [pipe, linked_pipe, device, plug, sparse, loop])
@pytest.mark.parametrize("name", ["config.json", "generation_config.json", INDEX])
def test_what_is_no_ordinary_file_is_not_read(
    pair: PairFolders, name: str, make: Callable[[Path], None]
) -> None:
    """A pipe would wait for ever; a device and a sparse file would fill the memory."""
    (pair.target / name).unlink(missing_ok=True)
    make(pair.target / name)
    refused(pair, DamagedModel, name)


@pytest.mark.parametrize("make", [pipe, linked_pipe, device, plug, sparse])
@pytest.mark.parametrize("part", ["target", "drafter"])
def test_weights_that_are_no_ordinary_file(
    pair: PairFolders, part: str, make: Callable[[Path], None]
) -> None:
    file = getattr(pair, part) / "model.safetensors"
    file.unlink()
    make(file)
    refused(pair, DamagedModel, "model.safetensors")


def test_only_ordinary_names_are_chosen(tmp_path: Path) -> None:
    for name in ("model.safetensors", "._model.safetensors", "model.txt", "other.safetensors"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "model-x.safetensors").symlink_to("nowhere")
    chosen = choose_files(tmp_path)
    assert chosen.names == ("model.safetensors",)
    assert chosen.left_out == ("other.safetensors",)
