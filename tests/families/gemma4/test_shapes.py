"""The true shapes: against the catalogue and the published counts, and with fewer layers."""

from __future__ import annotations

import mlx.core as mx
import pytest
from mlx.utils import tree_flatten

from mtp_mlx.errors import UsageError
from mtp_mlx.families.gemma4.config import FULL, SLIDING, TextConfig
from mtp_mlx.families.gemma4.drafter import DrafterNetwork
from mtp_mlx.families.gemma4.network import gemma4_text, model_args
from mtp_mlx.families.gemma4.pairing import check_pair
from mtp_mlx.families.gemma4.shapes import SHAPE_NAMES, shape
from mtp_mlx.hub.catalogue import FULL_HEAD_DIM, HEAD_DIM, PAIRS, CataloguePair, KeyValueShape

MILLION = 10**6

# Millions of parameters. Drafters are published as 78, 78.5, 423, 420 and 470 million. Targets:
# the text model, without the table of per-layer inputs, which the "E" in two names leaves out;
# E4B's own is given as 4.5 billion, counted in a way that is not told.
DRAFTERS = {"e2b": 77.7, "e4b": 78.5, "12b": 422.9, "26b": 419.7, "31b": 469.5}
TARGETS = {"e2b": 2_300, "e4b": 4_600, "12b": 11_900, "26b": 25_200, "31b": 30_700}


@pytest.mark.parametrize(("name", "pair"), list(zip(SHAPE_NAMES, PAIRS, strict=True)))
def test_the_catalogue_speaks_of_the_same_pairs(name: str, pair: CataloguePair) -> None:
    found = shape(name)
    assert found == shape(pair.name)
    assert found.title == pair.name
    assert (found.target.hidden_size, found.target.num_layers) == (pair.hidden_size, pair.layers)
    assert key_values(found.target) == pair.key_values
    assert found.drafter.text.layer_types == (SLIDING, SLIDING, SLIDING, FULL)
    check_pair(found.target, found.drafter)


def key_values(target: TextConfig) -> KeyValueShape:
    owners = target.layer_types[: target.num_layers - target.num_kv_shared_layers]
    sliding_heads, head_dim = target.kv_shape(SLIDING)
    full_heads, full_head_dim = target.kv_shape(FULL)
    assert (head_dim, full_head_dim) == (HEAD_DIM, FULL_HEAD_DIM)
    return KeyValueShape(
        sliding_layers=owners.count(SLIDING),
        sliding_heads=sliding_heads,
        full_layers=owners.count(FULL),
        full_heads=full_heads,
        window=target.sliding_window,
    )


@pytest.mark.parametrize("name", SHAPE_NAMES)
def test_parameters_are_as_many_as_published(name: str) -> None:
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    drafter = sizes(DrafterNetwork(shape(name).drafter))
    drafter.pop("masked_embedding.token_ordering", None)  # a table, no weights
    assert round(sum(drafter.values()) / MILLION, 1) == DRAFTERS[name]

    target = sizes(gemma4_text.Model(model_args(shape(name).target)))
    target.pop("model.embed_tokens_per_layer.weight", None)
    assert round(sum(target.values()) / MILLION, -2) == TARGETS[name]
    assert mx.get_peak_memory() - before < MILLION  # nothing was computed


def sizes(network: object) -> dict[str, int]:
    parameters = tree_flatten(network.parameters())  # type: ignore[attr-defined]
    return {name: array.size for name, array in parameters}


@pytest.mark.parametrize("name", SHAPE_NAMES)
def test_fewer_layers_keep_pattern_and_share(name: str) -> None:
    whole = shape(name).target
    for layers in range(2, whole.num_layers + 1):
        found = shape(name, layers).target
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
