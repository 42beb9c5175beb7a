"""Choosing tokens: one deterministic rule for target and drafter.

A choice depends on nothing but the scores, the tokens before it and (seed, position). So a reply
is the same with MTP on and off, for any drafter and any K. Temperature 0 is the same rule without
noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.api import Sampling
from mtp_mlx.protocols import Scores
from mtp_mlx.sampling.law import Law, law, top_probability
from mtp_mlx.sampling.noise import gumbel
from mtp_mlx.sampling.penalty import Adjustments, adjustments

FEW = 8192  # candidates: greedy decoding looks through a whole vocabulary once, not twice
NONE_IN_FLIGHT = mx.zeros((0,), dtype=mx.int32)


@dataclass(frozen=True, slots=True)
class Choice:
    """Tokens, and what they were chosen from."""

    tokens: mx.array  # [n], int32
    log_weights: mx.array  # [n, candidates]

    def confidence(self) -> mx.array | None:
        """The greatest probability of each row: [n], 0 to 1; None where to know it costs much."""
        if self.log_weights.shape[-1] > FEW:
            return None
        return top_probability(self.log_weights)


class Chooser:
    """The rule of one reply. `commit` tells it what has been emitted."""

    def __init__(self, sampling: Sampling, seed: int, penalty: Adjustments | None = None) -> None:
        self._sampling = sampling
        self._seed = seed
        self._penalty = penalty

    def __call__(
        self, scores: Scores, position: int, in_flight: mx.array = NONE_IN_FLIGHT
    ) -> Choice:
        """Tokens for the positions from `position` on, one a row of `scores`.

        `in_flight` [m]: tokens before the last row's that are not committed, such as drafts.
        """
        if self._sampling.temperature == 0:
            return _greedy(self._adjusted(scores, in_flight))
        drawn = self.law(scores, in_flight)
        noisy = drawn.log_weights + gumbel(self._seed, position, drawn.ids)
        return Choice(drawn.at(mx.argmax(noisy, axis=-1)), drawn.log_weights)

    def compared(self, scores: Scores, position: int) -> Law:
        """What a choice takes the greatest of, in logits: adjusted and with noise, float32.

        Candidates that top-k, top-p or min-p cut are left out or -inf.
        """
        heat = self._sampling.temperature
        if heat == 0:
            x = self._adjusted(scores, NONE_IN_FLIGHT)
            ids = (
                mx.broadcast_to(mx.arange(x.raw.shape[-1]), x.raw.shape) if x.ids is None else x.ids
            )
            return Law(x.logits, ids)
        drawn = self.law(scores)
        return Law(heat * (drawn.log_weights + gumbel(self._seed, position, drawn.ids)), drawn.ids)

    def law(self, scores: Scores, in_flight: mx.array = NONE_IN_FLIGHT) -> Law:
        """The law of each row; the temperature must be above 0."""
        return law(self._adjusted(scores, in_flight), self._sampling)

    def _adjusted(self, scores: Scores, in_flight: mx.array) -> Scores:
        return scores if self._penalty is None else self._penalty(scores, in_flight)

    def commit(self, tokens: Sequence[int]) -> None:
        if self._penalty is not None:
            self._penalty.commit(tokens)


def chooser(
    sampling: Sampling, seed: int, history: Sequence[int] = (), vocabulary: int = 0
) -> Chooser:
    """The rule by which both models choose their tokens in the reply to `history`."""
    return Chooser(sampling, seed, adjustments(sampling, history, vocabulary))


def _greedy(scores: Scores) -> Choice:
    best = mx.argmax(scores.raw, axis=-1)
    if scores.ids is None:
        return Choice(best.astype(mx.int32), scores.raw)
    return Choice(Law(scores.raw, scores.ids).at(best), scores.raw)
