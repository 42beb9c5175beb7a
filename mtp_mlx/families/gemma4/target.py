"""The target: mlx-lm's weights, packed rows, and caches that can be trimmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import mlx.core as mx

from mtp_mlx.families.gemma4.config import FULL, SLIDING, TextConfig
from mtp_mlx.families.gemma4.pieces import Arrays, Pieces, attend, in_time
from mtp_mlx.kv.buffer import FullCache, KeysValues
from mtp_mlx.kv.spans import Span
from mtp_mlx.kv.state import LayersState
from mtp_mlx.kv.window import WindowCache
from mtp_mlx.protocols import Chunk, State
from mtp_mlx.sampling.distribution import Logits


class GemmaTarget:
    """A `Target` over mlx-lm's `gemma4_text.Model`."""

    def __init__(self, network: Any, config: TextConfig) -> None:
        self.config = config
        self.network = network
        self._model = network.model
        own_head = "lm_head" in network
        self._head = network.lm_head if own_head else self._model.embed_tokens.as_linear
        self._pieces = Pieces(self._model.layers, self._enter, self._leave)

    @property
    def vocabulary(self) -> int:
        return self.config.vocab_size

    def new_state(self) -> LayersState:
        return LayersState(
            [
                FullCache() if kind == FULL else WindowCache(self.config.sliding_window)
                for kind in self.config.layer_types[: self.config.owners]
            ]
        )

    def forward(self, chunks: Sequence[Chunk]) -> mx.array:
        """Append the chunks; return their hidden states.

        The layers behind the last that owns a cache only compute hidden states: there a chunk that
        asks for its last row goes on with that row alone.
        """
        rows = _Rows(chunks)
        step, inputs = self._apart(self._pieces.enter(rows.positions, rows.tokens))
        held: dict[int, list[_Held]] = {}
        for i, layer in enumerate(self._model.layers):
            x, queries, *own = step
            if own:
                held[i] = rows.append(i, *own)
            if i == self.config.owners - 1:
                x, queries, *later = rows.narrow(x, queries, *inputs[i:])
                inputs[i:] = later
                held = {owner: rows.narrowed(owner, of) for owner, of in held.items()}
            attended = _attended(layer, rows.split(queries), held[self._model.previous_kvs[i]])
            step = self._pieces.after(i, rows.positions, x, attended, *inputs[i : i + 1])
        return step[0]

    def _enter(self, tokens: mx.array) -> Arrays:
        """Return x [n, hidden], and each layer's own input [n, width] where there are any."""
        model = self._model
        x = model.embed_tokens(tokens) * model.embed_scale
        if not model.hidden_size_per_layer_input:
            return (x,)
        shape = (tokens.shape[0], len(model.layers), model.hidden_size_per_layer_input)
        looked_up = model.embed_tokens_per_layer(tokens) * model.embed_tokens_per_layer_scale
        projected = model.per_layer_model_projection(x) * model.per_layer_projection_scale
        projected = model.per_layer_projection_norm(projected.reshape(shape))
        inputs = (projected + looked_up.reshape(shape)) * model.per_layer_input_scale
        return (x, *(inputs[:, i] for i in range(len(model.layers))))

    def _apart(self, entered: Arrays) -> tuple[Arrays, list[mx.array]]:
        """Separate x with its projections from the inputs of the layers, which may be none."""
        if not self._model.hidden_size_per_layer_input:
            return entered, []
        first = len(entered) - len(self._model.layers)
        return entered[:first], list(entered[first:])

    def _leave(self, x: mx.array) -> Arrays:
        return (self._model.norm(x),)

    def logits(self, hidden: mx.array) -> Logits:
        return Logits(self._head(hidden), softcap=self.config.softcap)

    def embed(self, tokens: mx.array) -> mx.array:
        """Return the scaled embeddings [n, hidden] of `tokens` [n], as a drafter reads them."""
        rows: mx.array = self._model.embed_tokens(tokens)
        scale: float = self._model.embed_scale
        return rows * scale


@dataclass(frozen=True, slots=True)
class SharedKV:
    """The caches that the drafter reads: those of the target's last owning layer of each kind."""

    sliding: KeysValues  # the last `window` positions
    full: KeysValues  # all positions


def shared_kv(state: State, config: TextConfig) -> SharedKV:
    """Return views of `state`; drop them before its next forward pass."""
    return SharedKV(
        sliding=state.view(config.owner(SLIDING)),
        full=state.view(config.owner(FULL)),
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """The keys and values that the rows of one chunk attend to."""

    rows: KeysValues
    spans: list[Span] | None  # None: each row attends to all


class _Rows:
    """The rows of all chunks, packed, with the state, position and mask of each chunk's rows."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self._chunks = chunks
        self._states = [cast("LayersState", chunk.state) for chunk in chunks]
        self._sizes = [chunk.tokens.shape[0] for chunk in chunks]
        starts = zip(self._states, self._sizes, strict=True)
        self.positions = mx.array([s.length + i for s, size in starts for i in range(size)])
        self.tokens = _joined([chunk.tokens for chunk in chunks])
        # All layers of a kind hold the same positions, so they share the spans of their kind.
        self._spans: dict[type, list[list[Span]]] = {}

    def append(self, layer: int, keys: mx.array, values: mx.array) -> list[_Held]:
        """Append each sequence's rows to its cache of `layer`."""
        caches = [state.layers[layer] for state in self._states]
        kind = type(caches[0])
        if kind not in self._spans:
            self._spans[kind] = [c.spans(n) for c, n in zip(caches, self._sizes, strict=True)]
        parts = zip(caches, self.split(keys), self.split(values), self._spans[kind], strict=True)
        return [_Held(c.append(in_time(k), in_time(v)), spans) for c, k, v, spans in parts]

    def split(self, rows: mx.array) -> list[mx.array]:
        """Return the rows of each chunk."""
        if len(self._sizes) == 1:
            return [rows]
        ends = [sum(self._sizes[: i + 1]) for i in range(len(self._sizes))]
        return [rows[end - size : end] for end, size in zip(ends, self._sizes, strict=True)]

    def narrow(self, *arrays: mx.array) -> list[mx.array]:
        """Keep the last row alone of each chunk that asks for no more, here and in `arrays`."""
        if not any(chunk.last_row for chunk in self._chunks):
            return list(arrays)
        narrowed = [self._narrowed(array) for array in (self.positions, *arrays)]
        self._sizes = [
            1 if chunk.last_row else size
            for chunk, size in zip(self._chunks, self._sizes, strict=True)
        ]
        self.positions = narrowed[0]
        return narrowed[1:]

    def _narrowed(self, rows: mx.array) -> mx.array:
        parts = zip(self._chunks, self.split(rows), strict=True)
        return _joined([part[-1:] if chunk.last_row else part for chunk, part in parts])

    def narrowed(self, layer: int, held: list[_Held]) -> list[_Held]:
        """Return what the remaining rows attend to in the cache of `layer`."""
        return [
            _Held(chunk.state.view(layer), None) if chunk.last_row else old
            for chunk, old in zip(self._chunks, held, strict=True)
        ]


def _attended(layer: Any, queries: list[mx.array], held: list[_Held]) -> mx.array:
    parts = zip(queries, held, strict=True)
    return _joined([attend(layer, q, to.rows, to.spans) for q, to in parts])


def _joined(parts: list[mx.array]) -> mx.array:
    return parts[0] if len(parts) == 1 else mx.concatenate(parts)
