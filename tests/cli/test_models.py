"""`mtp-mlx models`: what is on this disk, in words and as JSON, and its removal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import pytest

from mtp_mlx.cli.main import run
from mtp_mlx.hub.in_use import hold
from tests.support.layouts import into_cache, ollama_model, true_config, write_model

TARGET, DRAFTER = "mlx-community/gemma-4-e4b-it-4bit", "google/gemma-4-E4B-it-assistant"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "OLLAMA_MODELS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


@pytest.fixture
def models(home: Path) -> None:
    """A target in the Hub's cache, its drafter in LM Studio, and some that are not usable."""
    into_cache(home / "hub", TARGET, write_model(home / "a", "E4B"))
    write_model(home / ".lmstudio" / "models" / DRAFTER, "E4B", "drafter")
    cut = write_model(home / "b", "E2B", file="model-00001-of-00002.safetensors")
    into_cache(home / "hub", "google/gemma-4-E2B-it", cut)
    write_model(home / ".mlx-serve" / "models" / "someone" / "finetune", "12B")
    ollama_model(home / ".ollama" / "models", "gemma4", "12b")


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["models", *arguments]) == 0
    return capsys.readouterr().out


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    value = json.loads(shown(capsys, *arguments, "--json"))
    assert isinstance(value, dict)
    return value


@pytest.mark.usefixtures("models")
def test_the_list_marks_what_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys).splitlines()
    assert lines == shown(capsys, "list").splitlines()
    words = {line.split()[1]: line for line in lines if line.startswith(("  target", "  drafter"))}
    assert words[TARGET].endswith("[on this disk]")
    assert len([line for line in lines if TARGET in line]) == 1
    assert words[DRAFTER].endswith("[on this disk]")
    assert words["google/gemma-4-E2B-it"].endswith("[download not finished]")
    assert words["google/gemma-4-31B-it"].endswith("62.5 GB")
    at = lines.index(words[DRAFTER])
    assert lines[at + 1].strip() == f"~/.lmstudio/models/{DRAFTER}"
    assert "bf16" in words["someone/finetune"]
    assert "12B" in lines[lines.index(words["someone/finetune"]) - 4]
    assert lines[-1] == "1 more cannot be used; `mtp-mlx models places` says why."


@pytest.mark.usefixtures("models")
def test_the_list_as_json(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    values = as_json(capsys, "list")
    entries = {
        e["name"]: e for pair in values["pairs"] for e in (*pair["targets"], *pair["drafters"])
    }
    assert entries[TARGET]["state"] == "on this disk"
    assert entries["google/gemma-4-E2B-it"]["state"] == "download not finished"
    assert entries["google/gemma-4-E4B-it"]["state"] is None
    assert entries["google/gemma-4-E4B-it"]["path"] is None
    assert entries[DRAFTER]["path"] == str(home / ".lmstudio" / "models" / DRAFTER)
    assert entries[DRAFTER]["size_bytes"] < 10_000  # what is here, not what the catalogue says
    assert entries["someone/finetune"]["repository"] == "someone/finetune"
    places = as_json(capsys, "places")
    assert places == {name: values[name] for name in ("places", "pairings")}
    owners = [place["owner"] for place in places["places"]]
    assert owners == ["hub", "lm-studio", "mlx-serve", "ollama"]
    pairings = {p["target"]["name"]: p for p in places["pairings"]}
    assert [choice["model"]["name"] for choice in pairings[TARGET]["drafters"]] == [DRAFTER]
    assert pairings["someone/finetune"]["drafters"] == []


@pytest.mark.usefixtures("models")
def test_the_places(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    text = shown(capsys, "places")
    assert "Hugging Face: ~/hub (" in text
    assert f"{TARGET}: target, Gemma 4 E4B, bf16, 0.0 MB" in text
    merits = "published for it, trained alike, published for its shape, not quantised"
    assert f"drafter: {DRAFTER} ({merits})" in text
    assert "no drafter on this disk; google/gemma-4-12B-it-assistant is its own" in text
    assert "incomplete: 1 of 2 weight files are missing" in text
    assert "unsupported: Ollama keeps this model as GGUF" in text


def test_a_users_folder_is_added_and_forgotten(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    drive = home / "drive"
    write_model(drive / "mine", "26B-A4B")
    (drive / "mine" / "tokenizer.json").unlink()
    assert "models/nothing" not in shown(capsys, "add", str(drive))
    text = shown(capsys, "places")
    assert "drive: ~/drive (" in text
    assert "without tokenizer" in text
    assert "mine" in shown(capsys, "list")
    drive.rename(home / "away")
    assert "drive: ~/drive (not connected)" in shown(capsys, "places")
    assert "not listed" in shown(capsys, "forget", str(drive))
    assert "drive" not in shown(capsys, "places")
    assert run(["models", "add", str(drive)]) == 2
    assert "There is no folder" in capsys.readouterr().err
    assert run(["models", "forget", str(drive)]) == 2


def test_a_model_of_no_known_size_is_listed_with_its_folder(
    capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = write_model(home / "own" / "tiny", "E4B")
    config = true_config("E4B")
    config["text_config"] |= {"hidden_size": 64}
    (tiny / "config.json").write_text(json.dumps(config))
    shown(capsys, "add", str(home / "own"))
    lines = shown(capsys, "list").splitlines()
    at = lines.index("Others on this disk")
    assert lines[at + 1].split()[:3] == ["target", "tiny", "bf16"]
    assert lines[at + 2].strip() == "~/own/tiny"
    assert "no drafter on this disk\n" in shown(capsys, "places")

    def refuse(_: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refuse)
    assert "own: ~/own (own cannot be read: Permission denied)" in shown(capsys, "places")


def test_an_empty_place_is_listed(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    (home / ".mtplx" / "models").mkdir(parents=True)
    assert "MTPLX: ~/.mtplx/models (no models)" in shown(capsys, "places")


@pytest.mark.usefixtures("models")
def test_removing_tells_who_uses_it(
    capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = write_model(home / ".lmstudio" / "models" / TARGET, "E4B")
    monkeypatch.setattr("mtp_mlx.hub.removal.programs_reading", lambda _: ("LM Studio",))
    held = hold(next((home / "hub").glob("models--mlx*/snapshots/*")))
    assert held is not None
    text = shown(capsys, "remove", TARGET, "--yes")
    assert "A running MTP MLX has loaded it" in text
    assert "Files of it are open in LM Studio." in text
    assert f"A copy stays in ~/.lmstudio/models/{TARGET}." in text
    assert copy.is_dir()


@pytest.mark.usefixtures("models")
def test_removing_asks_first(
    capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / "hub" / "models--mlx-community--gemma-4-e4b-it-4bit"
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    assert run(["models", "remove", TARGET]) == 130
    asked = capsys.readouterr()
    assert f"{TARGET}: 0.0 MB in ~/hub/{folder.name}" in asked.out
    planned = as_json(capsys, "remove", TARGET)
    assert (planned["repository"], planned["removed"]) == (TARGET, False)
    assert folder.is_dir()
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "y")
    assert "free again" in shown(capsys, "remove", TARGET)
    assert not folder.exists()
    removed = as_json(capsys, "remove", "google/gemma-4-E2B-it", "--yes")
    assert removed["removed"]
    assert not list((home / "hub").glob("models--*"))


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        (DRAFTER, "belongs to LM Studio. Remove it in LM Studio."),
        ("gemma4:12b", "belongs to Ollama. Remove it in Ollama."),
        ("someone/nothing", "There is no model 'someone/nothing' on this disk."),
    ],
)
def test_what_is_not_in_the_cache_is_not_removed(
    capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    assert run(["models", "remove", name, "--yes"]) == 1
    assert words in capsys.readouterr().err
