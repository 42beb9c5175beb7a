"""The repetition penalty (Keskar et al. 2019, arXiv 1909.05858), at every row of a round.

Row i of a verify pass stands after the history and the first i drafts, so it must count those
too; and so must the drafter, or it proposes again what the target is about to refuse.
"""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx

from mtp_mlx.protocols import Scores


class RepetitionPenalty:
    """Scores of tokens that occurred are divided by `strength` if positive, else multiplied."""

    def __init__(self, strength: float, history: Sequence[int], vocabulary: int) -> None:
        self._strength = strength
        self._occurred = mx.zeros((vocabulary,), dtype=mx.bool_)  # in what is committed
        self.commit(history)

    def commit(self, tokens: Sequence[int]) -> None:
        """Count `tokens` from now on."""
        if tokens:
            self._occurred[mx.array(list(tokens))] = True

    def __call__(self, scores: Scores, in_flight: mx.array) -> Scores:
        """Penalise [n, candidates]; the last row counts all of `in_flight` [m], each row before
        it one token fewer.
        """
        logits, ids = scores.logits, scores.ids
        if ids is None:
            occurred = self._occurred[None] | self._flying(logits.shape, in_flight)
        else:
            flying = (ids[None] == in_flight[:, None, None]).any(axis=0)
            occurred = self._occurred[ids] | flying
        weaker = mx.where(logits > 0, logits / self._strength, logits * self._strength)
        return Scores(mx.where(occurred, weaker, logits), ids)

    def _flying(self, shape: tuple[int, ...], in_flight: mx.array) -> mx.array:
        """Which tokens are in flight before each of n rows: [n, vocabulary]."""
        rows, vocabulary = shape
        hits = in_flight[:, None] == mx.arange(vocabulary)[None]  # [m, vocabulary]
        none = mx.zeros((1, vocabulary), dtype=mx.bool_)
        before = mx.cummax(mx.concatenate([none, hits]).astype(mx.int8), axis=0)
        return before[-rows:].astype(mx.bool_)
