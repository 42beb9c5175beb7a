"""The drafter reads the target's own arrays: drafting copies no keys and no values."""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx
import pytest

from mtp_mlx.decode.round import Turn, propose, speculate
from mtp_mlx.decode.rules import rule_of
from mtp_mlx.decode.sequence import Control, Sequence
from mtp_mlx.decode.watch import Starting
from mtp_mlx.depth.control import DepthControl
from mtp_mlx.families.gemma4.drafter import GemmaDrafter
from mtp_mlx.families.gemma4.target import GemmaTarget, shared_kv
from mtp_mlx.protocols import Anchor
from tests.support.pairs import both
from tests.support.replies import GREEDY, tiny_pair
from tests.support.shapes import SHORT_E2B

CONTEXT = 4096


@dataclass(frozen=True, slots=True)
class Scene:
    """A sequence whose state holds `CONTEXT` random rows: what they say matters to no size."""

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
    pair = both(tiny_pair(tmp_path_factory.mktemp("pair"), SHORT_E2B))
    config = pair.target.config
    state = pair.target.new_state()
    for layer, kind in zip(state.layers, config.layer_types, strict=False):
        heads, width = config.kv_shape(kind)
        rows = mx.random.normal((1, heads, CONTEXT, width), key=mx.random.key(0))
        layer.append(rows, rows)
    state.evaluate()
    hidden = mx.random.normal((1, config.hidden_size), key=mx.random.key(1))
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
