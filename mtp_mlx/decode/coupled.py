"""The coupled rule: both models choose with the same noise; a draft stands while they agree.

Daliri et al. 2024 (arXiv 2408.07978). What is emitted is always the target's own choice, so the
text depends on neither drafter nor K. Temperature 0 is the same rule without noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx

from mtp_mlx.decode.rule import Drafts, Proposal, Verdict
from mtp_mlx.protocols import Scores
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT, Chooser


class Coupled:
    """A `Rule`."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser

    def choose(
        self, scores: Scores, position: int, in_flight: mx.array = NONE_IN_FLIGHT
    ) -> mx.array:
        return self._chooser(scores, position, in_flight).tokens

    def propose(self, scores: Scores, start: int, drafted: mx.array) -> Proposal:
        choice = self._chooser(scores, start + 1 + drafted.shape[0], drafted)
        return Proposal(choice.tokens, choice.confidence())

    def judge(self, scores: Scores, start: int, drafts: Drafts) -> Verdict:
        chosen = self._chooser(scores, start + 1, drafts.tokens).tokens  # [K + 1]
        agree = (chosen[:-1] == drafts.tokens).astype(mx.int32)
        n = mx.cumprod(agree).sum(keepdims=True)
        return Verdict(n, chosen[n])

    def commit(self, tokens: Sequence[int]) -> None:
        self._chooser.commit(tokens)
