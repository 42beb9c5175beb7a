"""Replayed acceptance: the speed of a pair whose drafts are right with a given chance.

Everything is computed in full: the drafter's steps, the verify pass, the rule's own verdict. Only
the tokens are replaced, the target's by a recorded text and the drafter's by the same text, spoiled
at random. So a pair of random weights, whose drafts are never right, shows the speed of a trained
one, and acceptance is what was asked for on any machine.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import mlx.core as mx

from mtp_mlx.protocols import Drafts, Proposal, Rule, Verdict
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT
from mtp_mlx.sampling.distribution import Logits


class Replay:
    """A `Rule` around another: `recording` is what follows the prompt, whoever chooses.

    Whether a draft is right depends on its position only, so every K and every repeat meets the
    same misses. The recording must reach past the reply by the deepest round.
    """

    def __init__(
        self, rule: Rule, recording: Sequence[int], acceptance: float, prompt_length: int
    ) -> None:
        self._rule = rule
        self._recording = recording
        self._prompt_length = prompt_length
        chance = random.Random(0)  # noqa: S311 - misses need no secrecy
        self._right = [chance.random() < acceptance for _ in recording]

    def choose(
        self, logits: Logits, position: int, in_flight: mx.array = NONE_IN_FLIGHT
    ) -> mx.array:
        real = self._rule.choose(logits, position, in_flight)
        return _instead_of(real, self._recording[position - self._prompt_length])

    def propose(self, logits: Logits, start: int, drafted: mx.array) -> Proposal:
        real = self._rule.propose(logits, start, drafted)
        i = start + 1 + drafted.shape[0] - self._prompt_length
        token = self._recording[i]
        wanted = token if self._right[i] else _another(token)
        return replace(real, token=_instead_of(real.token, wanted))

    def judge(self, logits: Logits, start: int, drafts: Drafts) -> Verdict:
        real = self._rule.judge(logits, start, drafts)
        first = start + 1 - self._prompt_length
        k = len(drafts.proposals)
        n = next((i for i in range(k) if not self._right[first + i]), k)
        following = self._recording[first + n]
        return Verdict(_instead_of(real.accepted, n), _instead_of(real.following, following))

    def commit(self, tokens: Sequence[int]) -> None:
        self._rule.commit(tokens)


def _instead_of(real: mx.array, wanted: int) -> mx.array:
    """Return `wanted` in a graph that depends on `real`: otherwise `real` is never computed."""
    return mx.where(real < 0, real, wanted).astype(real.dtype)


def _another(token: int) -> int:
    """Return a token other than `token` that every vocabulary has."""
    return token - 1 if token > 0 else 1
