"""Choosing tokens: one deterministic rule for target and drafter.

A choice depends on nothing but the scores, the tokens before it and (seed, position). So a reply
is the same with MTP on and off, for any drafter and any K. Temperature 0 is the same rule without
noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mlx.core as mx

from mtp_mlx.protocols import Scores
from mtp_mlx.sampling.law import law
from mtp_mlx.sampling.noise import gumbel
from mtp_mlx.sampling.penalty import Adjustments, adjustments
from mtp_mlx.values import Sampling

NONE_IN_FLIGHT = mx.zeros((0,), dtype=mx.int32)

Pick = Callable[[Scores, int], mx.array]
"""(scores of n rows, position of the first) -> token ids [n], int32."""


class Chooser:
    """The rule of one reply. `commit` tells it what has been emitted."""

    def __init__(self, pick: Pick, penalty: Adjustments | None = None) -> None:
        self._pick = pick
        self._penalty = penalty

    def __call__(
        self, scores: Scores, position: int, in_flight: mx.array = NONE_IN_FLIGHT
    ) -> mx.array:
        """Token ids [n] for the positions from `position` on.

        `in_flight` [m]: tokens before the last row's that are not committed, such as drafts.
        """
        if self._penalty is not None:
            scores = self._penalty(scores, in_flight)
        return self._pick(scores, position)

    def commit(self, tokens: Sequence[int]) -> None:
        if self._penalty is not None:
            self._penalty.commit(tokens)


def chooser(
    sampling: Sampling, seed: int, history: Sequence[int] = (), vocabulary: int = 0
) -> Chooser:
    """The rule by which both models choose their tokens in the reply to `history`."""
    pick = greedy if sampling.temperature == 0 else coupled(sampling, seed)
    return Chooser(pick, adjustments(sampling, history, vocabulary))


def coupled(sampling: Sampling, seed: int) -> Pick:
    """Draw from the law with the position's own Gumbel noise, the same for both models."""

    def pick(scores: Scores, position: int) -> mx.array:
        drawn = law(scores, sampling)
        noisy = drawn.log_weights + gumbel(seed, position, drawn.ids)
        return _at(drawn.ids, mx.argmax(noisy, axis=-1))

    return pick


def greedy(scores: Scores, position: int) -> mx.array:
    del position
    best = mx.argmax(scores.logits, axis=-1)
    return best.astype(mx.int32) if scores.ids is None else _at(scores.ids, best)


def _at(ids: mx.array, index: mx.array) -> mx.array:
    return mx.take_along_axis(ids, index[:, None], axis=-1)[:, 0].astype(mx.int32)
