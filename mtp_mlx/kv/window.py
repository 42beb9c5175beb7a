"""The cache of a sliding-attention layer: the last `window` positions, and it rewinds.

mlx-lm's RotatingKVCache overwrites its oldest rows and cannot be trimmed once the context has
passed the window, which almost every chat does. Here rows stand in time order in one buffer of
window + slack rows; appending moves the end on, rewinding moves it back, and only when the buffer
is full are the rows that can still be seen moved to its front.
"""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.kv.buffer import Buffer
from mtp_mlx.protocols import KeysValues

SLACK = 256  # rows beside the window: one move of the window each ~SLACK tokens
REWIND = 32  # rows that can always be taken back: more than any round drafts


@dataclass(frozen=True, slots=True)
class WindowSnapshot:
    """What a window cache held at `offset`."""

    offset: int
    rows: KeysValues


class WindowCache:
    """Keys and values of the last `window` of `offset` positions, and of some before them.

    Invariant: the buffer holds at least the last min(offset, window - 1) positions, so that the
    next query sees its whole window. `forget` that would break it is refused by `can_forget`.
    """

    def __init__(self, window: int) -> None:
        self.window = window
        self.offset = 0
        self._buffer = Buffer()
        self._capacity = window + REWIND + SLACK

    @property
    def stored(self) -> int:
        return self._buffer.end

    def update_and_fetch(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """Append [1, heads, n, dim]; the positions that the n new queries can see together."""
        n = keys.shape[2]
        seen = self._visible_before() + n
        if self.stored + n > self._capacity:
            fetched = self._compact(keys, values, seen)
        else:
            if self._buffer.capacity == 0:
                self._buffer.replace(keys[..., :0, :], values[..., :0, :], self._capacity)
            self._buffer.append(keys, values)
            fetched = self._buffer.slice(self.stored - seen)
        self.offset += n
        return fetched.keys, fetched.values

    def _compact(self, keys: mx.array, values: mx.array, seen: int) -> KeysValues:
        """Move what can still be seen to the front, with the new rows behind it."""
        if self.stored:
            old = self._buffer.slice(0)
            keys = mx.concatenate([old.keys, keys], axis=2)
            values = mx.concatenate([old.values, values], axis=2)
        keep = min(keys.shape[2], self.window - 1 + REWIND)
        self._buffer.replace(keys[..., -keep:, :], values[..., -keep:, :], self._capacity)
        return KeysValues(keys[..., -seen:, :], values[..., -seen:, :])

    def _visible_before(self) -> int:
        """Positions already held that the next query sees."""
        return min(self.offset, self.window - 1)

    def view(self) -> KeysValues:
        """The last `window` positions: what a query standing on the last of them sees."""
        return self._buffer.slice(self.stored - min(self.stored, self.window, self.offset))

    def can_forget(self, n: int) -> bool:
        return n <= self.offset and self.stored - n >= min(self.offset - n, self.window - 1)

    def forget(self, n: int) -> None:
        self.offset -= n
        self._buffer.end -= n

    def snapshot(self) -> WindowSnapshot:
        """A copy of the last `window` positions, enough to go on from here or one before."""
        rows = self.view()
        # Copied now: a view would hold on to the buffer, and each append would copy all of it.
        kept = KeysValues(rows.keys + 0, rows.values + 0)
        mx.async_eval(kept.keys, kept.values)
        return WindowSnapshot(self.offset, kept)

    def restore(self, snapshot: WindowSnapshot) -> None:
        """Stand again where the snapshot was taken."""
        self.offset = snapshot.offset
        self._buffer.replace(snapshot.rows.keys, snapshot.rows.values, self._capacity)

    def make_mask(
        self, n: int, *, return_array: bool = False, window_size: int | None = None
    ) -> mx.array | str | None:
        """The mask of `n` new queries over what `update_and_fetch` is about to return."""
        del window_size
        if n == 1:
            return None
        before = self._visible_before()
        if before + n <= self.window and not return_array:
            return "causal"
        queries = mx.arange(before, before + n)[:, None]
        keys = mx.arange(before + n)[None]
        return (keys <= queries) & (keys > queries - self.window)
