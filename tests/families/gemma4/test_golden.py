"""Targets and drafters of all five shapes against values recorded from the reference.

With a window wider than everything recorded, and with one narrower than the prompt.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mtp_mlx.api import DraftPosition
from tests.support.golden import Run, golden
from tests.support.pairs import Pair, floats, forward, load, logits, plain_text, rounds
from tests.support.shapes import SHAPES, WINDOW

# Logits reach 28, hidden states 19. Measured in float32 on the CPU: 2e-5. Other devices sum in
# another order; what the faults looked for change is 100 times as much.
TOLERANCE = 1e-3

RULES: tuple[DraftPosition, ...] = ("last-seen", "anchor")


@dataclass(frozen=True, slots=True)
class Case:
    """A freshly loaded pair, and what the reference computes with the same weights."""

    pair: Pair
    prompt: list[int]
    run: Run


@pytest.fixture(
    params=[(name, run) for name in SHAPES for run in (0, 1)],
    ids=lambda param: f"{param[0]}-{('wide', 'narrow')[param[1]]}",
)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    name, index = request.param
    recorded = golden(SHAPES[name])
    run = recorded.windows[index]
    return Case(load(tmp_path, SHAPES[name], window=run.window), recorded.prompt, run)


@pytest.mark.parametrize("chunk", [None, 5])
def test_hidden_states_and_logits(case: Case, chunk: int | None) -> None:
    hidden = forward(case.pair.target, case.prompt, chunk=chunk)[-len(case.run.hidden) :]
    np.testing.assert_allclose(floats(hidden), case.run.hidden, rtol=0, atol=TOLERANCE)
    computed = logits(case.pair.target, hidden)
    np.testing.assert_allclose(computed, case.run.logits, rtol=0, atol=TOLERANCE)


def test_greedy_text(case: Case) -> None:
    text = plain_text(case.pair.target, case.prompt, len(case.run.text), chunk=5)
    assert text == case.run.text


@pytest.mark.parametrize("rule", RULES)
def test_drafts_round_after_round(case: Case, rule: DraftPosition) -> None:
    recorded = case.run.rounds[rule]
    depth = len(recorded[0].drafts)
    computed = rounds(case.pair, case.prompt, rule, count=len(recorded), depth=depth)
    for was, should in zip(computed, recorded, strict=True):
        assert (was.anchor, was.length) == (should.anchor, should.length)
        assert was.drafts == should.drafts
        assert was.accepted == should.accepted
        for step, expected in zip(was.top, should.top, strict=True):
            np.testing.assert_allclose(step.logits, expected.logits, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_recorded_tells_something(name: str) -> None:
    """Texts that vary and run past the window; drafts right, wrong, and ruled by the position."""
    for run in golden(SHAPES[name]).windows:
        assert len(set(run.text)) > len(run.text) / 3
        assert len(run.text) > 2 * WINDOW
        accepted = {n.accepted for rule in RULES for n in run.rounds[rule]}
        assert 0 in accepted
        assert max(accepted) > 0
        last_seen, anchor = (run.rounds[rule][0].top[0].logits[0] for rule in RULES)
        assert abs(last_seen - anchor) > 10 * TOLERANCE
