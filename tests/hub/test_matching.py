"""Drafters are matched by shape; what is known of them orders those that fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtp_mlx.families import PAIRS
from mtp_mlx.hub.places import Inventory, inventory
from tests.support.layouts import layer_names, true_config, write_model, write_tensors

PACKED = {"model.x.weight": "U32", "model.x.scales": "BF16"}
QAT = "google/gemma-4-E4B-it-qat-q4_0-unquantized"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
    return tmp_path


def studio(home: Path) -> Path:
    return home / "home" / ".lmstudio" / "models"


def drafters(found: Inventory, target: str) -> list[tuple[str, tuple[str, ...]]]:
    (pairing,) = (p for p in found.pairings if p.target.name == target)
    return [(choice.model.name, choice.merits) for choice in pairing.drafters]


def test_only_the_same_shape_fits(home: Path) -> None:
    for pair in PAIRS:
        write_model(home / "own" / f"target {pair.name}", pair.name)
        write_model(home / "own" / f"drafter {pair.name}", pair.name, "drafter")
    found = inventory([home / "own"])
    assert len(found.pairings) == len(PAIRS)
    for pairing in found.pairings:
        (choice,) = pairing.drafters
        name = pairing.target.name.removeprefix("target ")
        assert choice.model.name == f"drafter {name}"
        assert (pairing.target.title, choice.model.title) == (f"Gemma 4 {name}",) * 2
        assert pairing.published == f"google/gemma-4-{name}-it-assistant"


def test_the_published_drafter_comes_first(home: Path) -> None:
    plain, qat = "google/gemma-4-E4B-it-assistant", f"{QAT}-assistant"
    packed = "mlx-community/gemma-4-e4b-it-assistant-8bit"
    for name in (plain, qat, packed):
        write_model(studio(home) / name, "E4B", "drafter")
    names = layer_names(true_config("E4B", "drafter"))
    write_tensors(studio(home) / packed / "model.safetensors", [*names, *PACKED], PACKED)
    for name in (QAT, "mlx-community/gemma-4-e4b-it-4bit"):
        write_model(studio(home) / name, "E4B")
    own = home / "own"
    write_model(own / "mine" / "strange", "E4B")
    write_model(own / "mine" / "tuned", "E4B", "drafter")
    found = inventory([own])
    assert [name for name, _ in drafters(found, "mlx-community/gemma-4-e4b-it-4bit")] == [
        plain,
        packed,
        "tuned",
        qat,
    ]
    assert drafters(found, QAT)[0] == (qat, ("published", "trained-alike", "unpacked"))
    assert drafters(found, "strange")[:2] == [
        ("tuned", ("beside", "trained-alike", "unpacked")),
        (plain, ("trained-alike", "published-for-shape", "unpacked")),
    ]


def test_what_is_not_whole_pairs_with_nothing(home: Path) -> None:
    own = home / "own"
    write_model(own / "target", "E4B")
    drafter = write_model(own / "drafter", "E4B", "drafter")
    assert len(drafters(inventory([own]), "target")) == 1
    (drafter / "model.safetensors").unlink()
    assert drafters(inventory([own]), "target") == []
    (own / "target" / "model.safetensors").write_bytes(b"cut")
    assert inventory([own]).pairings == ()
