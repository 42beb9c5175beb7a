"""`mtp-mlx models convert`: from a name on this disk to a model that is listed."""

from __future__ import annotations

import fcntl
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mtp_mlx.cli.main import run
from mtp_mlx.hub.conversions import LOCK, work_folder
from mtp_mlx.hub.progress import Status, shown
from mtp_mlx.loading import conversion_file
from mtp_mlx.loading import convert as module
from tests.support.checkpoints import write_pair
from tests.support.layouts import into_cache
from tests.support.shapes import E4B
from tests.support.spelling import Spelling

TARGET, DRAFTER = "google/gemma-4-E4B-it", "google/gemma-4-E4B-it-assistant"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "OLLAMA_MODELS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("MTP_MLX_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(module, "perplexity", lambda _folder: 12.5)
    pair = write_pair(tmp_path, E4B, spelling=Spelling(keys="multimodal", dtype="bfloat16"))
    into_cache(tmp_path / "hub", TARGET, pair.target)
    into_cache(tmp_path / "hub", DRAFTER, pair.drafter)
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_repository_and_its_drafter(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "convert", TARGET, "--drafter", "--json"]) == 0
    told = lines(capsys)
    phases = [line["phase"] for line in told if line["phase"] != "done"]
    assert list(dict.fromkeys(phases)) == ["checking", "converting", "testing"]
    models = home / "data" / "models"
    made = told[-1]
    assert made["phase"] == "done"
    assert made["done"] == made["total"] > 0
    assert made["folder"] == str(models / "gemma-4-E4B-it-4bit")
    assert [(m["part"], m["perplexity"]) for m in made["models"]] == [
        ("drafter", None), ("target", 12.5)
    ]  # fmt: skip
    assert run(["models", "places", "--json"]) == 0
    (found,) = lines(capsys)
    assert [(m["name"], m["state"]) for m in found["places"][-1]["models"]] == [
        ("gemma-4-E4B-it-4bit", "usable"), ("gemma-4-E4B-it-assistant-4bit", "usable")
    ]  # fmt: skip

    assert run(["models", "convert", TARGET, "--json"]) == 2
    (refusal,) = [line for line in lines(capsys) if line["phase"] == "failed"]
    assert refusal["code"] == "usage"
    assert "already" in refusal["message"]

    again = models / "again"  # beside the quantised drafter, which is its best one
    (snapshot,) = (home / "hub").glob(f"models--{TARGET.replace('/', '--')}/snapshots/*")
    shutil.copytree(snapshot, again)
    command = ["models", "convert", str(again), str(home / "mine"), "--bits", "8", "--drafter"]
    assert run(command) == 0
    said = capsys.readouterr().out
    assert "perplexity is 12.50, and its source 12.50" in said
    assert "~/gemma-4-E4B-it-assistant-8bit" in said  # made of the drafter in bf16
    assert run(["models", "places"]) == 0
    assert "~/mine" in capsys.readouterr().out  # wherever it lies


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "google/gemma-4-31B-it",
            "it is not on this disk. Fetch it with `mtp-mlx models fetch google/gemma-4-31B-it`.",
        ),
        ("nowhere", "There is no folder 'nowhere' here. Give an existing folder"),
    ],
)
def test_what_is_not_here(name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "convert", name]) == 1
    error = capsys.readouterr().err
    assert said in error


def test_a_reader_that_goes_away_ends_the_work() -> None:
    """As a window does that is closed."""

    def gone(_status: Status) -> None:
        raise BrokenPipeError

    def work(progress: Any) -> None:
        progress.begin("checking")
        while True:
            pass

    with pytest.raises(BrokenPipeError):
        shown(work, gone)


class Stopped(Exception):
    """Ends a conversion as a kill would."""


@pytest.fixture
def interrupted(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    """A pair of which the drafter is converted, and nothing of the target yet."""
    write = conversion_file.write_file
    written: list[Path] = []

    def once(path: Path, shard: Any, tell: Any) -> Any:
        if written:
            raise Stopped
        written.append(path)
        return write(path, shard, tell)

    monkeypatch.setattr(module, "write_file", once)
    assert run(["models", "convert", TARGET, "--drafter", "--json"]) == 1
    monkeypatch.setattr(module, "write_file", write)
    capsys.readouterr()
    return home / "data" / "models" / "gemma-4-E4B-it-4bit"


def begun(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    assert run(["models", "list", "--json"]) == 0
    (found,) = lines(capsys)
    conversions: list[dict[str, Any]] = found["conversions"]
    return conversions


def test_an_interrupted_conversion_is_named_and_goes_on(
    interrupted: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = begun(capsys)
    (snapshot,) = (home / "hub").glob(f"models--{TARGET.replace('/', '--')}/snapshots/*")
    assert found.pop("total") > 0
    assert found == {
        "name": interrupted.name, "out": str(interrupted), "source": str(snapshot), "bits": 4,
        "group": 32, "done": 0, "is_running": False,
    }  # fmt: skip
    assert run(["models", "list"]) == 0
    said = capsys.readouterr().out
    assert "Conversion gemma-4-E4B-it-4bit: not finished: 0 %" in said
    with (work_folder(interrupted) / LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert begun(capsys)[0]["is_running"]
        assert run(["models", "remove", str(interrupted), "--yes", "--json"]) == 1
        assert "gemma-4-E4B-it-4bit is being made." in capsys.readouterr().err
    # The same order again: the drafter is whole, and is not in the way
    assert run(["models", "convert", TARGET, "--drafter", "--json"]) == 0
    assert [model["part"] for model in lines(capsys)[-1]["models"]] == ["target"]
    assert begun(capsys) == []


def test_it_goes_on_by_what_the_list_says_of_it(
    interrupted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = begun(capsys)
    where = [found["source"], found["out"], "--bits", "4", "--group", "32"]
    assert run(["models", "convert", *where, "--json"]) == 0
    assert lines(capsys)[-1]["folder"] == str(interrupted)
    assert begun(capsys) == []


def test_conversions_are_removed_begun_or_whole(
    interrupted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = work_folder(interrupted)
    drafter = interrupted.with_name("gemma-4-E4B-it-assistant-4bit")
    for folder, name in ((work, interrupted), (drafter, drafter)):
        size = sum(file.stat().st_size for file in folder.iterdir())
        assert run(["models", "remove", str(name), "--json"]) == 0
        assert folder.is_dir()
        (plan,) = lines(capsys)
        assert (plan["repository"], plan["freed_bytes"]) == (name.name, size)
        assert run(["models", "remove", str(name), "--yes", "--json"]) == 0
        assert not folder.exists()
        capsys.readouterr()
    assert begun(capsys) == []
    assert run(["models", "remove", str(interrupted), "--json"]) == 1


def test_a_folder_of_the_users_is_not_removed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "convert", DRAFTER, str(home / "mine"), "--json"]) == 0
    capsys.readouterr()
    assert run(["models", "remove", str(home / "mine"), "--yes", "--json"]) == 1
    assert "lies in a folder of yours" in capsys.readouterr().err
    assert (home / "mine").is_dir()


def test_a_plan_writes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [TARGET, "--drafter", "--bits", "8", "--plan"]
    assert run(["models", "convert", *options, "--json"]) == 0
    (plan,) = lines(capsys)
    models = home / "data" / "models"
    assert [(one["part"], one["name"]) for one in plan["models"]] == [
        ("drafter", "gemma-4-E4B-it-assistant-8bit"), ("target", "gemma-4-E4B-it-8bit")
    ]  # fmt: skip
    assert plan["folder"] == str(models)
    assert plan["size_bytes"] == sum(one["size_bytes"] for one in plan["models"])
    assert plan["is_enough"]
    assert not models.exists()
    monkeypatch.setattr("mtp_mlx.hub.listing.free_bytes", lambda _folder: 10**9)
    assert run(["models", "convert", *options]) == 0
    assert "1.0 GB are free there, which is too little." in capsys.readouterr().out
    (models / "gemma-4-E4B-it-8bit").mkdir(parents=True)
    (models / "gemma-4-E4B-it-8bit" / "x").touch()
    assert run(["models", "convert", *options, "--json"]) == 2
    assert "something at" in capsys.readouterr().err
