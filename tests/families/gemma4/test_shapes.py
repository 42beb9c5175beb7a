"""The true shapes: against the catalogue and the published counts, and with fewer layers."""

from __future__ import annotations

import mlx.core as mx
import pytest
from mlx.utils import tree_flatten

from mtp_mlx.errors import UsageError
from mtp_mlx.families import PAIRS, SHAPE_NAMES, shape
from mtp_mlx.families.base import KnownPair, MemoryShape
from mtp_mlx.families.gemma4.config import FULL, SLIDING, TextConfig
from mtp_mlx.families.gemma4.facts import chunk_row, memory_shape
from mtp_mlx.families.gemma4.family import GemmaBlueprint

MILLION = 10**6

# Millions of parameters. Drafters are published as 78, 78.5, 423, 420 and 470 million. Targets:
# the text model, without the table of per-layer inputs, which the "E" in two names leaves out;
# E4B's own is given as 4.5 billion, counted in a way that is not told.
DRAFTERS = {"e2b": 77.7, "e4b": 78.5, "12b": 422.9, "26b": 419.7, "31b": 469.5}
TARGETS = {"e2b": 2_300, "e4b": 4_600, "12b": 11_900, "26b": 25_200, "31b": 30_700}


# What each target caches: (layers, heads, width) of sliding and of full layers, and the window.
CACHED = {
    "E2B": ((12, 1, 256), (3, 1, 512), 512),
    "E4B": ((20, 2, 256), (4, 2, 512), 512),
    "12B": ((40, 8, 256), (8, 1, 512), 1024),
    "26B-A4B": ((25, 8, 256), (5, 2, 512), 1024),
    "31B": ((50, 16, 256), (10, 4, 512), 1024),
}
QUERY_HEADS = {"E2B": 8, "E4B": 8, "12B": 16, "26B-A4B": 16, "31B": 32}


def blueprint(name: str, layers: int | None = None) -> GemmaBlueprint:
    made = shape(name, layers).blueprint
    assert isinstance(made, GemmaBlueprint)
    return made


def target(name: str, layers: int | None = None) -> TextConfig:
    return blueprint(name, layers).target_config


@pytest.mark.parametrize(("name", "pair"), list(zip(SHAPE_NAMES, PAIRS, strict=True)))
def test_a_pair_goes_by_two_names(name: str, pair: KnownPair) -> None:
    assert shape(name) == shape(pair.name)
    assert shape(name).title == pair.name
    drafter = blueprint(name).drafter_config
    assert drafter is not None
    assert drafter.text.layer_types == (SLIDING, SLIDING, SLIDING, FULL)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_what_a_target_caches(pair: KnownPair) -> None:
    sliding, full, window = CACHED[pair.name]
    assert pair.memory == MemoryShape(
        sliding_layers=sliding[0], sliding_heads=sliding[1], sliding_width=sliding[2],
        full_layers=full[0], full_heads=full[1], full_width=full[2],
        window=window, query_heads=QUERY_HEADS[pair.name], chunk_row=chunk_row(target(pair.name)),
    )  # fmt: skip
    assert memory_shape(target(pair.name)) == pair.memory
    assert pair.context_length == target(pair.name).max_positions


@pytest.mark.parametrize("name", SHAPE_NAMES)
def test_parameters_are_as_many_as_published(name: str) -> None:
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    drafter = sizes(blueprint(name).drafter_network())
    drafter.pop("masked_embedding.token_ordering", None)  # a table, no weights
    assert round(sum(drafter.values()) / MILLION, 1) == DRAFTERS[name]

    tensors = sizes(blueprint(name).target_network())
    tensors.pop("model.embed_tokens_per_layer.weight", None)
    assert round(sum(tensors.values()) / MILLION, -2) == TARGETS[name]
    assert mx.get_peak_memory() - before < MILLION  # nothing was computed


def sizes(network: object) -> dict[str, int]:
    parameters = tree_flatten(network.parameters())  # type: ignore[attr-defined]
    return {name: array.size for name, array in parameters}


@pytest.mark.parametrize("name", SHAPE_NAMES)
def test_fewer_layers_keep_pattern_and_share(name: str) -> None:
    whole = target(name)
    for layers in range(2, whole.num_layers + 1):
        found = target(name, layers)
        assert found.num_layers == layers
        assert found.layer_types == whole.layer_types[-layers:]
        share = round(layers * whole.num_kv_shared_layers / whole.num_layers)
        owned = layers - found.num_kv_shared_layers
        assert found.num_kv_shared_layers <= share
        if found.num_kv_shared_layers < share:  # one more could not be spared
            assert len(set(found.layer_types[: owned - 1])) == 1
        assert {found.layer_types[found.owner(kind)] for kind in (SLIDING, FULL)} == {SLIDING, FULL}


def test_a_part_says_so() -> None:
    assert shape("12b", 6).title == "12B with 6 of 48 layers"
    assert shape("12b", 48) == shape("12b")


@pytest.mark.parametrize("layers", [-1, 0, 1, 61])
def test_an_impossible_number_of_layers_is_refused(layers: int) -> None:
    with pytest.raises(UsageError, match=rf"31B cannot have {layers} layers.* Choose 2 to 60\."):
        shape("31b", layers)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'7b'.*Choose e2b, e4b, 12b, 26b, 31b\."):
        shape("7b")
