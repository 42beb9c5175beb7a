"""A state of full and sliding layers: trimmed together, brought back, and measured."""

from __future__ import annotations

import mlx.core as mx
import pytest

from mtp_mlx.kv.buffer import FullCache
from mtp_mlx.kv.rows import REWIND
from mtp_mlx.kv.state import LayersState
from mtp_mlx.kv.window import WindowCache
from tests.kv.test_window import DIM, HEADS, WINDOW, positions, rows

FLOAT = 4  # bytes


@pytest.fixture
def state() -> LayersState:
    return LayersState([WindowCache(WINDOW), FullCache(), WindowCache(WINDOW)])


def append(state: LayersState, n: int) -> None:
    first = state.length
    for layer in state.layers:
        layer.append(rows(first, n), -rows(first, n))


def test_every_layer_holds_the_same_positions(state: LayersState) -> None:
    append(state, 20)
    assert state.length == 20
    assert positions(state.view(0).keys) == positions(state.view(2).keys) == [*range(20)][-WINDOW:]
    assert positions(state.view(1).values) == [-i for i in range(20)]


def test_layers_are_trimmed_together(state: LayersState) -> None:
    append(state, 1000)
    assert state.can_trim(REWIND)
    assert not state.can_trim(900)  # a full layer could
    state.trim(5)
    assert state.length == 995
    assert {layer.length for layer in state.layers} == {995}
    assert positions(state.view(0).keys) == [*range(995)][-WINDOW:]


def test_a_snapshot_brings_back_what_the_windows_have_left(state: LayersState) -> None:
    append(state, 20)
    snapshot = state.snapshot()
    append(state, 700)
    assert not state.can_trim(700)
    state.restore(snapshot)
    assert {layer.length for layer in state.layers} == {20}
    append(state, 3)
    assert positions(state.view(0).keys) == positions(state.view(2).keys) == [*range(23)][-WINDOW:]
    assert positions(state.view(1).keys) == [*range(23)]


def test_a_snapshot_copies_windows_only(state: LayersState) -> None:
    append(state, 500)
    assert state.snapshot().nbytes == 2 * 2 * WINDOW * HEADS * DIM * FLOAT


def test_memory_is_that_of_all_layers(state: LayersState) -> None:
    assert state.nbytes == 0
    append(state, 1)
    a_row = 2 * HEADS * DIM * FLOAT
    assert state.nbytes == sum(layer.nbytes for layer in state.layers)
    assert state.nbytes >= 3 * a_row
    assert state.nbytes % a_row == 0


def test_evaluating_runs_the_arrays_of_every_layer(
    state: LayersState, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(state, 2)
    asked: list[list[list[mx.array]]] = []
    monkeypatch.setattr(mx, "eval", asked.append)
    state.evaluate()
    assert [[array.shape for array in layer] for layer in asked[0]] == [
        [array.shape for array in layer.arrays()] for layer in state.layers
    ]
    assert all(len(layer) == 2 for layer in asked[0])  # keys and values
