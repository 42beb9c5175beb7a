"""Measuring costs: every pass is measured, and each behind the same context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import mlx.core as mx
import pytest

from mtp_mlx.bench.calibrate import MOST_ROWS, measure
from mtp_mlx.calibration import Costs
from mtp_mlx.loading import LoadedPair
from mtp_mlx.protocols import Chunk, DraftRow, Drafts, DraftState, State, Target
from mtp_mlx.sampling.distribution import Logits
from tests.support.replies import tiny_pair, with_drafter
from tests.support.shapes import SHORT_E2B, WINDOW

CONTEXT = 3 * WINDOW


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> LoadedPair:
    return tiny_pair(tmp_path_factory.mktemp("pair"), SHORT_E2B)


def test_every_pass_is_measured(pair: LoadedPair, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock of the work done: a second a row forwarded, 100 a row of logits, 1000 a draft."""
    assert pair.drafter is not None
    seconds = 0.0
    drafter, target = pair.drafter, type(pair.target)
    forward_, logits_ = target.forward, target.logits

    def forward(self: Target, chunks: Sequence[Chunk]) -> mx.array:
        nonlocal seconds
        seconds += sum(chunk.tokens.size for chunk in chunks)
        return forward_(self, chunks)

    def logits(self: Target, hidden: mx.array) -> Logits:
        nonlocal seconds
        seconds += 100 * hidden.shape[0]
        return logits_(self, hidden)

    class Drafting:
        def new_state(self, target_state: State) -> DraftState:
            return drafter.new_state(target_state)

        def propose(self, rows: Sequence[DraftRow]) -> list[Drafts]:
            nonlocal seconds
            seconds += 1000 * sum(row.depth for row in rows)
            return drafter.propose(rows)

    monkeypatch.setattr(target, "forward", forward)
    monkeypatch.setattr(target, "logits", logits)
    monkeypatch.setattr("mtp_mlx.bench.calibrate.time.perf_counter", lambda: seconds)
    costs = measure(with_drafter(pair, Drafting()), CONTEXT, repeats=1)
    assert costs.context == CONTEXT
    assert costs.verify_ms == tuple(101e3 * rows for rows in range(1, MOST_ROWS + 1))
    assert costs.draft_ms == 1000e3
    assert costs.plain_ms == pytest.approx(101e3)


def test_a_pair_without_a_drafter_has_no_drafting_cost(pair: LoadedPair) -> None:
    assert measure(replace(pair, drafter=None), CONTEXT, repeats=1).draft_ms is None


def test_each_pass_stands_behind_the_same_context(pair: LoadedPair) -> None:
    """Each measuring trims what it appended: the drafter reads `CONTEXT` tokens at every repeat."""
    assert pair.drafter is not None
    lengths = []

    class Watching:
        def new_state(self, target_state: State) -> DraftState:
            assert pair.drafter is not None
            return pair.drafter.new_state(target_state)

        def propose(self, rows: Sequence[DraftRow]) -> list[Drafts]:
            assert pair.drafter is not None
            lengths.append(rows[0].state.length)
            return pair.drafter.propose(rows)

    measure(with_drafter(pair, Watching()), CONTEXT, repeats=2)
    assert lengths == 3 * [CONTEXT]  # a warm-up and two repeats


def test_the_allowed_speed_up_is_tau_over_the_cost_of_a_round() -> None:
    costs = Costs(context=1, verify_ms=(10.0, 12.0, 15.0), draft_ms=2.5, plain_ms=9.0)
    assert costs.round_ms(2) == 20.0
    assert costs.allowed_speed_up(2, tau=2.0) == pytest.approx(0.9)
