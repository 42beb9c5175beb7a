"""Each row counts the history and exactly the tokens in flight before it."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx.protocols import Scores
from mtp_mlx.sampling.penalty import RepetitionPenalty

VOCABULARY = 12
HISTORY = [1, 3, 3]
LOGITS = np.linspace(-3, 3, VOCABULARY, dtype=np.float32)
STRENGTH = 2.0


def expected(occurred: set[int]) -> np.ndarray:
    weaker = np.where(LOGITS > 0, LOGITS / STRENGTH, LOGITS * STRENGTH)
    return np.where(np.isin(np.arange(VOCABULARY), list(occurred)), weaker, LOGITS)


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_rows_of_a_verify_pass(rows: int) -> None:
    flight = [7, 1, 9][: max(rows - 1, 1)]
    penalty = RepetitionPenalty(STRENGTH, HISTORY, VOCABULARY)
    scores = Scores(mx.array(np.tile(LOGITS, (rows, 1))))
    found = np.array(penalty(scores, mx.array(flight)).logits)
    for row in range(rows):
        counted = flight[: len(flight) - (rows - 1) + row]
        np.testing.assert_allclose(found[row], expected({*HISTORY, *counted}))


def test_candidates_of_a_draft_step() -> None:
    penalty = RepetitionPenalty(STRENGTH, HISTORY, VOCABULARY)
    ids = [9, 3, 0, 7]
    scores = Scores(mx.array(LOGITS[ids])[None], mx.array([ids]))
    found = np.array(penalty(scores, mx.array([7])).logits)[0]
    np.testing.assert_allclose(found, expected({*HISTORY, 7})[ids])


def test_nothing_in_flight_and_commit() -> None:
    penalty = RepetitionPenalty(STRENGTH, HISTORY, VOCABULARY)
    penalty.commit([5])
    none = mx.zeros((0,), dtype=mx.int32)
    found = np.array(penalty(Scores(mx.array(LOGITS)[None]), none).logits)[0]
    np.testing.assert_allclose(found, expected({*HISTORY, 5}))
