"""One forward pass of the target: the pieces of its stack, with the caches in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mlx.core as mx

from mtp_mlx.families.gemma4.config import FULL, SLIDING
from mtp_mlx.families.gemma4.pieces import Arrays, Pieces, attend
from mtp_mlx.kv.full import FullCache
from mtp_mlx.kv.window import WindowCache

LayerCache = FullCache | WindowCache


class Forward:
    """Tokens to final-normed hidden states, over mlx-lm's `Gemma4TextModel`."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._layers = model.layers
        self._pieces = Pieces(model.layers, self._enter, self._leave)

    def __call__(self, tokens: mx.array, caches: Sequence[LayerCache]) -> mx.array:
        """Append `tokens` [n] to `caches`, one a layer that owns its keys: [n, hidden]."""
        n = tokens.shape[0]
        offset = mx.array(caches[0].offset)
        masks = self._masks(n, caches)
        state, per_layer = self._apart(self._pieces.enter(n, offset, tokens))
        fetched: list[tuple[mx.array, mx.array]] = []
        for i, layer in enumerate(self._layers):
            x, queries, *own = state
            if own:
                fetched.append(caches[i].update_and_fetch(*own))
            else:
                fetched.append(fetched[self._model.previous_kvs[i]])
            attended = attend(layer, queries, *fetched[i], masks[layer.layer_type])
            state = self._pieces.after(i, offset, x, attended, *per_layer[i : i + 1])
        return state[0]

    def _masks(self, n: int, caches: Sequence[LayerCache]) -> dict[str, Any]:
        """One a kind of layer: all of a kind hold the same positions."""
        kinds = {FULL: FullCache, SLIDING: WindowCache}
        return {
            kind: next(cache.make_mask(n) for cache in caches if isinstance(cache, made))
            for kind, made in kinds.items()
        }

    def _enter(self, tokens: mx.array) -> Arrays:
        """The x [1, n, hidden], and each layer's own input [1, n, width] where there are any."""
        model = self._model
        embedded = model.embed_tokens(tokens[None])
        x = embedded * model.embed_scale
        if not model.hidden_size_per_layer_input:
            return (x,)
        inputs = model._get_per_layer_inputs(tokens[None], embedded)  # noqa: SLF001
        inputs = model._project_per_layer_inputs(x, inputs)  # noqa: SLF001
        return (x, *(inputs[:, :, i] for i in range(len(self._layers))))

    def _apart(self, arrays: Arrays) -> tuple[Arrays, Arrays]:
        """What the first piece made, apart: x with its projections, and the per-layer inputs."""
        mine = len(arrays) - len(self._layers) if self._model.hidden_size_per_layer_input else None
        return arrays[:mine], () if mine is None else arrays[mine:]

    def _leave(self, x: mx.array) -> Arrays:
        return (self._model.norm(x)[0],)
