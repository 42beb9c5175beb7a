"""The cache of one sequence: one cache a layer that owns keys and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.kv.buffer import FullCache, KeysValues
from mtp_mlx.kv.window import WindowCache, WindowSnapshot

LayerCache = FullCache | WindowCache


@dataclass(frozen=True, slots=True)
class LayersSnapshot:
    """A copy of the window layers at `length`, from which `restore` returns there.

    Full layers hold all positions, so they are trimmed and need no copy.
    """

    length: int
    windows: tuple[WindowSnapshot, ...]

    @property
    def nbytes(self) -> int:
        return sum(window.rows.nbytes for window in self.windows)


class LayersState:
    """A `State`: every layer cache holds the same `length` positions."""

    def __init__(self, layers: Sequence[LayerCache]) -> None:
        self.layers = tuple(layers)

    @property
    def length(self) -> int:
        return self.layers[0].length

    @property
    def nbytes(self) -> int:
        return sum(layer.nbytes for layer in self.layers)

    def view(self, layer: int) -> KeysValues:
        return self.layers[layer].view()

    def can_trim(self, n: int) -> bool:
        return all(layer.can_trim(n) for layer in self.layers)

    def trim(self, n: int) -> None:
        for layer in self.layers:
            layer.trim(n)

    def fork(self) -> LayersState:
        """Return a state of its own that holds the same positions; both go on independently."""
        return LayersState([layer.fork() for layer in self.layers])

    def snapshot(self) -> LayersSnapshot:
        windows = (layer.snapshot() for layer in self.layers if isinstance(layer, WindowCache))
        return LayersSnapshot(self.length, tuple(windows))

    def restore(self, snapshot: LayersSnapshot) -> None:
        windows = iter(snapshot.windows)
        for layer in self.layers:
            if isinstance(layer, WindowCache):
                layer.restore(next(windows))
            else:
                layer.trim(layer.length - snapshot.length)

    def evaluate(self) -> None:
        mx.eval([layer.arrays() for layer in self.layers])
