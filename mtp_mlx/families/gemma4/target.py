"""The target: mlx-lm's network over caches that rewind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from mtp_mlx.families.gemma4.config import FULL, SLIDING, TextConfig
from mtp_mlx.families.gemma4.forward import Forward, LayerCache
from mtp_mlx.kv.full import FullCache
from mtp_mlx.kv.window import WindowCache, WindowSnapshot
from mtp_mlx.protocols import Scores, SharedKV


@dataclass(frozen=True, slots=True)
class TargetSnapshot:
    """What is needed to come back to `length` once the windows have moved on."""

    length: int
    windows: tuple[WindowSnapshot, ...]

    @property
    def nbytes(self) -> int:
        return sum(w.rows.keys.nbytes + w.rows.values.nbytes for w in self.windows)


class GemmaTarget:
    """A `Target`: every layer that owns a cache has seen the same `length` tokens."""

    def __init__(self, network: Any, config: TextConfig) -> None:
        self.config = config
        self._network = network
        self._forward = Forward(network.model)
        self._sliding_owner = config.owner(SLIDING)
        self._full_owner = config.owner(FULL)
        self._caches = self._new_caches()

    def _new_caches(self) -> list[LayerCache]:
        owners = self.config.num_layers - self.config.num_kv_shared_layers
        return [
            FullCache() if kind == FULL else WindowCache(self.config.sliding_window)
            for kind in self.config.layer_types[:owners]
        ]

    @property
    def length(self) -> int:
        return self._caches[0].offset

    def apart(self) -> GemmaTarget:
        """The same network over empty caches of its own."""
        return GemmaTarget(self._network, self.config)

    def reset(self) -> None:
        """Forget everything and free the caches."""
        self._caches = self._new_caches()

    def see(self, tokens: mx.array) -> mx.array:
        return self._forward(tokens, self._caches)

    def scores(self, hidden: mx.array) -> Scores:
        network = self._network
        if self.config.tied:
            logits = network.model.embed_tokens.as_linear(hidden)
        else:
            logits = network.lm_head(hidden)
        return Scores(logits, softcap=self.config.softcap)

    def can_forget(self, n: int) -> bool:
        return all(cache.can_forget(n) for cache in self._caches)

    def forget(self, n: int) -> None:
        for cache in self._caches:
            cache.forget(n)

    def snapshot(self) -> TargetSnapshot:
        """The sliding layers as they stand; the full layers keep all positions anyway."""
        windows = (c.snapshot() for c in self._caches if isinstance(c, WindowCache))
        return TargetSnapshot(self.length, tuple(windows))

    def restore(self, snapshot: TargetSnapshot) -> None:
        """Stand again at `snapshot.length`, whose tokens must still be the first in the cache."""
        windows = iter(snapshot.windows)
        for cache in self._caches:
            if isinstance(cache, WindowCache):
                cache.restore(next(windows))
            else:
                cache.forget(cache.offset - snapshot.length)

    def shared(self) -> SharedKV:
        return SharedKV(
            sliding=self._caches[self._sliding_owner].view(),
            full=self._caches[self._full_owner].view(),
        )

    def embed(self, token: mx.array) -> mx.array:
        """What a drafter takes of a token [n]: its scaled embedding [n, hidden]."""
        rows: mx.array = self._network.model.embed_tokens(token)
        scale: float = self._network.model.embed_scale
        return rows * scale
