"""Scores that are no numbers end a reply with their cause, and never become text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import mlx.core as mx
import pytest

from mtp_mlx import api
from mtp_mlx.api import Dtype, Mtp
from mtp_mlx.decode.loop import NO_TOKEN
from mtp_mlx.decode.sequence import NotFinite
from mtp_mlx.engine import Engine
from mtp_mlx.errors import NonFiniteScores
from mtp_mlx.events import ReplyEvent, Round
from mtp_mlx.kv.state import LayersState
from mtp_mlx.loading import load_pair
from mtp_mlx.protocols import Chunk, Target
from tests.engine.conftest import PairOf
from tests.support.checkpoints import PairFolders, write_pair
from tests.support.damage import Tensors, edit_weights
from tests.support.replies import AT_ONE, GREEDY, PROMPT, reply
from tests.support.sequences import Order, batch_of, begin
from tests.support.shapes import SHORT_31B, SHORT_E2B

EMBEDDING = "model.embed_tokens.weight"
NORM = "model.layers.3.post_feedforward_layernorm.weight"
MODES: tuple[Mtp, ...] = ("off", 3)


@pytest.fixture
def folders(tmp_path: Path) -> PairFolders:
    return write_pair(tmp_path, SHORT_31B)


def engine_of(folders: PairFolders, dtype: Dtype = "float32") -> Engine:
    target, drafter = str(folders.target), str(folders.drafter)
    return Engine(load_pair(api.Load(target=target, drafter=drafter, dtype=dtype)))


def spoiled(name: str, value: float) -> Callable[[Tensors], None]:
    """Set the last number of a tensor."""

    def spoil(tensors: Tensors) -> None:
        flat = tensors[name].reshape(-1)
        flat[-1] = value
        tensors[name] = flat.reshape(tensors[name].shape)

    return spoil


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", [NORM, EMBEDDING])
@pytest.mark.parametrize("sampling", [GREEDY, AT_ONE], ids=["greedy", "T=1"])
def test_damaged_weights(
    name: str, value: float, sampling: api.Sampling, folders: PairFolders
) -> None:
    """Also where one row of the embedding alone is: it is one score of each row of the head."""
    edit_weights(folders.target, spoiled(name, value))
    engine = engine_of(folders)
    for mtp in MODES:
        with pytest.raises(NonFiniteScores) as caught:
            reply(engine, PROMPT, mtp=mtp, sampling=sampling)
        for words in ("target", name, "model.safetensors", "float32", "Download"):
            assert words in str(caught.value)


def test_numbers_too_large_for_float16(folders: PairFolders) -> None:
    """The weights are sound, so another dtype helps; the engine goes on."""

    def grow(tensors: Tensors) -> None:
        tensors[NORM] = tensors[NORM] * 0 + 30_000

    edit_weights(folders.target, grow)
    assert reply(engine_of(folders), PROMPT, mtp=3).tokens
    engine = engine_of(folders, "float16")
    for mtp in MODES:
        with pytest.raises(NonFiniteScores) as caught:
            reply(engine, PROMPT, mtp=mtp)
        for words in ("target", "model.safetensors", "not finite in float16", "--dtype float32"):
            assert words in str(caught.value)
    assert engine.state.length == 0


def test_a_load_does_not_fail_for_it(folders: PairFolders) -> None:
    """Warming up writes what nobody asked for."""
    edit_weights(folders.target, spoiled(NORM, float("nan")))
    request = api.Load(target=str(folders.target), use_drafter=False, dtype="float32")
    with pytest.raises(NonFiniteScores):
        reply(Engine.load(request), PROMPT)


@pytest.mark.parametrize("verify", ["coupled", "block", "token"])
def test_a_damaged_drafter(verify: api.Verify, folders: PairFolders) -> None:
    """Not a token of it: without drafts the reply is the target's, with drafts there is none."""
    plain = reply(engine_of(folders), PROMPT, sampling=AT_ONE).tokens
    edit_weights(folders.drafter, spoiled("model.norm.weight", float("nan")))
    engine = engine_of(folders)
    seen: list[int] = []

    def watch(event: ReplyEvent, _: object) -> None:
        seen.extend(t.id for t in event.tokens) if isinstance(event, Round) else None

    with pytest.raises(NonFiniteScores) as caught:
        reply(engine, PROMPT, mtp=3, verify=verify, sampling=AT_ONE, watch=watch)
    assert seen == plain[:1]
    for words in ("drafter", "model.norm.weight", "model.safetensors", "float32", "MTP off"):
        assert words in str(caught.value)
    assert reply(engine, PROMPT, sampling=AT_ONE).tokens == plain


class Spoiling:
    """A `Target` whose row of each of some tokens is no number, as if a product overflowed."""

    def __init__(self, target: Target, tokens: set[int]) -> None:
        self._target = target
        self._tokens = mx.array(sorted(tokens))
        self.vocabulary = target.vocabulary
        self.new_state = target.new_state
        self.logits = target.logits

    def forward(self, chunks: Sequence[Chunk]) -> mx.array:
        hidden = self._target.forward(chunks)
        if any(chunk.last_row for chunk in chunks):
            return hidden
        tokens = mx.concatenate([chunk.tokens for chunk in chunks])
        spoilt = (tokens[:, None] == self._tokens).any(axis=-1, keepdims=True)
        return mx.where(spoilt, mx.nan, hidden)


@pytest.mark.parametrize(
    "sampling", [pytest.param(GREEDY, marks=pytest.mark.slow), AT_ONE], ids=["greedy", "T=1"]
)
def test_a_refused_draft_spoils_only_its_own_row(sampling: api.Sampling, pair_of: PairOf) -> None:
    """Plain decoding never meets that row, so it ends no reply."""
    pair = pair_of(SHORT_E2B)
    plain = reply(Engine(pair), PROMPT, sampling=sampling).tokens
    drafted = reply(Engine(pair), PROMPT, mtp=4, sampling=sampling)
    refused = {r.id for one in drafted.rounds for r in one.rejected} - set(plain)
    assert refused
    engine = Engine(replace(pair, target=Spoiling(pair.target, refused)))
    assert reply(engine, PROMPT, mtp=4, sampling=sampling).tokens == plain


def test_drafting_ends_where_plain_decoding_does(pair_of: PairOf) -> None:
    """Every token before the first row that is no number is written, and none behind it."""
    pair = pair_of(SHORT_E2B)
    plain = reply(Engine(pair), PROMPT).tokens
    last = next(t for i, t in enumerate(plain) if i > 8 and t not in plain[:i])
    engine = Engine(replace(pair, target=Spoiling(pair.target, {last})))
    for mtp in ("off", 1, 3, 6):
        seen: list[int] = []

        def watch(event: ReplyEvent, _: object, seen: list[int] = seen) -> None:
            seen.extend(t.id for t in event.tokens) if isinstance(event, Round) else None

        with pytest.raises(NonFiniteScores):
            reply(engine, PROMPT, mtp=mtp, watch=watch)
        assert seen == plain[: plain.index(last) + 1], mtp


def test_others_of_a_batch_go_on(pair_of: PairOf) -> None:
    """Nothing has happened to them: their states are as before the round."""
    pair = pair_of(SHORT_E2B)
    for mtp in MODES:
        orders = [
            Order(prompt=tuple(prompt), sampling=GREEDY, seed=0, mtp=mtp, length=12)
            for prompt in (PROMPT, PROMPT[:5])
        ]
        good, bad = (begin(pair, order) for order in orders)
        alone = begin(pair, orders[0])
        batch = batch_of(pair)
        bad.sequence.anchor = replace(bad.sequence.anchor, token=mx.array([3]))
        spoil(bad.sequence.state)
        with pytest.raises(NotFinite) as caught:
            batch.round([good.sequence, bad.sequence])
        assert caught.value.sequence is bad.sequence
        good.sequence.settle()
        assert good.sequence.state.length == len(PROMPT)
        for written in (good, alone):
            while written.sequence.finish is None:
                (emitted,) = batch.round([written.sequence])
                written.tokens += emitted.round.tokens
        assert good.tokens == alone.tokens
        assert NO_TOKEN not in good.tokens


def spoil(state: object) -> None:
    """Spoil the values that a sequence has in its cache, so that its scores are no numbers."""
    assert isinstance(state, LayersState)
    for layer in state.layers:
        held = layer.view()
        layer.trim(held.keys.shape[2])
        layer.append(held.keys, held.values * mx.nan)
