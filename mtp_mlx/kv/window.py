"""The cache of a sliding-attention layer: the last `window` positions, and it can be trimmed.

mlx-lm's RotatingKVCache overwrites its oldest rows and cannot be trimmed once the context has
passed the window, which almost every chat does. Here rows stand in time order in one buffer of
window + slack rows; appending moves the end on, trimming moves it back, and only when the buffer
is full are the rows that can still be attended to moved to its front.
"""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.kv.buffer import Buffer, KeysValues
from mtp_mlx.kv.rows import AT_ONCE, REWIND, SLACK
from mtp_mlx.kv.spans import Span, spans


@dataclass(frozen=True, slots=True)
class WindowSnapshot:
    """A copy of the rows of a window cache at `length`."""

    length: int
    rows: KeysValues


class WindowCache:
    """Keys and values of the last `window` of `length` positions, and of some before them.

    Invariant: the buffer holds at least the last min(length, window - 1) positions, so that the
    next query attends to its whole window. `can_trim` refuses a `trim` that would break it.
    """

    def __init__(self, window: int) -> None:
        self.window = window
        self.length = 0
        self._buffer = Buffer()
        self._capacity = window + REWIND + SLACK

    def fork(self) -> WindowCache:
        """Return a cache of its own that holds the same positions."""
        made = WindowCache(self.window)
        made.length = self.length
        made._buffer = self._buffer.copy()
        return made

    @property
    def stored(self) -> int:
        return self._buffer.end

    @property
    def nbytes(self) -> int:
        return self._buffer.nbytes

    def append(self, keys: mx.array, values: mx.array) -> KeysValues:
        """Append [1, heads, n, dim]; return the positions that the n new queries attend to."""
        n = keys.shape[2]
        attended = self._attended_before() + n
        if self.stored + n > self._capacity:
            rows = self._compact(keys, values, attended)
        else:
            if self._buffer.capacity == 0:
                self._buffer.replace(keys[..., :0, :], values[..., :0, :], self._room(n))
            self._buffer.reserve(keys, values)
            self._buffer.append(keys, values)
            rows = self._buffer.slice(self.stored - attended)
        self.length += n
        return rows

    def _compact(self, keys: mx.array, values: mx.array, attended: int) -> KeysValues:
        """Move what can still be attended to to the front, with the new rows behind it."""
        if self.stored:
            old = self._buffer.slice(0)
            keys = mx.concatenate([old.keys, keys], axis=2)
            values = mx.concatenate([old.values, values], axis=2)
        keep = min(keys.shape[2], self.window - 1 + REWIND)
        self._buffer.replace(keys[..., -keep:, :], values[..., -keep:, :], self._room(keep))
        return KeysValues(keys[..., -attended:, :], values[..., -attended:, :])

    def _room(self, rows: int) -> int:
        """Return the size of a buffer that begins with `rows`; it grows with what is appended."""
        return min(self._capacity, max(rows + REWIND + SLACK, AT_ONCE))

    def _attended_before(self) -> int:
        """Return how many of the positions held so far the next query attends to."""
        return min(self.length, self.window - 1)

    def view(self) -> KeysValues:
        """Return the last `window` positions: those a query at the last of them attends to."""
        return self._buffer.slice(self.stored - min(self.stored, self.window, self.length))

    def can_trim(self, n: int) -> bool:
        return n <= self.length and self.stored - n >= min(self.length - n, self.window - 1)

    def trim(self, n: int) -> None:
        self.length -= n
        self._buffer.end -= n

    def arrays(self) -> list[mx.array]:
        return self._buffer.arrays()

    def snapshot(self) -> WindowSnapshot:
        """Copy the last `window` positions: enough to go on from here or from one before."""
        rows = self.view()
        # Adding 0 copies: a view would share the buffer, and each append would copy all of it.
        kept = KeysValues(rows.keys + 0, rows.values + 0)
        mx.async_eval(kept.keys, kept.values)
        return WindowSnapshot(self.length, kept)

    def restore(self, snapshot: WindowSnapshot) -> None:
        """Return to where the snapshot was taken."""
        self.length = snapshot.length
        rows = snapshot.rows
        self._buffer.replace(rows.keys, rows.values, self._room(rows.keys.shape[2]))

    def spans(self, n: int) -> list[Span]:
        """Return what each of `n` new queries attends to of what `append` is about to return."""
        return spans(self._attended_before(), n, self.window)
