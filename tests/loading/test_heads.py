"""A head counts wherever it differs from the embedding, whatever a configuration says of it."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx.errors import DamagedModel
from mtp_mlx.families.gemma4.target import shared_kv
from tests.loading.conftest import Copy
from tests.support.checkpoints import PairFolders
from tests.support.damage import (
    Tensors,
    edit_config,
    edit_text_config,
    edit_weights,
    load,
    refused,
)
from tests.support.pairs import Floats, both, draft, forward, logits

PROMPT = [5, 17, 300, 42]
EMBEDDING = {"plain": "model.embed_tokens", "multimodal": "model.language_model.embed_tokens"}
Flags = dict[str, Any]


def outputs(pair: PairFolders) -> Floats:
    target = load(pair).target
    return logits(target, forward(target, PROMPT))


def turned(name: str) -> Any:
    """Add a head that gives each token the score of its mirror image."""

    def add(tensors: Tensors) -> None:
        tensors["lm_head.weight"] = tensors[f"{EMBEDDING[name]}.weight"][::-1]

    return add


def same(name: str) -> Any:
    def add(tensors: Tensors) -> None:
        tensors["lm_head.weight"] = tensors[f"{EMBEDDING[name]}.weight"] + 0

    return add


def say(pair: PairFolders, flags: Flags) -> None:
    """`top` and `text`: what the two levels of the configuration say; None for nothing."""
    edit_config(pair.target, tie_word_embeddings=flags.get("top"))
    if "text" in flags:
        edit_text_config(pair.target, tie_word_embeddings=flags["text"])


SAID: list[tuple[str, Flags]] = [
    ("plain", {"top": True}),
    ("plain", {"top": False}),
    ("plain", {"top": None}),
    *(
        ("multimodal", {"top": top, "text": text})
        for top in (None, True, False)
        for text in (None, True, False)
    ),
]


@pytest.mark.parametrize(("name", "flags"), SAID)
def test_a_head_of_its_own(name: str, flags: Flags, copy: Copy) -> None:
    pair = copy(name)
    tied = outputs(pair)
    edit_weights(pair.target, turned(name))
    say(pair, flags)
    np.testing.assert_allclose(outputs(pair), tied[:, ::-1], atol=1e-4)


@pytest.mark.parametrize(("name", "flags"), SAID)
def test_a_head_that_says_the_same(name: str, flags: Flags, copy: Copy) -> None:
    pair = copy(name)
    tied = outputs(pair)
    edit_weights(pair.target, same(name))
    say(pair, flags)
    np.testing.assert_allclose(outputs(pair), tied, atol=1e-4)


def test_only_a_tied_head_takes_no_memory(copy: Copy) -> None:
    pair = copy("plain")
    edit_weights(pair.target, same("plain"))
    assert "lm_head" not in both(load(pair)).target.network
    edit_weights(pair.target, turned("plain"))
    assert "lm_head" in both(load(pair)).target.network


def test_a_head_in_the_place_of_the_embedding(copy: Copy) -> None:
    pair = copy("plain")
    tied = outputs(pair)

    def renamed(tensors: Tensors) -> None:
        tensors["lm_head.weight"] = tensors.pop("model.embed_tokens.weight")

    edit_weights(pair.target, renamed)
    np.testing.assert_array_equal(outputs(pair), tied)


@pytest.mark.parametrize("name", EMBEDDING)
def test_untied_without_a_head(name: str, copy: Copy) -> None:
    pair = copy(name)
    edit_config(pair.target, tie_word_embeddings=False)
    refused(pair, DamagedModel, "lm_head.weight", "Download")


@pytest.mark.parametrize("value", ["false", 0, [], 1.0])
def test_neither_true_nor_false(value: object, copy: Copy) -> None:
    pair = copy("multimodal")
    edit_config(pair.target, tie_word_embeddings=value)
    refused(pair, DamagedModel, "tie_word_embeddings", "Download")


def test_a_drafter_with_a_head_of_its_own(copy: Copy) -> None:
    """Each token gets the score of its mirror image: the drafts are those of the mirrored ids."""
    pair = copy("plain")
    before = drafted(pair)
    edit_config(pair.drafter, use_ordered_embeddings=False)
    edit_weights(pair.drafter, lambda tensors: [tensors.pop(n) for n in _clusters(tensors)])
    dense = drafted(pair)
    assert np.isclose(dense[1], before[1], atol=1e-4)
    edit_weights(pair.drafter, turned("plain"))
    turned_id, score = drafted(pair)
    assert turned_id == 383 - dense[0]
    assert np.isclose(score, dense[1], atol=1e-4)


def _clusters(tensors: Tensors) -> list[str]:
    return [name for name in tensors if name.startswith("masked_embedding.")]


def drafted(pair: PairFolders) -> tuple[int, float]:
    """The first draft behind the prompt, and its score."""
    loaded = both(load(pair))
    state = loaded.target.new_state()
    hidden = forward(loaded.target, PROMPT, state=state)[-1:]
    shared = shared_kv(state, loaded.target.config)
    (top,) = draft(loaded.drafter, PROMPT[-1], hidden, shared, state.length, 1)
    mx.eval(hidden)
    return top.ids[0], top.logits[0]
