"""Conversions: what mx.quantize makes of each tensor, in files that mlx-lm and this engine read."""

from __future__ import annotations

import errno
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx import api
from mtp_mlx.errors import (
    DamagedModel,
    DiskFull,
    IncompleteModel,
    MtpMlxError,
    NotWritable,
    OutOfMemory,
    UnsupportedModel,
    UsageError,
)
from mtp_mlx.families import family_of
from mtp_mlx.hub.conversions import work_folder
from mtp_mlx.hub.places import inventory
from mtp_mlx.hub.progress import Progress, Status
from mtp_mlx.loading import conversion_file, conversion_plan, load_pair
from mtp_mlx.loading import convert as module
from mtp_mlx.loading.checkpoint import open_checkpoint
from mtp_mlx.loading.convert import convert
from tests.support.checkpoints import PairFolders, write_pair
from tests.support.damage import edit_weights
from tests.support.pairs import forward, logits
from tests.support.shapes import DENSE_31B, E2B, E4B, MOE_26B, SHAPES, UNIFIED_12B
from tests.support.spelling import Quantization, Spelling

PROMPT = [5, 17, 300, 42, 42, 9, 111, 250, 3, 77, 8]
NESTED = Spelling(keys="multimodal", strays=True, dtype="bfloat16")

Tensors = dict[str, mx.array]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], PairFolders]:
    """Every shape, spelled as Google publishes it, written once."""
    made: dict[str, PairFolders] = {}

    def source(name: str) -> PairFolders:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            made[name] = write_pair(folder, SHAPES[name], spelling=NESTED)
        return made[name]

    return source


@pytest.fixture
def pair(sources: Callable[[str], PairFolders], tmp_path: Path) -> PairFolders:
    """A pair of a test's own."""
    own = PairFolders(tmp_path / "target", tmp_path / "drafter")
    shutil.copytree(sources("e4b").target, own.target)
    shutil.copytree(sources("e4b").drafter, own.drafter)
    return own


@pytest.fixture
def untested(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the perplexities, which load both models."""
    monkeypatch.setattr(module, "perplexity", lambda _folder: 1.0)


def tensors(folder: Path) -> Tensors:
    return open_checkpoint(folder).weights()


def same(one: mx.array, other: mx.array) -> bool:
    return one.dtype == other.dtype and bool(mx.array_equal(one, other).item())


@pytest.mark.usefixtures("untested")
@pytest.mark.parametrize("part", ["target", "drafter"])
@pytest.mark.parametrize("name", [s.name for s in (E2B, UNIFIED_12B, MOE_26B, DENSE_31B)])
def test_each_tensor_is_what_mx_quantize_makes_of_it(
    name: str, part: str, sources: Callable[[str], PairFolders], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """In blocks of some rows, so that tensors have several; whatever the loader reads is there."""
    monkeypatch.setattr(conversion_file, "BLOCK", 20_000)
    source = getattr(sources(name), part)
    convert(source, tmp_path / "out", Progress(), bits=4)
    checkpoint, result = open_checkpoint(source), tensors(tmp_path / "out")
    recipe = family_of(checkpoint.config).recipe(checkpoint.config)
    loaded = recipe.tensors(checkpoint.weights())
    expected = recipe.network(loaded).sanitize(loaded)
    block = json.loads((tmp_path / "out" / "config.json").read_text())["quantization"]
    kinds = set()
    for own, value in expected.items():
        path = f"{recipe.prefix}{own}".removesuffix(".weight")
        if f"{path}.scales" not in result:
            assert value.ndim == 1 or value.shape[-1] % 32, own
            assert mx.array_equal(result.pop(f"{recipe.prefix}{own}"), value).item(), own
            continue
        how = block.get(path, block)
        wide = path.endswith(("embed_tokens_per_layer", "router.proj", "centroids"))
        assert how["bits"] == (8 if wide else 4)
        kinds.add(how["bits"])
        packed = mx.quantize(value, how["group_size"], how["bits"])
        for ending, array in zip(("weight", "scales", "biases"), packed, strict=True):
            assert same(result.pop(f"{path}.{ending}"), array), path
    assert kinds == ({4, 8} if (recipe.part == "target" and name in {"e2b", "26b-a4b"})
                     or (recipe.part == "drafter" and name == "e2b") else {4})  # fmt: skip
    others = {n: v for n, v in checkpoint.weights().items() if "vision" in n or "audio" in n}
    assert result.keys() == others.keys()
    assert all(same(result[n], others[n]) for n in others)


@pytest.mark.usefixtures("untested")
@pytest.mark.parametrize("name", [E2B.name, UNIFIED_12B.name, MOE_26B.name])
def test_mlx_lm_reads_it_and_computes_the_same(
    name: str, sources: Callable[[str], PairFolders], tmp_path: Path
) -> None:
    from mlx_lm.utils import load_model

    pair = sources(name)
    convert(pair.target, tmp_path / "t", Progress(), bits=4)
    convert(pair.drafter, tmp_path / "d", Progress(), bits=8)
    network, config = load_model(tmp_path / "t")
    network.set_dtype(mx.float32)
    theirs = np.array(network(mx.array([PROMPT]))[0])
    loaded = load_pair(
        api.Load(target=str(tmp_path / "t"), drafter=str(tmp_path / "d"), dtype="float32")
    )
    assert np.allclose(logits(loaded.target, forward(loaded.target, PROMPT)), theirs, atol=1e-4)
    assert loaded.info.quantization == "4-bit affine, group 32"
    assert config["quantization"] == config["quantization_config"]


def test_it_is_listed_and_measured(pair: PairFolders, tmp_path: Path) -> None:
    out = tmp_path / "own" / "small"
    (pair.target / "vocabulary.txt").write_bytes(b"words")
    seen: list[Status] = []
    progress = Progress()
    converted = convert(pair.target, out, progress, bits=8)
    while not progress.steps.empty():
        status = progress.steps.get()
        assert status is not None
        seen.append(status)
    assert [status.phase for status in seen] == ["checking", "converting", "testing"]
    assert seen[-1].done == seen[-1].total == converted.source_bytes
    assert (out / "vocabulary.txt").read_bytes() == b"words"
    assert converted.perplexity == pytest.approx(converted.source_perplexity, rel=0.05)
    assert 0.001 < converted.worst.error < 0.03
    assert not converted.is_suspect
    found = [m for place in inventory([out.parent]).places for m in place.models]
    assert [(m.name, m.state, m.precision) for m in found] == [("small", "usable", "8-bit")]
    assert not any(entry.name.startswith(".") for entry in out.iterdir())
    assert [entry.name for entry in out.parent.iterdir()] == ["small"]


KILLED = """
import os, signal, sys
from pathlib import Path
from mtp_mlx.hub.progress import Progress
from mtp_mlx.loading import conversion_plan, convert

conversion_plan.SHARD_BYTES = 100_000
write = convert.write_file

def killed(path, shard, tell):
    third = shard.name.startswith("model-00003")
    return write(path, shard, (lambda _: os.kill(os.getpid(), signal.SIGKILL)) if third else tell)

convert.write_file = killed
convert.convert(Path(sys.argv[1]), Path(sys.argv[2]), Progress(), bits=4)
"""


@pytest.mark.usefixtures("untested")
def test_a_killed_conversion_goes_on_behind_its_last_whole_file(
    pair: PairFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion_plan, "SHARD_BYTES", 100_000)
    out = tmp_path / "own" / "out"
    command = [sys.executable, "-c", KILLED, str(pair.target), str(out)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    work = work_folder(out)
    assert sorted(f.name for f in work.glob("model*")) == [
        f"model-0000{i}-of-00005.safetensors{'.part' * (i == 3)}" for i in (1, 2, 3)
    ]
    assert not [m for place in inventory([out.parent]).places for m in place.models]

    spoilt = work / "model-00001-of-00005.safetensors"
    content = bytearray(spoilt.read_bytes())
    content[-1] ^= 1
    spoilt.write_bytes(content)
    written = _recorded(monkeypatch)
    convert(pair.target, out, Progress(), bits=4)
    assert written == [f"model-0000{i}-of-00005.safetensors" for i in (1, 3, 4, 5)]
    convert(pair.target, tmp_path / "straight", Progress(), bits=4)
    assert _contents(out) == _contents(tmp_path / "straight")
    assert len(json.loads((out / "model.safetensors.index.json").read_text())["weight_map"]) > 100


def _recorded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are written from now on."""
    names: list[str] = []
    write = conversion_file.write_file

    def recorded(path: Path, shard: Any, tell: Any) -> Any:
        names.append(shard.name)
        return write(path, shard, tell)

    monkeypatch.setattr(module, "write_file", recorded)
    return names


def _contents(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


def _stopping(
    monkeypatch: pytest.MonkeyPatch, stop: Callable[[], None], *, behind: int = 1
) -> None:
    """Have `stop` called once, while the file behind the first `behind` is written."""
    write = conversion_file.write_file
    calls = 0

    def stopping(path: Path, shard: Any, tell: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == behind + 1:
            stop()
        return write(path, shard, tell)

    monkeypatch.setattr(conversion_plan, "SHARD_BYTES", 100_000)
    monkeypatch.setattr(module, "write_file", stopping)


def refused(error: type[MtpMlxError], said: str, source: Path, out: Path, bits: int = 4) -> None:
    with pytest.raises(MtpMlxError) as caught:
        convert(source, out, Progress(), bits=bits)
    assert type(caught.value) is error
    assert said in str(caught.value)
    assert len(str(caught.value)) < 300
    assert not out.exists()


@pytest.mark.usefixtures("untested")
def test_a_full_disk_costs_one_file(
    pair: PairFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    _stopping(monkeypatch, full)
    out = tmp_path / "out"
    refused(DiskFull, "what is finished is kept", pair.target, out)
    written = _recorded(monkeypatch)
    convert(pair.target, out, Progress(), bits=4)
    assert len(written) == 4
    monkeypatch.setattr(module, "free_bytes", lambda _folder: 10**9)
    refused(DiskFull, "has 1.0 GB free", pair.drafter, tmp_path / "other")


@pytest.mark.usefixtures("untested")
def test_other_bits_begin_anew(
    pair: PairFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    out = tmp_path / "out"
    with monkeypatch.context() as filling:
        _stopping(filling, full)
        refused(DiskFull, "too little for the result", pair.target, out)
    monkeypatch.setattr(conversion_plan, "SHARD_BYTES", 170_000)  # as many files
    written = _recorded(monkeypatch)
    convert(pair.target, out, Progress(), bits=8)
    assert len(written) == len(list(out.glob("model-*"))) == 5
    assert load_pair(api.Load(target=str(out), use_drafter=False)).info.quantization[0] == "8"


@pytest.mark.usefixtures("untested")
def test_a_source_that_changes_is_converted_anew(
    pair: PairFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change() -> None:
        edit_weights(pair.target, lambda tensors: None)

    with monkeypatch.context() as changing:
        _stopping(changing, change)
        refused(DamagedModel, "changed while it was converted", pair.target, tmp_path / "out")
    monkeypatch.setattr(conversion_plan, "SHARD_BYTES", 100_000)
    written = _recorded(monkeypatch)
    convert(pair.target, tmp_path / "out", Progress(), bits=4)
    assert len(written) == 5


@pytest.mark.usefixtures("untested")
def test_a_source_that_goes_away(
    pair: PairFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = tmp_path / "away"

    def leave() -> None:
        pair.target.rename(away)

    with monkeypatch.context() as leaving:
        _stopping(leaving, leave)
        refused(DamagedModel, "Connect its disk and start again", pair.target, tmp_path / "out")
    away.rename(pair.target)
    monkeypatch.setattr(conversion_plan, "SHARD_BYTES", 100_000)
    written = _recorded(monkeypatch)
    convert(pair.target, tmp_path / "out", Progress(), bits=4)
    assert len(written) == 4


@pytest.mark.usefixtures("untested")
def test_two_do_not_write_into_one_folder(
    pair: PairFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    caught: list[MtpMlxError] = []

    def once_more() -> None:
        with pytest.raises(UsageError) as refusal:
            convert(pair.target, out, Progress(), bits=4)
        caught.append(refusal.value)

    _stopping(monkeypatch, once_more)
    convert(pair.target, out, Progress(), bits=4)
    assert "Another process" in str(caught[0])
    with pytest.raises(UsageError, match="already"):
        convert(pair.target, out, Progress(), bits=4)
    assert load_pair(api.Load(target=str(out), use_drafter=False)).info.target == "out"


def test_a_quantisation_that_went_wrong_is_not_kept(
    pair: PairFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quantize = mx.quantize

    def swapped(*given: Any) -> tuple[mx.array, ...]:
        packed, scales, biases = quantize(*given)
        return packed, -scales, biases

    monkeypatch.setattr(mx, "quantize", swapped)
    refused(DamagedModel, "is off by", pair.target, tmp_path / "out")


@pytest.mark.parametrize("name", ["model.language_model.norm.weight",
                                  "model.language_model.layers.0.mlp.up_proj.weight"])  # fmt: skip
def test_numbers_that_are_not_finite(name: str, pair: PairFolders, tmp_path: Path) -> None:
    def spoil(tensors: Tensors) -> None:
        tensors[name] = mx.where(mx.arange(tensors[name].shape[-1]) == 3, mx.nan, tensors[name])
        tensors[name] = tensors[name].astype(mx.bfloat16)

    edit_weights(pair.target, spoil)
    refused(DamagedModel, "holds numbers that are not finite", pair.target, tmp_path / "out")


def test_what_cannot_be_converted(pair: PairFolders, tmp_path: Path) -> None:
    packed = write_pair(
        tmp_path / "packed", E4B, spelling=Spelling(keys="mlx", quantization=Quantization())
    )
    out = tmp_path / "out"
    refused(UnsupportedModel, "quantised already", packed.target, out)
    refused(UnsupportedModel, "quantised already", packed.drafter, out)
    refused(UsageError, "5 bits", pair.target, out, bits=5)
    readonly = tmp_path / "file"
    readonly.touch()
    refused(NotWritable, "cannot be written to", pair.target, readonly / "out")
    edit_weights(pair.drafter, lambda t: t.pop("model.layers.1.mlp.up_proj.weight"))
    refused(DamagedModel, "1 tensors are missing", pair.drafter, out)
    name = "model.language_model.layers.0.mlp.up_proj.weight"
    edit_weights(pair.target, lambda t: t.update({name: t[name].astype(mx.int32)}))
    refused(DamagedModel, "up_proj", pair.target, out)
    shutil.rmtree(pair.target)
    pair.target.mkdir()
    edit = {"model_type": "gemma4"}
    (pair.target / "config.json").write_text(json.dumps(edit))
    refused(IncompleteModel, "no safetensors", pair.target, out)
    assert not work_folder(out).exists()


@pytest.mark.usefixtures("untested")
def test_a_head_of_its_own_is_kept(pair: PairFolders, tmp_path: Path) -> None:
    """A head that differs from the embedding counts, and mlx-lm must be told of it."""

    def double(tensors: Tensors) -> None:
        tensors["lm_head.weight"] = tensors["lm_head.weight"] * 2

    edit_weights(pair.target, double)
    convert(pair.target, tmp_path / "out", Progress(), bits=4)
    assert "language_model.lm_head.scales" in tensors(tmp_path / "out")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["tie_word_embeddings"] is config["text_config"]["tie_word_embeddings"] is False


def test_what_does_not_fit_is_not_measured(
    pair: PairFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(_folder: Path) -> float:
        raise OutOfMemory("It needs 60.0 GB of memory here, and 1.0 GB are free.", "Close some.")

    monkeypatch.setattr(module, "MOST_OF_MEMORY", 0.0)
    measured = convert(pair.target, tmp_path / "measured", Progress(), bits=4)
    assert measured.perplexity is not None
    assert measured.source_perplexity is None
    assert str(measured.unmeasured).startswith("The source was not measured: it needs 0.0 GB")
    monkeypatch.setattr(module, "perplexity", too_large)
    converted = convert(pair.target, tmp_path / "out", Progress(), bits=4)
    assert converted.perplexity is None
    assert converted.unmeasured is not None
    assert converted.unmeasured.startswith("The result was not measured: It needs 60.0 GB")
