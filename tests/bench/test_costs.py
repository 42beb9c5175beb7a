"""Measuring costs: every pass is measured, and the pair's own cache stays as it was."""

from __future__ import annotations

from dataclasses import replace

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx.bench.costs import MOST_ROWS, measure
from mtp_mlx.calibration import Costs
from mtp_mlx.loading import LoadedPair
from tests.support.pairs import floats, logits
from tests.support.replies import tiny_pair, with_drafter
from tests.support.shapes import E2B, WINDOW

CONTEXT = 3 * WINDOW


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> LoadedPair:
    return tiny_pair(tmp_path_factory.mktemp("pair"), E2B)


def test_every_pass_is_measured(pair: LoadedPair) -> None:
    costs = measure(pair, CONTEXT, repeats=1)
    assert costs.context == CONTEXT
    assert len(costs.verify_ms) == MOST_ROWS == 9
    assert costs.draft_ms is not None
    assert all(ms > 0 for ms in (*costs.verify_ms, costs.draft_ms, costs.plain_ms))


def test_a_pair_without_a_drafter_has_no_drafting_cost(pair: LoadedPair) -> None:
    assert measure(replace(pair, drafter=None), CONTEXT, repeats=1).draft_ms is None


def test_each_pass_stands_behind_the_same_context(pair: LoadedPair) -> None:
    """Each measuring puts its cache back: the drafter sees `CONTEXT` tokens at every repeat."""
    assert pair.drafter is not None
    seen = []

    class Watching:
        def step(self, *arguments: object) -> object:
            seen.append(arguments[3])
            return pair.drafter.step(*arguments)  # type: ignore[union-attr,arg-type]

    measure(with_drafter(pair, Watching()), CONTEXT, repeats=2)  # type: ignore[arg-type]
    assert seen == 3 * [CONTEXT - 1]  # a warm-up and two repeats; the last position seen


def test_the_cache_is_left_as_it_was(pair: LoadedPair) -> None:
    tokens = mx.array([5, 80, 7, 200, 11, 42, 8, 9, 300, 12, 1])
    pair.target.reset()
    pair.target.see(tokens)
    expected = logits(pair.target, pair.target.see(mx.array([17])))

    pair.target.reset()
    pair.target.see(tokens)
    before = pair.target.shared()
    kept = [floats(rows) for rows in (before.sliding.keys, before.full.values)]
    del before
    measure(pair, CONTEXT, repeats=1)
    assert pair.target.length == tokens.size
    after = pair.target.shared()
    for was, now in zip(kept, (after.sliding.keys, after.full.values), strict=True):
        np.testing.assert_array_equal(floats(now), was)
    del after
    found = logits(pair.target, pair.target.see(mx.array([17])))
    np.testing.assert_array_equal(found, expected)


def test_the_allowed_speed_up_is_tau_over_the_cost_of_a_round() -> None:
    costs = Costs(context=1, verify_ms=(10.0, 12.0, 15.0), draft_ms=2.5, plain_ms=9.0)
    assert costs.round_ms(2) == 20.0
    assert costs.allowed_speed_up(2, tau=2.0) == pytest.approx(0.9)
