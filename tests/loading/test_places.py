"""A pair loads from wherever a program keeps it, and brings its drafter without being told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mtp_mlx import api
from mtp_mlx.hub.in_use import is_loaded
from mtp_mlx.hub.places import inventory
from mtp_mlx.loading import load_pair
from tests.loading.conftest import Copy
from tests.support.checkpoints import PairFolders
from tests.support.layouts import into_cache

TARGET, DRAFTER = "someone/tiny", "someone/tiny-assistant"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


def hub(home: Path, pair: PairFolders, *, shared: bool = False) -> Path:
    cache = home / ".cache" / "huggingface" / "hub"
    into_cache(cache, DRAFTER, pair.drafter, shared=shared)
    return into_cache(cache, TARGET, pair.target, shared=shared)


def shared_hub(home: Path, pair: PairFolders) -> Path:
    return hub(home, pair, shared=True)


def moved(*below: str, separator: str = "/") -> Callable[[Path, PairFolders], Path]:
    def laid_out(home: Path, pair: PairFolders) -> Path:
        there = home.joinpath(*below)
        for name, folder in ((DRAFTER, pair.drafter), (TARGET, pair.target)):
            place = there / name.replace("/", separator)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(folder, place)
        return there / TARGET.replace("/", separator)

    return laid_out


LAYOUTS = {
    "Hub": hub,
    "Hub, shared blobs": shared_hub,
    "LM Studio": moved(".lmstudio", "models"),
    "MTPLX": moved(".mtplx", "models", separator="--"),
    "mlx-serve": moved(".mlx-serve", "models"),
    "a folder in no place": moved("Downloads"),
}


TITLES = {
    "Hub": "Hugging Face",
    "Hub, shared blobs": "Hugging Face",
    "a folder in no place": "someone",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_target_brings_its_drafter(copy: Copy, home: Path, layout: str) -> None:
    folder = LAYOUTS[layout](home, copy("packed"))
    pair = load_pair(api.Load(target=str(folder)))
    assert pair.drafter is not None
    assert pair.info.quantization == "4-bit affine, group 32"
    place = TITLES.get(layout, layout)
    (note,) = (note for note in pair.info.notes if note.startswith("Drafts come from"))
    assert note.endswith(f"in {place}, which fits this target.")
    found = inventory(target=folder)
    (pairing,) = found.pairings
    assert pairing.target.precision == "4-bit"  # as loading has it
    assert is_loaded(folder)
    assert is_loaded(Path(pairing.drafters[0].model.path))
    del pair
    assert not is_loaded(folder)


@pytest.mark.parametrize("name", ["packed", "sharded", "multimodal"])
def test_the_list_knows_what_loading_knows(copy: Copy, name: str) -> None:
    pair = copy(name)
    (pairing,) = inventory(target=pair.target).pairings
    loaded = load_pair(api.Load(target=str(pair.target)))
    kind = {"packed": "4-bit"}.get(name, "fp32")
    assert (pairing.target.precision, pairing.target.title) == (kind, "Gemma 4")
    assert loaded.info.quantization.startswith({"fp32": "float32"}.get(kind, kind))
    assert pairing.target.lacks == ("tokenizer", "chat template")
    assert [choice.merits for choice in pairing.drafters] == [
        ("beside", "trained-alike") + (() if name == "packed" else ("unpacked",))
    ]
