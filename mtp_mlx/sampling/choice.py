"""The choice of tokens: target and drafter make it by the same deterministic rule.

A choice depends on nothing but the logits, the tokens before it, the seed and the position. So a
reply is the same with MTP on and off, for any drafter and any K. Temperature 0 has no noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.api import Sampling
from mtp_mlx.sampling.constraints import Constrained
from mtp_mlx.sampling.distribution import Distribution, Logits, distribution, top_probability
from mtp_mlx.sampling.noise import gumbel
from mtp_mlx.sampling.penalty import Adjustments, adjustments

FEW = 8192  # the most candidates for which a confidence is computed, in a second pass over them
NONE_IN_FLIGHT = mx.zeros((0,), dtype=mx.int32)


@dataclass(frozen=True, slots=True)
class Choice:
    """Chosen tokens, and the weights they were chosen by."""

    tokens: mx.array  # [n], int32
    log_weights: mx.array  # [n, candidates]

    def confidence(self) -> mx.array | None:
        """Return the greatest probability of each row [n]; None where computing it costs much."""
        if self.log_weights.shape[-1] > FEW:
            return None
        return top_probability(self.log_weights)


class Chooser:
    """Chooses the tokens of one reply. `commit` counts the tokens that were emitted."""

    def __init__(
        self,
        sampling: Sampling,
        seed: int,
        penalty: Adjustments | None = None,
        constraints: Constrained | None = None,
    ) -> None:
        self._sampling = sampling
        self._seed = seed
        self._penalty = penalty
        self._constraints = constraints

    def __call__(
        self, logits: Logits, position: int, in_flight: mx.array = NONE_IN_FLIGHT
    ) -> Choice:
        """Choose tokens for the positions from `position` on, one a row of `logits`.

        `in_flight` [m] are the tokens before the last row's that are not committed, such as drafts.
        """
        if self._sampling.is_greedy:
            return _greedy(self._adjusted(logits, position, in_flight))
        drawn = self.distribution(logits, position, in_flight)
        noisy = drawn.log_weights + gumbel(self._seed, position, drawn.ids)
        return Choice(drawn.at(mx.argmax(noisy, axis=-1)), drawn.log_weights)

    def compared(self, logits: Logits, position: int) -> Distribution:
        """Return the values whose greatest is chosen: logits with adjustments and noise, float32.

        Candidates that top-k, top-p or min-p cut are left out or -inf.
        """
        if self._sampling.is_greedy:
            x = self._adjusted(logits, position, NONE_IN_FLIGHT)
            ids = (
                mx.broadcast_to(mx.arange(x.raw.shape[-1]), x.raw.shape) if x.ids is None else x.ids
            )
            return Distribution(x.values, ids)
        drawn = self.distribution(logits, position)
        temperature = self._sampling.temperature
        return Distribution(
            temperature * (drawn.log_weights + gumbel(self._seed, position, drawn.ids)), drawn.ids
        )

    def distribution(
        self, logits: Logits, position: int, in_flight: mx.array = NONE_IN_FLIGHT
    ) -> Distribution:
        """Return the distribution of each row; the temperature must be above 0."""
        return distribution(self._adjusted(logits, position, in_flight), self._sampling)

    def _adjusted(self, logits: Logits, position: int, in_flight: mx.array) -> Logits:
        if self._penalty is not None:
            logits = self._penalty(logits, in_flight)
        if self._constraints is not None:
            logits = self._constraints(logits, position, in_flight)
        return logits

    def commit(self, tokens: Sequence[int]) -> None:
        for counting in (self._penalty, self._constraints):
            if counting is not None:
                counting.commit(tokens)


def chooser(
    sampling: Sampling,
    seed: int,
    history: Sequence[int] = (),
    vocabulary: int = 0,
    constraints: Constrained | None = None,
) -> Chooser:
    """Return the chooser that both models use in the reply to `history`."""
    return Chooser(sampling, seed, adjustments(sampling, history, vocabulary), constraints)


def _greedy(logits: Logits) -> Choice:
    best = mx.argmax(logits.raw, axis=-1)
    if logits.ids is None:
        return Choice(best.astype(mx.int32), logits.raw)
    return Choice(Distribution(logits.raw, logits.ids).at(best), logits.raw)
