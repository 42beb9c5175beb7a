"""Loads miniature pairs through the engine, and puts them through what the goldens record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx
import numpy as np
import numpy.typing as npt

from mtp_mlx import api
from mtp_mlx.api import DraftPosition, Dtype
from mtp_mlx.families.gemma4.drafter import GemmaDrafter
from mtp_mlx.families.gemma4.target import GemmaTarget, SharedKV, shared_kv
from mtp_mlx.loading import LoadedPair, load_pair
from mtp_mlx.protocols import Chunk, State, Target
from mtp_mlx.sampling.distribution import Logits
from tests.support.checkpoints import PLAIN, write_pair
from tests.support.golden import GoldenRound, Top
from tests.support.shapes import WINDOW, Shape
from tests.support.spelling import Spelling

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pair:
    target: GemmaTarget
    drafter: GemmaDrafter


def load(
    folder: Path,
    shape: Shape,
    *,
    spelling: Spelling = PLAIN,
    window: int = WINDOW,
    rounded: bool = False,
    dtype: Dtype = "float32",
) -> Pair:
    """Write a pair to `folder` and load it."""
    folders = write_pair(folder, shape, spelling=spelling, window=window, rounded=rounded)
    loaded = load_pair(
        api.Load(target=str(folders.target), drafter=str(folders.drafter), dtype=dtype)
    )
    return both(loaded)


def both(loaded: LoadedPair) -> Pair:
    assert isinstance(loaded.target, GemmaTarget)
    assert isinstance(loaded.drafter, GemmaDrafter)
    return Pair(loaded.target, loaded.drafter)


def floats(array: mx.array) -> Floats:
    return np.array(array.astype(mx.float32))


def logits(target: Target, hidden: mx.array) -> Floats:
    computed = target.logits(hidden)
    assert computed.ids is None
    return floats(computed.values)


def forward(
    target: Target, tokens: list[int], *, state: State | None = None, chunk: int | None = None
) -> mx.array:
    """The hidden rows of all tokens, read `chunk` at a time; without a state into a new one."""
    state = state or target.new_state()
    size = chunk or len(tokens)
    rows = [
        target.forward([Chunk(state, mx.array(tokens[start : start + size]))])
        for start in range(0, len(tokens), size)
    ]
    return mx.concatenate(rows)


def plain_text(target: Target, prompt: list[int], length: int, *, chunk: int | None) -> list[int]:
    """Greedy decoding, one token a pass."""
    state = target.new_state()
    hidden = forward(target, prompt, state=state, chunk=chunk)[-1:]
    text = [int(logits(target, hidden).argmax())]
    while len(text) < length:
        hidden = forward(target, text[-1:], state=state)
        text.append(int(logits(target, hidden).argmax()))
    return text


def rounds(
    pair: Pair, prompt: list[int], rule: DraftPosition, *, count: int, depth: int
) -> list[GoldenRound]:
    """Greedy rounds in sequence over one cache: draft, verify, trim."""
    target, drafter = pair.target, pair.drafter.at(rule)
    state = target.new_state()
    hidden = forward(target, prompt, state=state)[-1:]
    anchor = int(logits(target, hidden).argmax())
    done = []
    for _ in range(count):
        length = state.length
        top = draft(drafter, anchor, hidden, shared_kv(state, target.config), length, depth)
        drafts = [step.ids[0] for step in top]
        rows = forward(target, [anchor, *drafts], state=state)
        chosen = logits(target, rows).argmax(axis=-1).tolist()
        n = next((i for i in range(depth) if drafts[i] != chosen[i]), depth)
        state.trim(depth - n)
        done.append(GoldenRound(anchor, length, drafts, top, n))
        anchor, hidden = chosen[n], rows[n : n + 1]
    return done


def draft(
    drafter: GemmaDrafter, token: int, hidden: mx.array, shared: SharedKV, length: int, depth: int
) -> list[Top]:
    steps = []
    for _ in range(depth):
        step = drafter.step(mx.array([token]), hidden, [shared], [length])
        steps.append(best(step.logits))
        token, hidden = steps[-1].ids[0], step.hidden
    return steps


def best(computed: Logits, count: int = 4) -> Top:
    """The best candidates of a single row, best first, by token id."""
    values = floats(computed.values)[0]
    places = np.argsort(-values)[:count]
    ids = places if computed.ids is None else np.array(computed.ids)[0][places]
    return Top(ids.tolist(), values[places].tolist())
