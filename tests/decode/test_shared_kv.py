"""The drafter reads the target's own arrays: drafting copies no keys and no values."""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx.decode.round import Turn, propose, speculate
from mtp_mlx.decode.rules import rule_of
from mtp_mlx.decode.sequence import Control, Sequence
from mtp_mlx.decode.watch import Starting
from mtp_mlx.depth.control import DepthControl
from mtp_mlx.families.gemma4.drafter import GemmaDrafter
from mtp_mlx.families.gemma4.target import GemmaTarget, shared_kv
from mtp_mlx.protocols import Anchor, Chunk
from tests.support.pairs import both
from tests.support.replies import GREEDY, tiny_pair
from tests.support.shapes import E2B

CONTEXT = 4096
CHUNK = 256  # a window of 8 makes longer ones wasteful


@dataclass(frozen=True, slots=True)
class Scene:
    """A sequence that has read `CONTEXT` tokens."""

    target: GemmaTarget
    drafter: GemmaDrafter
    sequence: Sequence

    def buffers(self) -> int:
        """The bytes of one full layer's keys and values."""
        return shared_kv(self.sequence.state, self.target.config).full.nbytes

    def draft(self) -> mx.array:
        return propose(self.drafter, [Turn(self.sequence, 3)])[0].tokens

    def speculate(self) -> None:
        speculate(self.target, self.drafter, [Turn(self.sequence, 3)], Starting())


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    pair = both(tiny_pair(tmp_path_factory.mktemp("pair"), E2B))
    state = pair.target.new_state()
    tokens = np.random.default_rng(0).integers(0, 384, CONTEXT)
    for start in range(0, CONTEXT, CHUNK):
        chunk = Chunk(state, mx.array(tokens[start : start + CHUNK]))
        hidden = pair.target.forward([chunk])[-1:]
        mx.eval(hidden)
    sequence = Sequence(
        state=state,
        draft_state=pair.drafter.new_state(state),
        rule=rule_of("coupled", GREEDY, 0, (), 384),
        anchor=Anchor(mx.array([5], dtype=mx.int32), hidden),
        tokens_left=1000,
        end_tokens=frozenset(),
        control=Control(),
        depth=DepthControl(None),
    )
    return Scene(pair.target, pair.drafter, sequence)


def test_drafting_allocates_no_keys_and_values(scene: Scene) -> None:
    mx.eval(scene.draft())  # warm-up
    mx.clear_cache()
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    mx.eval(scene.draft())
    assert mx.get_peak_memory() - before < scene.buffers() / 4


def test_a_round_writes_into_the_buffers_it_has(scene: Scene) -> None:
    """Were a view of the cache still held, each round would copy the whole buffer."""
    size = scene.buffers()
    for _ in range(3):
        scene.speculate()
    mx.clear_cache()
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    for _ in range(5):
        scene.speculate()
    assert mx.get_peak_memory() - before < size
    assert mx.get_active_memory() - before < size / 4
