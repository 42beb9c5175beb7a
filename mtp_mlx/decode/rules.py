"""The verification rules: they choose tokens and judge drafts. All are lossless.

The coupled rule (Daliri et al. 2024, arXiv 2408.07978) lets both models choose with the same noise;
a draft stands while it is the target's choice. Every emitted token is the target's own choice, so
the text depends on neither drafter nor K. Temperature 0 is the same rule without noise.

The rejection rules, by block and by token (`ratio.py`), draw drafts from the drafter's distribution
and judge them by the ratio of the two. The text has the target's distribution, but depends on K.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mlx.core as mx

from mtp_mlx.api import Sampling, Verify
from mtp_mlx.decode.ratio import Acceptance, Probabilities, block, token_by_token
from mtp_mlx.protocols import Drafts, Proposal, Rule, Verdict
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT, Chooser, chooser
from mtp_mlx.sampling.constraints import Constrained
from mtp_mlx.sampling.distribution import (
    Distribution,
    Logits,
    probabilities,
    stacked,
    top_probability,
)
from mtp_mlx.sampling.noise import gumbel, stream, uniform

_DRAFT, _JUDGE, _NEXT = range(1, 4)  # streams of noise; plain decoding uses the seed itself
_LEAST = 1e-30  # takes the place of a probability that underflowed to 0

_ACCEPT = {"block": block, "token": token_by_token}


def rule_of(
    verify: Verify,
    sampling: Sampling,
    seed: int,
    history: Sequence[int],
    vocabulary: int,
    constraints: Constrained | None = None,
) -> Rule:
    """Return the rule of a reply to the tokens `history`.

    At temperature 0 all rules are one: a draft stands while it is the target's own choice.
    """
    choose = chooser(sampling, seed, history, vocabulary, constraints)
    if verify == "coupled" or sampling.is_greedy:
        return Coupled(choose)
    return Rejection(choose, seed, _ACCEPT[verify], vocabulary)


class Coupled:
    """A `Rule`: target and drafter choose with the same noise."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser

    def choose(
        self, logits: Logits, position: int, in_flight: mx.array = NONE_IN_FLIGHT
    ) -> mx.array:
        return self._chooser(logits, position, in_flight).tokens

    def propose(self, logits: Logits, start: int, drafted: mx.array) -> Proposal:
        choice = self._chooser(logits, start + 1 + drafted.shape[0], drafted)
        return Proposal(choice.tokens, choice.confidence())

    def judge(self, logits: Logits, start: int, drafts: Drafts) -> Verdict:
        chosen = self._chooser(logits, start + 1, drafts.tokens).tokens  # [K + 1]
        agree = (chosen[:-1] == drafts.tokens).astype(mx.int32)
        n = mx.cumprod(agree).sum(keepdims=True)
        return Verdict(n, chosen[n])

    def commit(self, tokens: Sequence[int]) -> None:
        self._chooser.commit(tokens)


class Rejection:
    """A `Rule` by rejection sampling; `accept` is `block` or `token_by_token`.

    Each round has noise of its own, derived from its start: no two rounds of a reply start at the
    same position. A round's outcome depends on its noise, so noise used twice would bias the text.
    """

    def __init__(
        self,
        chooser: Chooser,
        seed: int,
        accept: Callable[[Probabilities], Acceptance],
        vocabulary: int,
    ) -> None:
        self._chooser = chooser
        self._seed = seed
        self._accept = accept
        self._vocabulary = vocabulary

    def choose(
        self, logits: Logits, position: int, in_flight: mx.array = NONE_IN_FLIGHT
    ) -> mx.array:
        return self._chooser(logits, position, in_flight).tokens

    def propose(self, logits: Logits, start: int, drafted: mx.array) -> Proposal:
        q = self._chooser.distribution(logits, start + 1 + drafted.shape[0], drafted)
        noise = gumbel(stream(self._seed, _DRAFT, start), drafted.shape[0], q.ids)
        token = q.at(mx.argmax(q.log_weights + noise, axis=-1))
        return Proposal(token, top_probability(q.log_weights), q)

    def judge(self, logits: Logits, start: int, drafts: Drafts) -> Verdict:
        b = self._chooser.distribution(logits, start + 1, drafts.tokens)
        acceptance = self._accept(self._probabilities(b, drafts))
        passes = uniform(stream(self._seed, _JUDGE, start), len(drafts.proposals)) < acceptance.h
        n = acceptance.count(passes)
        ids = b.ids[n]
        noise = gumbel(stream(self._seed, _NEXT, start), 0, ids)
        best = mx.argmax(mx.log(acceptance.residual[n]) + noise, axis=-1)
        return Verdict(n, Distribution(acceptance.residual[n], ids).at(best))

    def _probabilities(self, b: Distribution, drafts: Drafts) -> Probabilities:
        q = stacked([p.distribution for p in drafts.proposals if p.distribution is not None])
        x = drafts.tokens[:, None]
        drafted = b.rows(len(drafts.proposals))
        return Probabilities(
            b=mx.softmax(b.log_weights, axis=-1),
            q=probabilities(q, drafted.ids, self._vocabulary),
            b_of_x=probabilities(drafted, x, self._vocabulary)[:, 0],
            q_of_x=mx.maximum(probabilities(q, x, self._vocabulary)[:, 0], _LEAST),
        )

    def commit(self, tokens: Sequence[int]) -> None:
        self._chooser.commit(tokens)
