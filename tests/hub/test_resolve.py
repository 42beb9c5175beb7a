from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import pytest

from mtp_mlx.errors import LoadError, ModelNotFound
from mtp_mlx.hub import resolve as module
from mtp_mlx.hub.cache import cache_folder, whole_snapshot
from mtp_mlx.hub.resolve import DEMO_FOLDER, OwnDrafter, resolve, resolve_drafter
from tests.support.layouts import write_model

REPOSITORY = "google/gemma-4-E2B-it"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a network that fails the test when it is asked."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "_fetched", no_network)
    return tmp_path


def no_network(repository: str, *_: object) -> NoReturn:
    raise AssertionError(repository)


def snapshot(cache: Path, repository: str, *names: str) -> Path:
    """Put a repository into the cache as huggingface_hub lays it out."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("a" * 40)
    found = folder / "snapshots" / ("a" * 40)
    found.mkdir(parents=True)
    for name in names:
        (found / name).write_text("{}")
    return found


def test_a_folder_is_itself(tmp_path: Path) -> None:
    assert resolve(str(tmp_path)) == tmp_path


def test_the_built_in_pair_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)  # a folder of that name does not hide it
    assert resolve("demo") == DEMO_FOLDER / "target"
    target, own = DEMO_FOLDER / "target", OwnDrafter(DEMO_FOLDER / "drafter")
    assert resolve_drafter(None, "demo", target) == own
    assert resolve_drafter("demo", str(tmp_path), tmp_path) == own
    assert resolve_drafter(None, str(target), target) == own


def test_a_missing_built_in_pair_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEMO_FOLDER", tmp_path / "nothing")
    with pytest.raises(ModelNotFound, match="--target"):
        resolve("demo")


@pytest.mark.parametrize(
    "name", ["nothing", "./no/folder", "~nobody-here", "a/b/c", "x" * 5000, ""]
)
def test_a_name_that_is_nothing_is_told(name: str, cache: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"no folder.*repository id"):
        resolve(name)


def test_a_cached_repository_needs_no_network(cache: Path) -> None:
    texts = ("tokenizer.json", "chat_template.jinja")
    found = snapshot(cache, REPOSITORY, "config.json", "model.safetensors", *texts)
    assert resolve(REPOSITORY) == found


@pytest.mark.parametrize("names", [("config.json",), ("model.safetensors",), ()])
def test_a_cut_download_is_taken_up_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    snapshot(cache, REPOSITORY, *names)
    monkeypatch.setattr(module, "_fetched", lambda *_: cache)
    assert resolve(REPOSITORY) == cache


def test_an_index_tells_which_files_are_missing(cache: Path) -> None:
    found = snapshot(cache, REPOSITORY, "config.json", "one.safetensors")
    weights = {"a": "one.safetensors", "b": "two.safetensors"}
    index = found / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weights}))
    assert whole_snapshot(REPOSITORY) is None
    (found / "two.safetensors").write_text("{}")
    assert whole_snapshot(REPOSITORY) == found
    index.write_text("[]")  # it is needed: no name tells that these are model files
    assert whole_snapshot(REPOSITORY) is None


TARGET = "mlx-community/gemma-4-e2b-it-4bit"


def test_the_targets_own_drafter_is_found(cache: Path) -> None:
    drafter = snapshot(cache, f"{REPOSITORY}-assistant", "config.json", "model.safetensors")
    assert resolve_drafter(None, TARGET, cache) == OwnDrafter(drafter)


def test_a_local_target_has_the_drafter_of_its_shape(cache: Path, tmp_path: Path) -> None:
    target = tmp_path / "there" / "mine"
    target.mkdir(parents=True)
    assert resolve_drafter(None, str(target), target) is None
    write_model(target, "E2B")
    with pytest.raises(ModelNotFound, match="--drafter google/gemma-4-E2B-it-assistant"):
        resolve_drafter(None, str(target), target)
    write_model(tmp_path / "there" / "other", "E4B", "drafter")
    published = f"{REPOSITORY}-assistant"
    damaged = snapshot(cache, published, "config.json", "model.safetensors")
    assert resolve_drafter(None, str(target), target) == OwnDrafter(damaged)
    write_model(damaged, "E2B", "drafter")
    assert resolve_drafter(None, str(target), target) == OwnDrafter(damaged)
    beside = write_model(tmp_path / "there" / "tuned", "E2B", "drafter")
    note = "Drafts come from tuned in there, which fits this target."
    assert resolve_drafter(None, str(target), target) == OwnDrafter(beside, note)
    (target / "config.json").write_text("{")
    assert resolve_drafter(None, str(target), target) is None


def test_what_another_program_has_is_not_fetched(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    studio = tmp_path / ".lmstudio" / "models"
    target = write_model(studio / TARGET, "E2B")
    assert resolve(TARGET) == target
    drafter = write_model(studio / f"{REPOSITORY}-assistant", "E2B", "drafter")
    assert resolve_drafter(None, TARGET, target) == OwnDrafter(drafter)
    trained = f"{REPOSITORY}-qat-q4_0-unquantized"
    other = write_model(studio / trained, "E2B")
    with pytest.raises(AssertionError, match=f"{trained}-assistant"):  # it has one of its own
        resolve_drafter(None, trained, other)
    (drafter / "model.safetensors").unlink()
    with pytest.raises(AssertionError, match="-assistant"):
        resolve_drafter(None, TARGET, target)
    (target / "tokenizer.json").unlink()
    assert resolve(TARGET, with_texts=False) == target
    with pytest.raises(AssertionError, match="4bit"):
        resolve(TARGET)


def test_a_drafter_that_fits_stands_in_for_one_out_of_reach(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object) -> NoReturn:
        raise LoadError("No network.", "Go online.")

    target = write_model(tmp_path / "mine" / "target", "E2B")
    other = write_model(tmp_path / "mine" / "other", "E2B", "drafter")
    with pytest.raises(AssertionError, match="-assistant"):  # the published one is asked for
        resolve_drafter(None, TARGET, target)
    monkeypatch.setattr(module, "_fetched", offline)
    assert resolve_drafter(None, TARGET, target) == OwnDrafter(
        other, "Drafts come from other in mine, which fits this target."
    )
    (other / "config.json").unlink()
    with pytest.raises(LoadError, match="No network"):
        resolve_drafter(None, TARGET, target)


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert cache_folder() == Path.home() / ".cache/huggingface/hub"
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder() == Path("/x/huggingface/hub")
    monkeypatch.setenv("HF_HOME", "/h")
    assert cache_folder() == Path("/h/hub")
    monkeypatch.setenv("HF_HUB_CACHE", "/c")
    assert cache_folder() == Path("/c")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone/model", "gone/model is not there: it was moved or removed, or its disk is not conn"),
        ("file", "file is a file and no folder. Choose the folder it lies in."),
        ("file/below", "file/below is not there"),
        ("circle", "circle cannot be read: Too many levels of symbolic links. Put a real"),
    ],
)
def test_a_folder_that_is_not_there_today_is_no_mistake(
    tmp_path: Path, cache: Path, name: str, words: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(LoadError) as told:
        resolve(str(tmp_path / name))
    assert words in str(told.value)
