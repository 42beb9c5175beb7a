from __future__ import annotations

import subprocess
import sys

import pytest

from mtp_mlx.families import PAIRS, drafter_for, pair_of
from mtp_mlx.families.gemma4.facts import pair_of_config


@pytest.mark.parametrize(
    ("target", "drafter"),
    [
        ("google/gemma-4-E2B-it", "google/gemma-4-E2B-it-assistant"),
        ("mlx-community/gemma-4-e4b-it-4bit", "google/gemma-4-E4B-it-assistant"),
        ("mlx-community/gemma-4-12B-it-8bit", "google/gemma-4-12B-it-assistant"),
        ("someone/gemma-4-26b-a4b-it-mxfp4", "google/gemma-4-26B-A4B-it-assistant"),
        ("gemma-4-31b-it", "google/gemma-4-31B-it-assistant"),
        (
            "google/gemma-4-E2B-it-qat-q4_0-unquantized",
            "google/gemma-4-E2B-it-qat-q4_0-unquantized-assistant",
        ),
        ("google/gemma-4-E2B-it-assistant", None),
        ("google/gemma-3-4b-it", None),
        ("google/gemma-4-E2B", None),
        ("gemma-4-e2b-italian", None),
        ("demo", None),
    ],
)
def test_a_name_brings_its_drafter(target: str, drafter: str | None) -> None:
    assert drafter_for(target) == drafter


def test_a_configuration_brings_its_drafter() -> None:
    text = {"hidden_size": 2560, "num_hidden_layers": 42}
    expected = "google/gemma-4-E4B-it-assistant"
    assert drafter_for({"model_type": "gemma4", "text_config": text}) == expected
    assert drafter_for({"model_type": "gemma4_text", **text}) == expected


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model_type": "gemma4_text", "hidden_size": 384, "num_hidden_layers": 42},
        {"model_type": "gemma4_text", "hidden_size": 2560, "num_hidden_layers": 10},
        {"model_type": "qwen3", "hidden_size": 2560, "num_hidden_layers": 42},
    ],
)
def test_a_configuration_of_another_model_brings_none(config: dict[str, object]) -> None:
    assert pair_of_config(config) is None


def test_every_conversion_is_known_by_its_own_name() -> None:
    assert [pair.name for pair in PAIRS] == ["E2B", "E4B", "12B", "26B-A4B", "31B"]
    for pair in PAIRS:
        assert all(pair_of(target.repository) is pair for target in pair.targets)
        assert all(pair_of(drafter.repository) is None for drafter in pair.drafters)


def test_the_cache_grows_by_full_layers_only_past_the_window() -> None:
    shape = PAIRS[0].memory
    growth = shape.size_bytes(10_000) - shape.size_bytes(9_000)
    assert growth == 1000 * 2 * 2 * 3 * 512
    assert shape.size_bytes(512) - shape.size_bytes(0) == 512 * 2 * 2 * (12 * 256 + 3 * 512)


def test_the_facts_need_neither_mlx_nor_a_network_library() -> None:
    code = (
        "import sys, mtp_mlx.families, mtp_mlx.hub.places, mtp_mlx.hub.removal\n"
        "print([m for m in ('huggingface_hub', 'mlx', 'httpx', 'tokenizers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
