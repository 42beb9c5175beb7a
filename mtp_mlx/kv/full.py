"""The cache of a full-attention layer: all positions, in one growing buffer."""

from __future__ import annotations

import mlx.core as mx

from mtp_mlx.kv.buffer import Buffer, KeysValues


class FullCache:
    """Keys and values of all `length` positions; it can be trimmed to any of them."""

    def __init__(self) -> None:
        self._buffer = Buffer()

    @property
    def length(self) -> int:
        return self._buffer.end

    @property
    def nbytes(self) -> int:
        return self._buffer.nbytes

    def append(self, keys: mx.array, values: mx.array) -> KeysValues:
        """Append [1, heads, n, dim]; return all positions so far."""
        self._buffer.reserve(keys, values)
        self._buffer.append(keys, values)
        return self.view()

    def view(self) -> KeysValues:
        return self._buffer.slice(0)

    def can_trim(self, n: int) -> bool:
        return n <= self.length

    def trim(self, n: int) -> None:
        self._buffer.end -= n

    def arrays(self) -> list[mx.array]:
        return self._buffer.arrays()

    def mask(self, n: int) -> mx.array | str | None:
        """Return the mask of `n` new queries over what `append` is about to return."""
        return None if n == 1 else "causal"
