"""With a drafter that is never wrong, every draft is accepted: nothing else sees wrong inputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mtp_mlx.engine import Engine
from mtp_mlx.gemma4.target import GemmaTarget
from tests.support.oracle import Oracle
from tests.support.replies import AT_ONE, reply, tiny_pair, with_drafter
from tests.support.shapes import SHAPES, Shape

PROMPT = [5, 17, 300, 42, 42, 9, 111, 250, 3, 77, 8]
LENGTH = 60
Miss = Callable[[int], bool]


@pytest.fixture(params=SHAPES.values(), ids=lambda shape: shape.name)
def shape(request: pytest.FixtureRequest) -> Shape:
    found: Shape = request.param
    return found


def drafted_by_oracle(shape: Shape, folder: Path, depth: int, miss: Miss) -> tuple[Oracle, float]:
    pair = tiny_pair(folder, shape)
    plain = reply(Engine(pair), PROMPT, sampling=AT_ONE, max_tokens=LENGTH)
    pair.target.reset()
    reference = GemmaTarget(pair.target._network, pair.target.config)
    oracle = Oracle([*PROMPT, *plain.tokens], reference, miss=miss)
    found = reply(
        Engine(with_drafter(pair, oracle)), PROMPT, sampling=AT_ONE, max_tokens=LENGTH, mtp=depth
    )
    assert oracle.faults == []
    assert found.tokens == plain.tokens
    rate = found.finished.stats.acceptance_rate
    assert rate is not None
    return oracle, rate


@pytest.mark.parametrize("depth", [1, 3, 8])
def test_all_is_accepted(shape: Shape, depth: int, tmp_path: Path) -> None:
    _, rate = drafted_by_oracle(shape, tmp_path, depth, miss=lambda position: False)
    assert rate == 1.0


def test_all_is_accepted_again_after_a_forced_miss(shape: Shape, tmp_path: Path) -> None:
    """Misses at every 7th position: the round after one starts from the row that was right."""
    pair = tiny_pair(tmp_path, shape)
    plain = reply(Engine(pair), PROMPT, sampling=AT_ONE, max_tokens=LENGTH)
    pair.target.reset()
    reference = GemmaTarget(pair.target._network, pair.target.config)
    missed = {position for position in range(len(PROMPT) + LENGTH) if position % 7 == 0}
    oracle = Oracle([*PROMPT, *plain.tokens], reference, miss=missed.__contains__)
    found = reply(
        Engine(with_drafter(pair, oracle)), PROMPT, sampling=AT_ONE, max_tokens=LENGTH, mtp=3
    )
    place = len(PROMPT) + 1  # of the first drafted token
    for r in found.rounds:
        until_miss = next((i for i in range(r.depth) if place + i in missed), r.depth)
        assert r.accepted == until_miss, r.index
        place += len(r.tokens)
    assert found.tokens == plain.tokens
