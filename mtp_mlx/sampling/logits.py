"""Logits as a head computes them: over a whole vocabulary, or over some candidates."""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx


@dataclass(frozen=True, slots=True)
class Logits:
    """Logits over the whole vocabulary, or over the candidates named by `ids`.

    A soft cap changes no order: code that looks for the greatest uses `raw` and never computes
    the rest.
    """

    raw: mx.array  # [n, candidates], before the soft cap
    ids: mx.array | None = None  # [n, candidates], int32; None: candidate i is token i
    softcap: float | None = None  # values are softcap * tanh(raw / softcap)

    @property
    def values(self) -> mx.array:
        """Return the logits after the soft cap: [n, candidates], float32."""
        x = self.raw.astype(mx.float32)
        return x if self.softcap is None else mx.tanh(x / self.softcap) * self.softcap

    def take(self, index: mx.array) -> Logits:
        """Return the candidates at `index` [n, m] of each row."""
        ids = index if self.ids is None else mx.take_along_axis(self.ids, index, axis=-1)
        return Logits(mx.take_along_axis(self.raw, index, axis=-1), ids, self.softcap)

    def rows(self, start: int, end: int) -> Logits:
        """Return rows `start` to `end`."""
        ids = None if self.ids is None else self.ids[start:end]
        return Logits(self.raw[start:end], ids, self.softcap)
