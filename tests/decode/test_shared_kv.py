"""The drafter reads the target's own arrays: drafting copies no keys and no values."""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx.decode.round import Anchor, Cast, Limits, draft, speculate
from mtp_mlx.decode.verification import rule_of
from mtp_mlx.loading import LoadedPair
from tests.support.replies import GREEDY, tiny_pair
from tests.support.shapes import E2B

CONTEXT = 4096
CHUNK = 256  # a window of 8 makes longer ones wasteful
LIMITS = Limits(end_tokens=frozenset(), room=100)


@dataclass(frozen=True, slots=True)
class Scene:
    """A pair that has read `CONTEXT` tokens, and where decoding stands."""

    pair: LoadedPair
    cast: Cast
    anchor: Anchor

    def buffers(self) -> int:
        """The bytes of one layer's keys and values."""
        shared = self.pair.target.shared()
        return shared.full.keys.nbytes + shared.full.values.nbytes


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    pair = tiny_pair(tmp_path_factory.mktemp("pair"), E2B)
    assert pair.drafter is not None
    tokens = np.random.default_rng(0).integers(0, 384, CONTEXT)
    for start in range(0, CONTEXT, CHUNK):
        hidden = pair.target.see(mx.array(tokens[start : start + CHUNK]))[-1:]
        mx.eval(hidden)
    rule = rule_of("coupled", GREEDY, 0, (), 384)
    cast = Cast(target=pair.target, drafter=pair.drafter, rule=rule)
    return Scene(pair, cast, Anchor(mx.array([5], dtype=mx.int32), hidden))


def test_drafting_allocates_no_keys_and_values(scene: Scene) -> None:
    mx.eval(draft(scene.cast, scene.anchor, 3).tokens)  # warm-up
    mx.clear_cache()
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    mx.eval(draft(scene.cast, scene.anchor, 3).tokens)
    assert mx.get_peak_memory() - before < scene.buffers() / 4


def test_a_round_writes_into_the_buffers_it_has(scene: Scene) -> None:
    """Were a view of the cache still held, each round would copy the whole buffer."""
    cast, anchor, size = scene.cast, scene.anchor, scene.buffers()
    length = scene.pair.target.length
    for _ in range(3):
        anchor = speculate(cast, anchor, 3, LIMITS).anchor
    mx.clear_cache()
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    for _ in range(5):
        anchor = speculate(cast, anchor, 3, LIMITS).anchor
    assert mx.get_peak_memory() - before < size
    assert mx.get_active_memory() - before < size / 4
    scene.pair.target.forget(scene.pair.target.length - length)
