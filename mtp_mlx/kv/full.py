"""The cache of a full-attention layer: everything seen, in one growing buffer."""

from __future__ import annotations

import mlx.core as mx

from mtp_mlx.kv.buffer import Buffer
from mtp_mlx.protocols import KeysValues


class FullCache:
    """Keys and values of all `offset` positions; rewinds to any of them.

    Answers to the interface mlx-lm's attention calls: `offset`, `update_and_fetch`, `make_mask`.
    """

    def __init__(self) -> None:
        self._buffer = Buffer()

    @property
    def offset(self) -> int:
        return self._buffer.end

    def update_and_fetch(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """Append [1, heads, n, dim]; all positions so far."""
        self._buffer.reserve(keys, values)
        self._buffer.append(keys, values)
        view = self.view()
        return view.keys, view.values

    def view(self) -> KeysValues:
        return self._buffer.slice(0)

    def can_forget(self, n: int) -> bool:
        return n <= self.offset

    def forget(self, n: int) -> None:
        self._buffer.end -= n

    def make_mask(
        self, n: int, *, return_array: bool = False, window_size: int | None = None
    ) -> mx.array | str | None:
        """The mask of `n` new queries, asked for before they are appended."""
        del window_size
        if n == 1:
            return None
        if not return_array:
            return "causal"
        queries = mx.arange(self.offset, self.offset + n)[:, None]
        return queries >= mx.arange(self.offset + n)[None]
