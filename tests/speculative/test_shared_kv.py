"""The drafter reads the target's own arrays: drafting copies no keys and no values."""

from __future__ import annotations

from pathlib import Path

import mlx.core as mx
import numpy as np

from mtp_mlx.loading import LoadedPair
from mtp_mlx.speculative.round import Anchor, Cast, Limits, draft, speculate
from mtp_mlx.speculative.verification import rule_of
from tests.support.replies import GREEDY, tiny_pair
from tests.support.shapes import E2B

CONTEXT = 4096
LIMITS = Limits(end_tokens=frozenset(), room=100)


def anchored(target: object, tokens: np.ndarray) -> Anchor:
    hidden = target.see(mx.array(tokens))[-1:]  # type: ignore[attr-defined]
    return Anchor(mx.array([5], dtype=mx.int32), hidden)


def cast_of(pair: LoadedPair) -> Cast:
    assert pair.drafter is not None
    rule = rule_of("coupled", GREEDY, 0, (), 384)
    return Cast(target=pair.target, drafter=pair.drafter, rule=rule)


def test_drafting_allocates_no_keys_and_values(tmp_path: Path) -> None:
    pair = tiny_pair(tmp_path, E2B)
    tokens = np.random.default_rng(0).integers(0, 384, CONTEXT)
    for start in range(0, CONTEXT, 1024):
        anchor = anchored(pair.target, tokens[start : start + 1024])
        mx.eval(anchor.hidden)
    cast = cast_of(pair)
    shared = pair.target.shared()
    size = shared.full.keys.nbytes + shared.full.values.nbytes
    mx.eval(draft(cast, anchor, 3).tokens)  # warm-up
    mx.clear_cache()
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    mx.eval(draft(cast, anchor, 3).tokens)
    assert mx.get_peak_memory() - before < size / 4


def test_a_round_writes_into_the_buffers_it_has(tmp_path: Path) -> None:
    """Were a view of the cache still held, each round would copy the whole buffer."""
    pair = tiny_pair(tmp_path, E2B)
    tokens = np.random.default_rng(0).integers(0, 384, CONTEXT + 100)
    for start in range(0, CONTEXT, 1024):
        anchor = anchored(pair.target, tokens[start : start + 1024])
        mx.eval(anchor.hidden)
    cast = cast_of(pair)
    shared = pair.target.shared()
    size = shared.full.keys.nbytes + shared.full.values.nbytes
    del shared
    for _ in range(3):
        anchor = speculate(cast, anchor, 3, LIMITS).anchor
    mx.clear_cache()
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    for _ in range(5):
        anchor = speculate(cast, anchor, 3, LIMITS).anchor
    assert mx.get_peak_memory() - before < size
    assert mx.get_active_memory() - before < size / 4
