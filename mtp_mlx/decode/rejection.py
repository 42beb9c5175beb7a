"""Rejection rules: drafts are drawn from the drafter's law and judged by the ratio of the laws.

The text has the target's distribution, but depends on K: unlike the coupled rule, a rejection
rule writes another text with MTP on than off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mlx.core as mx

from mtp_mlx.decode.ratio import Acceptance, Laws
from mtp_mlx.decode.rule import Drafts, Proposal, Verdict
from mtp_mlx.protocols import Scores
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT, Chooser
from mtp_mlx.sampling.law import Law, probabilities, stacked, top_probability
from mtp_mlx.sampling.noise import gumbel, stream, uniform

_DRAFT, _JUDGE, _NEXT = range(1, 4)  # streams of noise; plain decoding has the seed's own
_LEAST = 1e-30  # a probability that underflowed


class Rejection:
    """A `Rule` by `accept`: block or token_by_token.

    Noise is fresh for each round, which no other round of the reply shares its start with: what a
    round decides tells something about the noise it saw, so none may be seen twice.
    """

    def __init__(
        self, chooser: Chooser, seed: int, accept: Callable[[Laws], Acceptance], vocabulary: int
    ) -> None:
        self._chooser = chooser
        self._seed = seed
        self._accept = accept
        self._vocabulary = vocabulary

    def choose(
        self, scores: Scores, position: int, in_flight: mx.array = NONE_IN_FLIGHT
    ) -> mx.array:
        return self._chooser(scores, position, in_flight).tokens

    def propose(self, scores: Scores, start: int, drafted: mx.array) -> Proposal:
        q = self._chooser.law(scores, drafted)
        noise = gumbel(stream(self._seed, _DRAFT, start), drafted.shape[0], q.ids)
        token = q.at(mx.argmax(q.log_weights + noise, axis=-1))
        return Proposal(token, top_probability(q.log_weights), q)

    def judge(self, scores: Scores, start: int, drafts: Drafts) -> Verdict:
        b = self._chooser.law(scores, drafts.tokens)
        acceptance = self._accept(self._laws(b, drafts))
        passes = uniform(stream(self._seed, _JUDGE, start), len(drafts.proposals)) < acceptance.h
        n = acceptance.count(passes)
        ids = b.ids[n]
        noise = gumbel(stream(self._seed, _NEXT, start), 0, ids)
        best = mx.argmax(mx.log(acceptance.residual[n]) + noise, axis=-1)
        return Verdict(n, Law(acceptance.residual[n], ids).at(best))

    def _laws(self, b: Law, drafts: Drafts) -> Laws:
        q = stacked([proposal.law for proposal in drafts.proposals if proposal.law is not None])
        x = drafts.tokens[:, None]
        drafted = b.rows(len(drafts.proposals))
        return Laws(
            b=mx.softmax(b.log_weights, axis=-1),
            q=probabilities(q, drafted.ids, self._vocabulary),
            b_of_x=probabilities(drafted, x, self._vocabulary)[:, 0],
            q_of_x=mx.maximum(probabilities(q, x, self._vocabulary)[:, 0], _LEAST),
        )

    def commit(self, tokens: Sequence[int]) -> None:
        self._chooser.commit(tokens)
