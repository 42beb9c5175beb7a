"""Models are found in every program's layout, and nothing is asked of the network."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from mtp_mlx.hub import places as module
from mtp_mlx.hub.local_model import LocalModel
from mtp_mlx.hub.places import Inventory, Place, inventory
from mtp_mlx.printable import json_line, printable
from tests.support.layouts import (
    into_cache,
    layer_names,
    ollama_model,
    true_config,
    write_model,
    write_tensors,
)

TARGET, DRAFTER = "mlx-community/gemma-4-e4b-it-4bit", "google/gemma-4-E4B-it-assistant"
VARIABLES = (
    "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "OLLAMA_MODELS"
)  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any model, and a network that fails the test when it is asked."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def no_network(*_: object, **__: object) -> NoReturn:
        raise AssertionError

    monkeypatch.setattr(socket, "socket", no_network)
    monkeypatch.setattr(socket, "create_connection", no_network)
    return tmp_path / "home"


def models(*own: Path) -> list[LocalModel]:
    return [model for place in inventory(own).places for model in place.models]


def one_place(*own: Path) -> Place:
    (place,) = inventory(own).places
    return place


def hub(home: Path) -> None:
    cache = home / ".cache" / "huggingface" / "hub"
    into_cache(cache, TARGET, write_model(home / "a", "E4B"))
    into_cache(cache, DRAFTER, write_model(home / "b", "E4B", "drafter"))


def shared_hub(home: Path) -> None:
    cache = home / ".cache" / "huggingface" / "hub"
    into_cache(cache, TARGET, write_model(home / "a", "E4B"), shared=True)
    into_cache(cache, DRAFTER, write_model(home / "b", "E4B", "drafter"), shared=True)


def bare_hub(home: Path) -> None:
    """Snapshots without refs and blobs, as other programs copy them."""
    cache = home / ".cache" / "huggingface" / "hub"
    write_model(cache / "models--mlx-community--gemma-4-e4b-it-4bit/snapshots/1", "E4B")
    write_model(cache / "models--google--gemma-4-E4B-it-assistant/snapshots/1", "E4B", "drafter")


def organisations(*below: str) -> Callable[[Path], None]:
    def laid_out(home: Path) -> None:
        write_model(home.joinpath(*below, TARGET), "E4B")
        write_model(home.joinpath(*below, DRAFTER), "E4B", "drafter")

    return laid_out


def chosen_in_lm_studio(home: Path) -> None:
    organisations("drive")(home)
    (home / ".lmstudio").mkdir()
    settings = {"downloadsFolder": str(home / "drive"), "language": "en"}
    (home / ".lmstudio" / "settings.json").write_text(json.dumps(settings))


def moved_lm_studio(home: Path) -> None:
    organisations("elsewhere", "models")(home)
    (home / ".lmstudio-home-pointer").write_text(f"{home}/elsewhere\n")


def mtplx(home: Path) -> None:
    for repository, part in ((TARGET, "target"), (DRAFTER, "drafter")):
        folder = home / ".mtplx" / "models" / repository.replace("/", "--")
        write_model(folder, "E4B", part)  # type: ignore[arg-type]


LAYOUTS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "Hub": ("hub", hub),
    "Hub, shared blobs": ("hub", shared_hub),
    "Hub, bare": ("hub", bare_hub),
    "LM Studio": ("lm-studio", organisations(".lmstudio", "models")),
    "LM Studio, older": ("lm-studio", organisations(".cache", "lm-studio", "models")),
    "LM Studio, chosen": ("lm-studio", chosen_in_lm_studio),
    "LM Studio, moved": ("lm-studio", moved_lm_studio),
    "MTPLX": ("mtplx", mtplx),
    "mlx-serve": ("mlx-serve", organisations(".mlx-serve", "models")),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_pair_is_seen_in_the_layout_of_every_program(home: Path, layout: str) -> None:
    owner, lay_out = LAYOUTS[layout]
    lay_out(home)
    before = tree(home)
    found = inventory()
    assert tree(home) == before
    (place,) = found.places
    assert (place.owner, place.state, place.is_partial) == (owner, "connected", False)
    drafter, target = place.models
    assert [(m.repository, m.part) for m in place.models] == [
        (DRAFTER, "drafter"),
        (TARGET, "target"),
    ]
    for model in place.models:
        assert (model.title, model.state, model.precision) == ("Gemma 4 E4B", "usable", "bf16")
        assert (model.problem, model.lacks) == (None, ())
        assert (Path(model.path) / "config.json").is_file()
        assert model.size_bytes == sum(f.stat().st_size for f in Path(model.path).iterdir())
    assert place.size_bytes == sum(model.size_bytes for model in place.models)
    (pairing,) = found.pairings
    assert pairing.target == target
    assert [choice.model for choice in pairing.drafters] == [drafter]
    assert pairing.published == DRAFTER


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and the time of its last change."""
    return {
        str(file): (file.lstat().st_size, file.lstat().st_mtime_ns) for file in folder.rglob("*")
    }


@pytest.mark.parametrize(
    ("variable", "value", "below"),
    [
        ("HF_HUB_CACHE", "$WHERE/x", "x"),
        ("HUGGINGFACE_HUB_CACHE", "~/x", "x"),
        ("HF_HOME", "${WHERE}/x", "x/hub"),
        ("XDG_CACHE_HOME", "~/x", "x/huggingface/hub"),
    ],
)
def test_every_variable_of_the_hub_is_honoured(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, below: str
) -> None:
    monkeypatch.setenv("WHERE", str(home))
    monkeypatch.setenv(variable, value)
    into_cache(home / below, TARGET, write_model(home / "a", "E4B"))
    hub(home)  # and what lies where a program without the variable looks
    assert [place.path for place in inventory().places] == [
        str(home / below),
        str(home / ".cache" / "huggingface" / "hub"),
    ]
    assert len(inventory().pairings) == 2


def test_a_file_with_two_names_counts_once(home: Path) -> None:
    one = write_model(home / "own" / "one", "E4B")
    two = write_model(home / "own" / "two", "E4B")
    (two / "model.safetensors").unlink()
    os.link(one / "model.safetensors", two / "model.safetensors")
    (two / "again.safetensors").symlink_to("model.safetensors")
    place = one_place(home / "own")
    sizes = [model.size_bytes for model in place.models]
    assert sizes[0] == sizes[1]
    assert place.size_bytes == 2 * sizes[0] - (one / "model.safetensors").stat().st_size


def test_what_cannot_be_used_is_listed_with_its_reason(home: Path) -> None:
    own = home / "own"
    (own / "gguf").mkdir(parents=True)
    (own / "gguf" / "gemma-4-E4B-it-Q4_K_M.gguf").write_bytes(b"GGUF")
    write_model(own / "cut", "E4B", file="model-00001-of-00002.safetensors")
    write_model(own / "short", "E4B")
    with (own / "short" / "model.safetensors").open("ab") as file:
        file.write(b"x")
    write_model(own / "layers", "E4B")
    names = [name for name in layer_names(true_config("E4B")) if ".layers.7." not in name]
    adapter = "model.layers.7.mlp.lora_a"  # no layer
    write_tensors(own / "layers" / "model.safetensors", [*names, adapter])
    write_model(own / "llama", "E4B")
    (own / "llama" / "config.json").write_text(json.dumps({"model_type": "llama"}))
    write_model(own / "packed", "E4B")
    packed = true_config("E4B") | {"quantization_config": {"quant_method": "gptq"}}
    (own / "packed" / "config.json").write_text(json.dumps(packed))
    write_model(own / "odd", "E4B")
    odd = true_config("E4B")
    odd["text_config"] = odd["text_config"] | {"num_hidden_layers": {}}
    (own / "odd" / "config.json").write_text(json.dumps(odd))
    write_model(own / "bare", "E4B")
    (own / "bare" / "config.json").unlink()
    (own / "settings").mkdir()
    (own / "settings" / "config.json").write_text("{}")  # of no model at all
    states = {m.name: (m.state, m.part, m.problem) for m in one_place(own).models}
    assert states == {
        "gguf": ("unsupported", None, "gguf holds GGUF weights, which MLX does not run."),
        "cut": (
            "incomplete",
            "target",
            "1 of 2 weight files are missing, such as model-00002-of-00002.safetensors.",
        ),
        "short": ("damaged", "target", states["short"][2]),
        "layers": (
            "incomplete",
            "target",
            "The weight files of layers hold no tensor of layer 7.",
        ),
        "llama": ("unsupported", None, "The architecture 'llama' is not Gemma 4."),
        "packed": (
            "unsupported",
            "target",
            "The weights are packed by gptq, which MLX does not run.",
        ),
        "odd": ("damaged", None, states["odd"][2]),
        "bare": ("unsupported", None, "bare has no config.json."),
    }
    assert "bytes where" in str(states["short"][2])
    assert "num_hidden_layers" in str(states["odd"][2])
    assert inventory([own]).pairings == ()


def test_ollamas_models_are_listed_as_what_they_are(home: Path) -> None:
    folder = home / ".ollama" / "models"
    ollama_model(folder, "gemma4", "12b")
    ollama_model(folder, "gemma4", "mlx", kind="tensor")
    (folder / "manifests/registry.ollama.ai/library/gemma4/bad").write_text("{")
    place = one_place()
    assert [(m.name, m.state, m.size_bytes) for m in place.models] == [
        ("gemma4:12b", "unsupported", 4),
        ("gemma4:bad", "unsupported", 0),
        ("gemma4:mlx", "unsupported", 4),
    ]
    assert "as GGUF" in str(place.models[0].problem)
    assert "split by tensor" in str(place.models[2].problem)


def test_a_download_that_has_only_begun_is_listed(home: Path) -> None:
    cache = home / ".cache" / "huggingface" / "hub"
    blobs = cache / "models--a--begun" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "0123.incomplete").write_bytes(bytes(100))
    snapshot = into_cache(cache, "a/half", write_model(home / "x", "E4B"))
    (snapshot / "model.safetensors").unlink()
    half = cache / "models--a--half"
    (half / "blobs" / "45.incomplete").write_bytes(bytes(10_000))
    (cache / "models--a--empty" / "refs").mkdir(parents=True)
    (cache / "datasets--a--b" / "snapshots" / "1").mkdir(parents=True)
    begun, cut = one_place().models
    assert (begun.name, begun.state, begun.size_bytes) == ("a/begun", "incomplete", 100)
    assert (cut.name, cut.state, cut.part) == ("a/half", "incomplete", "target")
    assert cut.size_bytes > 10_000


def test_what_is_missing_today_stays_in_the_list(home: Path) -> None:
    (home / ".lmstudio").mkdir()
    settings = {"downloadsFolder": "/Volumes/nowhere/models"}
    (home / ".lmstudio" / "settings.json").write_text(json.dumps(settings))
    drive = home / "drive"
    listed = [(p.owner, p.path, p.state) for p in inventory([drive]).places]
    assert listed == [
        ("lm-studio", "/Volumes/nowhere/models", "not-connected"),
        ("own", str(drive), "not-connected"),
    ]
    usual = {"downloadsFolder": str(home / ".lmstudio" / "models")}
    (home / ".lmstudio" / "settings.json").write_text(json.dumps(usual))
    assert [place.owner for place in inventory([drive]).places] == ["own"]
    write_model(drive / "mine", "12B")
    place = inventory([drive]).places[-1]
    assert [(model.name, model.title) for model in place.models] == [("mine", "Gemma 4 12B")]


def test_a_folder_that_may_not_be_read_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, secret = home / "own", home / "own" / "secret"
    secret.mkdir(parents=True)
    real = os.scandir

    def refusing(*refused: Path) -> Callable[[Any], Any]:
        def scandir(folder: Any) -> Any:
            if Path(folder) in refused:
                raise PermissionError(13, "Permission denied", str(folder))
            return real(folder)

        return scandir

    monkeypatch.setattr(os, "scandir", refusing(secret))
    assert one_place(own).is_partial
    monkeypatch.setattr(os, "scandir", refusing(own))
    place = one_place(own)
    assert (place.state, place.models) == ("unreadable", ())
    assert place.problem == "own cannot be read: Permission denied."


def test_a_users_folder_may_hold_a_model_itself_or_a_cache(home: Path) -> None:
    own = write_model(home / "own", "E2B")
    size = sum(file.stat().st_size for file in own.iterdir())
    write_model(own / "org" / "deep", "E4B")
    write_model(own / "org" / "deep" / "too deep", "E4B")
    write_model(own / "flat", "E4B")
    write_model(own / "flat" / "a part of it", "E4B")
    write_model(own / ".Trash" / "gone", "E4B")
    into_cache(own / "hub", TARGET, write_model(home / "a", "E4B"))
    (own / "hub" / "._models--a--b").touch()
    place = one_place(own)
    assert [(m.name, m.repository) for m in place.models] == [
        ("deep", None),
        ("flat", None),
        (TARGET, TARGET),
        ("own", None),
    ]
    assert place.models[-1].size_bytes == size


def test_a_model_is_listed_once(home: Path) -> None:
    organisations(".lmstudio", "models")(home)
    own = home / "own"
    own.mkdir()
    (own / "loop").symlink_to(own)
    (own / "linked").symlink_to(home / ".lmstudio" / "models" / TARGET)
    write_model(own / "mine", "E2B")
    found = inventory([own, home / ".lmstudio", home / ".lmstudio" / "models", own])
    assert [(place.owner, len(place.models)) for place in found.places] == [
        ("lm-studio", 2),
        ("own", 1),
        ("own", 0),
    ]
    assert found.places[1].models[0].path == str(own / "mine")


def test_what_lies_in_the_way_neither_hangs_nor_fails(home: Path) -> None:
    own = home / "own"
    pipes = write_model(own / "pipes", "E4B")
    for name in ("config.json", "tokenizer_config.json", "model.safetensors"):
        (pipes / name).unlink(missing_ok=True)
        os.mkfifo(pipes / name)
    linked = write_model(own / "links", "E4B")
    (linked / "circle").symlink_to("circle")
    (linked / "broken.safetensors").symlink_to("nowhere")
    (own / "device").mkdir()
    (own / "device" / "config.json").symlink_to("/dev/zero")
    (own / "device" / "model.safetensors").symlink_to("/dev/zero")
    os.mkfifo(home / ".lmstudio-home-pointer")
    (home / ".lmstudio").mkdir()
    os.mkfifo(home / ".lmstudio" / "settings.json")
    write_model(own / "models--a--b" / "snapshots" / "1", "E4B")
    (own / "models--a--b" / "refs").mkdir()
    os.mkfifo(own / "models--a--b" / "refs" / "main")
    states = {model.name: model.state for model in one_place(own).models}
    assert states == {
        "pipes": "damaged",
        "links": "usable",
        "device": "damaged",
        "a/b": "usable",
    }


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "snapshots"])
def test_a_drive_that_goes_away_meanwhile_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    own = home / "own"
    write_model(own / "model", "E4B")
    write_model(own / "models--a--b" / "snapshots" / "1", "E4B")
    real = Path.stat

    def failing(file: Path, **named: bool) -> os.stat_result:
        if name in (file.name, file.parent.name):
            raise OSError(5, "Input/output error", str(file))
        return real(file, **named)

    monkeypatch.setattr(Path, "stat", failing)
    place = one_place(own)
    states = {model.name: model.state for model in place.models}
    if name == "snapshots":
        assert states == {"model": "usable"}
        assert place.is_partial
    else:
        assert states == {"model": "damaged", "a/b": "damaged"}


@pytest.mark.parametrize("chosen", ["a\0b", "x" * 5000, "~nobody/x", ""])
def test_an_impossible_folder_is_none(home: Path, chosen: str) -> None:
    (home / ".lmstudio").mkdir()
    (home / ".lmstudio" / "settings.json").write_text(json.dumps({"downloadsFolder": chosen}))
    assert all(place.state != "connected" for place in inventory().places)


def test_names_that_steer_are_kept_and_printable(home: Path) -> None:
    evil = "\x1b[31m\u202e\x9b"
    write_model(home / evil / evil, "E4B")
    place = one_place(home / evil)
    assert place.models[0].path == str(home / evil / evil)
    for shown in (json_line(place), printable(place.models[0].name)):
        assert not {"\x1b", "\u202e", "\x9b"} & set(shown)
    assert msgspec.json.decode(json_line(inventory([home / evil])), type=Inventory).places == (
        place,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is UTF-8")
def test_a_name_that_is_no_text_is_told(home: Path) -> None:
    write_model(home / "own" / os.fsdecode(b"\xff"), "E4B")
    (model,) = one_place(home / "own").models
    assert (model.name, model.state) == ("?", "unsupported")
    ollama_model(home / ".ollama" / "models", "gemma4", os.fsdecode(b"\xff"))
    assert msgspec.json.encode(inventory([home / "own"]))


def test_a_look_has_an_end(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = home / "own"
    for i in range(20):
        (own / f"{i:02}").mkdir(parents=True)
    write_model(own / "99", "E4B")
    assert len(one_place(own).models) == 1
    monkeypatch.setattr(module, "MOST_FOLDERS", 10)
    place = one_place(own)
    assert (place.models, place.is_partial) == ((), True)
    monkeypatch.setattr(module, "MOST_FOLDERS", 100)
    monkeypatch.setattr(module, "MOST_SECONDS", 0.0)
    assert one_place(own).is_partial


def test_thousands_of_files_are_no_matter(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder's names are read once; what is opened does not grow with them."""
    own = home / "own"
    folder = write_model(own / "model", "E4B")
    for i in range(1000):
        (own / f"{i}.txt").touch()
        (folder / f"{i}.txt").touch()
    opened: list[str] = []
    real = Path.open

    def counting(file: Path, *args: Any, **named: Any) -> Any:
        opened.append(file.name)
        return real(file, *args, **named)

    monkeypatch.setattr(Path, "open", counting)
    place = one_place(own)
    assert [(model.state, place.is_partial) for model in place.models] == [("usable", False)]
    assert len(opened) < 10
