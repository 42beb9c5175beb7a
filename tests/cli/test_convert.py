"""`mtp-mlx models convert`: from a name on this disk to a model that is listed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mtp_mlx.cli.main import run
from mtp_mlx.hub.progress import Status, shown
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
        ("google/gemma-4-31B-it", "Fetch it with `mtp-mlx models fetch google/gemma-4-31B-it`."),
        ("nowhere", "Give an existing folder"),
    ],
)
def test_what_is_not_here(name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "convert", name]) == 1
    error = capsys.readouterr().err
    assert f"{name} is not on this disk. {said}" in error


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
