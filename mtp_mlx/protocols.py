"""The two roles of speculative decoding, as the round sees them.

Gemma 4 implements both; so do the tiny models of the tests. All arrays are lazy: building a round
costs the device nothing until its one evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import mlx.core as mx


@dataclass(frozen=True, slots=True)
class KeysValues:
    """Views of one layer's cache, in time order, nothing copied."""

    keys: mx.array  # [1, kv_heads, n, head_dim]
    values: mx.array  # [1, kv_heads, n, head_dim]


@dataclass(frozen=True, slots=True)
class SharedKV:
    """What a drafter reads of the target: its last cache-owning layer of each kind."""

    sliding: KeysValues  # the last `window` positions
    full: KeysValues  # all positions


@dataclass(frozen=True, slots=True)
class Scores:
    """Logits over the whole vocabulary, or over the candidates named by `ids`.

    A soft cap changes no order: who looks for the best uses `raw`, and never computes the rest.
    """

    raw: mx.array  # [n, candidates], before the cap
    ids: mx.array | None = None  # [n, candidates], int32; None: candidate i is token i
    softcap: float | None = None  # logits are softcap * tanh(raw / softcap)

    @property
    def logits(self) -> mx.array:
        """[n, candidates], float32."""
        x = self.raw.astype(mx.float32)
        return x if self.softcap is None else mx.tanh(x / self.softcap) * self.softcap

    def take(self, index: mx.array) -> Scores:
        """The candidates at `index` [n, m] of each row."""
        ids = index if self.ids is None else mx.take_along_axis(self.ids, index, axis=-1)
        return Scores(mx.take_along_axis(self.raw, index, axis=-1), ids, self.softcap)


@dataclass(frozen=True, slots=True)
class DraftStep:
    """One step of a drafter: the scores of the next token and the state that goes on."""

    scores: Scores  # [1, candidates]
    hidden: mx.array  # [1, target_hidden]


class Target(Protocol):
    """A language model with a cache that can be rewound."""

    @property
    def length(self) -> int:
        """Number of tokens in the cache."""
        ...

    def see(self, tokens: mx.array) -> mx.array:
        """Append `tokens` [n] to the cache; their final-normed hidden states [n, hidden]."""
        ...

    def scores(self, hidden: mx.array) -> Scores:
        """The head over `hidden` [n, hidden], one projection."""
        ...

    def forget(self, n: int) -> None:
        """Take the last `n` tokens out of the cache again."""
        ...

    def shared(self) -> SharedKV:
        """The cache as the drafter reads it. Let go of it before the next `see`."""
        ...


class Drafter(Protocol):
    """A head that proposes the target's next tokens from the target's own state."""

    def step(self, token: mx.array, hidden: mx.array, shared: SharedKV, position: int) -> DraftStep:
        """One step: `token` [1], `hidden` [1, target_hidden], a constant `position`."""
        ...
