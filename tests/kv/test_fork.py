"""A fork holds the same positions, and neither sees what the other appends or trims."""

from __future__ import annotations

import mlx.core as mx
import pytest

from mtp_mlx.kv.buffer import FullCache
from mtp_mlx.kv.state import LayersState
from mtp_mlx.kv.window import WindowCache


def rows(first: int, n: int) -> mx.array:
    """Rows of one head whose values are their positions: [1, 1, n, 2]."""
    return mx.broadcast_to(mx.arange(first, first + n, dtype=mx.float32)[None, None, :, None],
                           (1, 1, n, 2)) + 0  # fmt: skip


def held(state: LayersState, layer: int) -> list[float]:
    return [float(row[0]) for row in state.view(layer).keys[0, 0]]


@pytest.mark.parametrize("positions", [5, 90, 700])
def test_forks_go_on_independently(positions: int) -> None:
    state = LayersState([FullCache(), WindowCache(64)])
    for layer in state.layers:
        layer.append(rows(0, positions), rows(0, positions))
    fork = state.fork()
    before = [held(state, i) for i in (0, 1)]
    for layer in fork.layers:
        layer.append(rows(9000, 3), rows(9000, 3))
    assert [held(state, i) for i in (0, 1)] == before
    assert held(fork, 0) == [*before[0], 9000, 9001, 9002]
    fork.trim(5)
    assert (fork.length, state.length) == (positions - 2, positions)
    for layer in state.layers:
        layer.append(rows(7000, 1), rows(7000, 1))
    assert held(state, 0)[-1] == 7000
    assert held(fork, 0) == before[0][: positions - 2]


def test_an_empty_state_has_an_empty_fork() -> None:
    fork = LayersState([FullCache(), WindowCache(8)]).fork()
    assert (fork.length, fork.nbytes) == (0, 0)
