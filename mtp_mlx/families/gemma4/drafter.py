"""The drafter: four layers that attend over the target's own keys and values.

It has no K/V projections and no cache; it reads the target's arrays in unified memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import mlx.core as mx

from mtp_mlx.api import DraftPosition
from mtp_mlx.drafting.chain import Step, chain
from mtp_mlx.families.gemma4.config import SLIDING, DrafterConfig
from mtp_mlx.families.gemma4.network import DrafterNetwork
from mtp_mlx.families.gemma4.pieces import Arrays, Pieces, attend
from mtp_mlx.families.gemma4.target import GemmaTarget, SharedKV, shared_kv
from mtp_mlx.protocols import DraftRow, Drafts, State
from mtp_mlx.sampling.distribution import Logits


class NoState:
    """The `DraftState` of a drafter that keeps nothing: its length is always the target's."""

    reads_hidden = False

    def __init__(self, target_state: State) -> None:
        self.target_state = target_state

    @property
    def length(self) -> int:
        return self.target_state.length

    def read(self, tokens: mx.array, hidden: mx.array | None) -> None:
        pass

    def can_trim(self, n: int) -> bool:
        return n >= 0

    def trim(self, n: int) -> None:
        pass

    def snapshot(self) -> None:
        return None

    def restore(self, snapshot: None) -> None:
        pass

    def evaluate(self) -> None:
        pass


class GemmaDrafter:
    """A `Drafter` bound to its target's embedding."""

    def __init__(
        self,
        network: DrafterNetwork,
        config: DrafterConfig,
        target: GemmaTarget,
        position: DraftPosition = "last-seen",
    ) -> None:
        self.config = config
        self.network = network
        self._target = target
        self._position = position
        self._layers: Any = network.model.layers
        self._pieces = Pieces(self._layers, self._enter, self._leave)

    def at(self, position: DraftPosition) -> GemmaDrafter:
        """Return a drafter of the same weights at another draft position."""
        return GemmaDrafter(self.network, self.config, self._target, position)

    def new_state(self, target_state: State) -> NoState:
        return NoState(target_state)

    def propose(self, rows: Sequence[DraftRow]) -> list[Drafts]:
        shared = [self._shared(row) for row in rows]
        lengths = [row.state.length for row in rows]

        def step(going_on: Sequence[int], tokens: mx.array, hidden: mx.array) -> Step:
            return self.step(
                tokens, hidden, [shared[i] for i in going_on], [lengths[i] for i in going_on]
            )

        return chain(step, rows)

    def _shared(self, row: DraftRow) -> SharedKV:
        state = cast("NoState", row.state)
        return shared_kv(state.target_state, self._target.config)

    def step(
        self,
        tokens: mx.array,
        hidden: mx.array,
        shared: Sequence[SharedKV],
        lengths: Sequence[int],
    ) -> Step:
        """Run one step over `tokens` [n] and `hidden` [n, target_hidden].

        `shared` and `lengths` are each row's keys and values and the length of its target's state.
        The position (RoPE) is the same for all steps of a round: the drafter has no cache that
        would grow.
        """
        behind = self._position == "last-seen"
        positions = mx.array([length - behind for length in lengths])
        state = self._pieces.enter(positions, tokens, hidden)
        for i, layer in enumerate(self._layers):
            x, queries = state
            held = [s.sliding if layer.layer_type == SLIDING else s.full for s in shared]
            attended = [attend(layer, queries[r : r + 1], kv) for r, kv in enumerate(held)]
            joined = attended[0] if len(attended) == 1 else mx.concatenate(attended)
            state = self._pieces.after(i, positions, x, joined)
        following, raw, *ids = state
        return Step(Logits(raw, ids[0] if ids else None), following)

    def _enter(self, tokens: mx.array, hidden: mx.array) -> Arrays:
        """Return the input of the first layer: [n, hidden of the drafter]."""
        pair = mx.concatenate([self._target.embed(tokens), hidden], axis=-1)  # [n, 2 target_hidden]
        return (self.network.pre_projection(pair),)

    def _leave(self, x: mx.array) -> Arrays:
        """Return the next step's hidden state [n, target_hidden], logits, and their ids if any."""
        network = self.network
        x = network.model.norm(x)
        logits = self._logits(x)
        result = (network.post_projection(x), logits.raw)
        return result if logits.ids is None else (*result, logits.ids)

    def _logits(self, x: mx.array) -> Logits:
        embedding = self.network.model.embed_tokens
        if self.config.centroids is None:
            return Logits(embedding.as_linear(x))
        logits: Logits = self.network.masked_embedding(x, embedding)
        return logits
