"""A drafter made for another target is refused with both numbers and the drafter that fits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mtp_mlx.errors import PairMismatch
from mtp_mlx.families.gemma4.config import drafter_config, target_config
from mtp_mlx.families.gemma4.family import check_pair
from tests.support import configs
from tests.support.checkpoints import PairFolders
from tests.support.damage import edit_config, edit_text_config, load, refused
from tests.support.shapes import DENSE_31B, E4B, MOE_26B, SHAPES, UNIFIED_12B, Shape

REAL = {
    "google/gemma-4-E2B-it-assistant": 1536,
    "google/gemma-4-E4B-it-assistant": 2560,
    "google/gemma-4-12B-it-assistant": 3840,
    "google/gemma-4-26B-A4B-it-assistant": 2816,
    "google/gemma-4-31B-it-assistant": 5376,
}


def test_hidden_size_of_another_target(
    pair: PairFolders, other: Callable[[Shape], PairFolders]
) -> None:
    wrong = PairFolders(pair.target, other(DENSE_31B).drafter)
    refused(wrong, PairMismatch, "hidden size", "64", "128", "drafter that was trained with")


def test_vocabulary_of_another_target(pair: PairFolders) -> None:
    edit_text_config(pair.drafter, vocab_size=768)
    refused(pair, PairMismatch, "vocabulary", "384", "768")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("head_dim", 32, ("sliding", "16", "32")),
        ("global_head_dim", 64, ("full", "32", "64")),
        ("num_key_value_heads", 4, ("sliding", "2", "4")),
    ],
)
def test_keys_of_another_target(
    pair: PairFolders, field: str, value: int, said: tuple[str, ...]
) -> None:
    edit_text_config(pair.drafter, **{field: value})
    refused(pair, PairMismatch, *said)


def test_global_keys_of_another_target(
    other: Callable[[Shape], PairFolders],
) -> None:
    wrong = PairFolders(other(MOE_26B).target, other(UNIFIED_12B).drafter)
    refused(wrong, PairMismatch, "full", "2", "1")


def test_drafter_that_does_not_state_its_global_keys(
    other: Callable[[Shape], PairFolders],
) -> None:
    """Nothing to compare with, so only the others are."""
    pair = other(UNIFIED_12B)
    edit_text_config(pair.drafter, num_global_key_value_heads=None)
    load(pair)
    edit_text_config(pair.drafter, num_key_value_heads=2)
    refused(pair, PairMismatch, "sliding", "4", "2")


def test_heads_that_the_targets_keys_cannot_be_shared_out_to(pair: PairFolders) -> None:
    edit_text_config(pair.drafter, num_attention_heads=5)
    refused(pair, PairMismatch, "2", "5")


@pytest.mark.parametrize("fits", REAL)
@pytest.mark.parametrize("given", REAL)
def test_every_real_target_names_its_drafter(fits: str, given: str) -> None:
    target = target_config(configs.target_text_config(E4B) | {"hidden_size": REAL[fits]})
    drafter = drafter_config(configs.drafter_config(E4B) | {"backbone_hidden_size": REAL[given]})
    if fits == given:
        check_pair(target, drafter)
        return
    with pytest.raises(PairMismatch) as caught:
        check_pair(target, drafter)
    for words in (str(REAL[fits]), str(REAL[given]), fits):
        assert words in str(caught.value)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_shape_fits_its_own_drafter(shape: Shape) -> None:
    check_pair(
        target_config(configs.target_text_config(shape)),
        drafter_config(configs.drafter_config(shape)),
    )


def test_mismatch_is_told_before_weights_are_read(pair: PairFolders) -> None:
    """Gigabytes need not be loaded to say no."""
    edit_config(pair.drafter, backbone_hidden_size=96)
    (pair.drafter / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    refused(pair, PairMismatch, "64", "96")
