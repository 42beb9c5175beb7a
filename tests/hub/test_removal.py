"""Removing frees what it says, and touches nothing but one repository of the Hub's cache."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mtp_mlx.errors import LoadError, ModelNotFound
from mtp_mlx.hub.in_use import hold, is_loaded, is_locked
from mtp_mlx.hub.places import inventory
from mtp_mlx.hub.removal import Removal, plan_removal, remove
from tests.support.layouts import into_cache, write_model

NAME, OTHER = "google/gemma-4-E4B-it", "mlx-community/gemma-4-e4b-it-4bit"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def cache(home: Path) -> Path:
    return home / ".cache" / "huggingface" / "hub"


def plan(name: str, *own: Path) -> Removal:
    return plan_removal(name, inventory(own).places)


def bytes_in(folder: Path) -> int:
    """The bytes of all files, those with two names counted once, and without links."""
    files = [file.lstat() for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
    return sum({(file.st_dev, file.st_ino): file.st_size for file in files}.values())


def test_all_revisions_go_and_the_bytes_are_named(home: Path, cache: Path) -> None:
    snapshot = into_cache(cache, NAME, write_model(home / "a", "E4B"))
    into_cache(cache, NAME, write_model(home / "b", "E2B"), commit="b" * 40)
    other = into_cache(cache, OTHER, write_model(home / "c", "E4B"))
    folder = snapshot.parents[1]
    (folder / "blobs" / "12.mtp.incomplete").write_bytes(bytes(1000))
    before = bytes_in(cache)
    removal = plan(NAME)
    assert removal.folder == str(folder)
    assert (removal.is_loaded, removal.readers, removal.copies) == (False, (), ())
    assert bytes_in(cache) == before
    remove(removal)
    assert not folder.exists()
    assert before - bytes_in(cache) == removal.freed_bytes
    assert (other / "model.safetensors").is_file()
    assert plan(str(other)).repository == OTHER
    assert plan(str(other.parents[1])).repository == OTHER


def test_a_revision_of_the_same_name_elsewhere_stays(home: Path, cache: Path) -> None:
    """The library looks a revision up in all repositories."""
    names = [NAME, *(f"a/{i}" for i in range(6))]
    for name in names:
        write_model(cache / f"models--{name.replace('/', '--')}" / "snapshots" / "1", "E4B")
    remove(plan(NAME))
    assert [model.name for model in inventory().places[0].models] == names[1:]


@pytest.mark.parametrize("is_marked", [True, False])
def test_a_shared_blob_is_freed_with_its_last_repository(
    home: Path, cache: Path, *, is_marked: bool
) -> None:
    for name, folder in ((NAME, "a"), (OTHER, "b")):
        into_cache(cache, name, write_model(home / folder, "E4B"), shared=True)
    store = cache / "blobs"
    if not is_marked:
        (store / ".huggingface-shared-blobs").unlink()
    blobs = sum(file.stat().st_size for file in store.glob("??/*") if len(file.name) == 64)
    freed = [plan(name) for name in (NAME, OTHER)]
    assert all(removal.freed_bytes < 100 for removal in freed)
    remove(freed[0])
    last = plan(OTHER)
    assert (last.freed_bytes >= blobs) == is_marked
    before = bytes_in(cache)
    remove(last)
    notes = 0 if not is_marked else before - bytes_in(cache) - last.freed_bytes
    assert 0 <= notes < 1000  # the store's lists of references
    assert any(len(file.name) == 64 for file in store.glob("??/*")) != is_marked


def test_a_download_that_has_only_begun_is_removed(home: Path, cache: Path) -> None:
    blobs = cache / "models--a--begun" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "12.mtp.incomplete").write_bytes(bytes(1000))
    removal = plan("a/begun")
    assert removal.freed_bytes == 1000
    remove(removal)
    assert not blobs.parent.exists()


def test_what_belongs_to_others_stays(home: Path, cache: Path) -> None:
    studio = write_model(home / ".lmstudio" / "models" / NAME, "E4B")
    own = write_model(home / "own" / "mine", "E4B")
    for name in (NAME, str(studio)):
        with pytest.raises(LoadError, match=r"belongs to LM Studio.*Remove it in LM Studio"):
            plan(name)
    with pytest.raises(LoadError, match=r"lies in a folder of yours.*trash"):
        plan(str(own), own.parent)
    for nothing in ("nobody/nothing", "", "~", "\0"):
        with pytest.raises(ModelNotFound, match="no model"):
            plan(nothing)
    into_cache(cache, NAME, write_model(home / "a", "E4B"))
    removal = plan(NAME)
    assert removal.copies == (str(studio),)
    remove(removal)
    assert (studio / "model.safetensors").is_file()


def test_what_is_being_fetched_stays(home: Path, cache: Path) -> None:
    into_cache(cache, NAME, write_model(home / "a", "E4B"))
    lock = cache / ".locks" / "models--google--gemma-4-E4B-it" / "mtp.lock"
    lock.parent.mkdir(parents=True)
    removal = plan(NAME)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(LoadError, match=r"is being fetched.*Stop the fetch"):
            plan(NAME)
        with pytest.raises(LoadError, match="is being fetched"):
            remove(removal)
    remove(removal)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (PermissionError(13, "Permission denied"), "the system does not allow it"),
        (OSError(30, "Read-only file system"), "Read-only file system"),
    ],
)
def test_a_disk_that_refuses_is_told(
    home: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, why: str
) -> None:
    into_cache(cache, NAME, write_model(home / "a", "E4B"))
    removal = plan(NAME)

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(LoadError, match=f"could not be removed: {why}"):
        remove(removal)
    assert plan(NAME) == removal


def test_a_link_in_the_cache_is_removed_alone(home: Path, cache: Path) -> None:
    folder = home / "drive" / "models--google--gemma-4-E4B-it"
    write_model(folder / "snapshots" / "1", "E4B")
    cache.mkdir(parents=True)
    (cache / folder.name).symlink_to(folder)
    removal = plan(NAME)
    assert removal.freed_bytes == 0
    remove(removal)
    assert not (cache / folder.name).exists()
    assert (folder / "snapshots" / "1" / "model.safetensors").is_file()


HOLDER = """
import sys
from pathlib import Path
from mtp_mlx.hub.in_use import hold
held = hold(Path(sys.argv[1]))
weights = open(Path(sys.argv[1]) / "model.safetensors")
print(held is not None, flush=True)
sys.stdin.read()
"""


def test_a_model_in_use_is_told(home: Path, cache: Path) -> None:
    snapshot = into_cache(cache, NAME, write_model(home / "a", "E4B"))
    command = [sys.executable, "-c", HOLDER, str(snapshot)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"True\n"
        removal = plan(NAME)
        assert removal.is_loaded
        assert [reader.startswith("python") for reader in removal.readers] == [True]
        program.communicate()
    assert not plan(NAME).is_loaded


def test_a_hold_ends_with_its_holder(tmp_path: Path) -> None:
    model = write_model(tmp_path / "a", "E4B")
    holds = [hold(model), hold(model)]
    assert is_loaded(model)
    holds.clear()
    assert not is_loaded(model)
    assert hold(tmp_path / "nothing") is None
    assert not is_locked(tmp_path / "nothing")
    os.mkfifo(tmp_path / "config.json")
    assert not is_loaded(tmp_path)
