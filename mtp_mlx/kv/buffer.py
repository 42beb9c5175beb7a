"""A growing buffer of keys and values, and the cache of a full-attention layer, which is one."""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.kv.rows import GRANULE, GROWTH
from mtp_mlx.kv.spans import Span, spans


@dataclass(frozen=True, slots=True)
class KeysValues:
    """Views of one layer's cache, in time order; nothing is copied."""

    keys: mx.array  # [1, kv_heads, n, head_dim]
    values: mx.array  # [1, kv_heads, n, head_dim]

    @property
    def nbytes(self) -> int:
        return self.keys.nbytes + self.values.nbytes

    def at(self, positions: slice) -> KeysValues:
        """Return some of the positions, as views."""
        if positions == slice(0, self.keys.shape[2]):
            return self
        return KeysValues(self.keys[..., positions, :], self.values[..., positions, :])


class Buffer:
    """A preallocated pair of arrays, written at the end: rows [0, end) are valid.

    Growing adds an eighth: an append costs O(1) amortised (each row is moved about eight times),
    and no more than an eighth of a long context's memory lies idle.
    """

    def __init__(self) -> None:
        self.end = 0
        self._keys: mx.array | None = None
        self._values: mx.array | None = None

    @property
    def capacity(self) -> int:
        return 0 if self._keys is None else self._keys.shape[2]

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays())

    def arrays(self) -> list[mx.array]:
        """Return keys and values with their idle rows; nothing before the first append."""
        return [a for a in (self._keys, self._values) if a is not None]

    def copy(self) -> Buffer:
        """Return a buffer of its own with the valid rows.

        Adding 0 copies: a view would share the memory, and each append would copy all of it.
        """
        made = Buffer()
        made.end = self.end
        if self._keys is not None and self._values is not None:
            made._keys = self._keys[..., : self.end, :] + 0
            made._values = self._values[..., : self.end, :] + 0
        return made

    def reserve(self, keys: mx.array, values: mx.array) -> None:
        """Grow until there is space for [1, heads, n, dim] more rows."""
        needed = self.end + keys.shape[2]
        if needed <= self.capacity:
            return
        size = -(-max(needed, self.capacity + self.capacity // GROWTH) // GRANULE) * GRANULE
        self._keys = self._grown(self._keys, keys, size)
        self._values = self._grown(self._values, values, size)

    def _grown(self, old: mx.array | None, like: mx.array, size: int) -> mx.array:
        batch, heads, _, dim = like.shape
        if old is None:
            return mx.zeros((batch, heads, size, dim), dtype=like.dtype)
        idle = mx.zeros((batch, heads, size - self.end, dim), dtype=like.dtype)
        return mx.concatenate([old[..., : self.end, :], idle], axis=2)

    def append(self, keys: mx.array, values: mx.array) -> None:
        """Write [1, heads, n, dim] behind the last row; the space must have been reserved."""
        assert self._keys is not None
        assert self._values is not None
        start, self.end = self.end, self.end + keys.shape[2]
        self._keys[..., start : self.end, :] = keys
        self._values[..., start : self.end, :] = values

    def replace(self, keys: mx.array, values: mx.array, capacity: int) -> None:
        """Start over with [1, heads, n, dim] in a buffer of `capacity` rows."""
        self.end = keys.shape[2]
        self._keys = self._padded(keys, capacity)
        self._values = self._padded(values, capacity)

    @staticmethod
    def _padded(rows: mx.array, capacity: int) -> mx.array:
        return mx.pad(rows, [(0, 0), (0, 0), (0, capacity - rows.shape[2]), (0, 0)])

    def slice(self, start: int) -> KeysValues:
        """Return rows [start, end), as views."""
        assert self._keys is not None
        assert self._values is not None
        return KeysValues(
            self._keys[..., start : self.end, :], self._values[..., start : self.end, :]
        )


class FullCache:
    """Keys and values of all `length` positions; it can be trimmed to any of them."""

    def __init__(self) -> None:
        self._buffer = Buffer()

    def fork(self) -> FullCache:
        """Return a cache of its own that holds the same positions."""
        made = FullCache()
        made._buffer = self._buffer.copy()
        return made

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

    def spans(self, n: int) -> list[Span]:
        """Return what each of `n` new queries attends to of what `append` is about to return."""
        return spans(self.length, n)
