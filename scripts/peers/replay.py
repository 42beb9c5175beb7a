"""Drafts of a chosen acceptance: the drafter runs in full, its proposals are replaced.

What a draft says depends only on its place in the reply, so every engine is offered the same
drafts and, at the same K, accepts the same number of them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import mlx.core as mx

from mtp_mlx.loading import LoadedPair
from mtp_mlx.protocols import Drafter, DraftRow, Drafts, DraftState, Proposal, Rule, State
from mtp_mlx.sampling.distribution import Logits

_WINNING = 1e9  # above any logit, and finite


def spoiled(reply: Sequence[int], acceptance: float, vocabulary: int, seed: int) -> list[int]:
    """`reply` with each token right with probability `acceptance`, independently."""
    chance = random.Random(seed)
    return [
        token
        if chance.random() < acceptance
        else (token + chance.randrange(1, vocabulary)) % vocabulary
        for token in reply
    ]


def replaying(pair: LoadedPair, prompt_length: int, proposals: Sequence[int]) -> LoadedPair:
    """The pair with its drafter proposing token i of the reply as `proposals[i]`."""
    assert pair.drafter is not None
    drafter = _Replaying(pair.drafter, proposals, prompt_length)
    return replace(pair, drafter=drafter)


class _Replaying:
    """A `Drafter` whose rules see the proposals win, whatever the real drafter computes."""

    def __init__(self, drafter: Drafter, proposals: Sequence[int], prompt_length: int) -> None:
        self._drafter = drafter
        self._proposals = proposals
        self._prompt_length = prompt_length

    def new_state(self, target_state: State) -> DraftState:
        return self._drafter.new_state(target_state)

    def propose(self, rows: Sequence[DraftRow]) -> list[Drafts]:
        replaced = [replace(row, rule=self._replaced(row)) for row in rows]
        return self._drafter.propose(replaced)

    def _replaced(self, row: DraftRow) -> Rule:
        # The anchor stands behind the tokens of the state.
        first = row.state.length + 1 - self._prompt_length
        return cast("Rule", _Winning(row.rule, self._proposals[first:]))


class _Winning:
    """The part of a `Rule` that drafting asks for: token k of a round is `wanted[k]`."""

    def __init__(self, rule: Rule, wanted: Sequence[int]) -> None:
        self._rule = rule
        self._wanted = wanted

    def propose(self, logits: Logits, start: int, drafted: mx.array) -> Proposal:
        return self._rule.propose(_won_by(logits, self._wanted[drafted.shape[0]]), start, drafted)


def _won_by(logits: Logits, token: int) -> Logits:
    """The same logits with `token` above them: choosing still needs every one of them."""
    values = logits.values
    if logits.ids is None:
        wins = mx.arange(values.shape[-1]) == token
        return Logits(mx.where(wins, mx.array(_WINNING, values.dtype), values))
    winner = mx.full((1, 1), _WINNING, dtype=values.dtype)
    ids = mx.concatenate([logits.ids, mx.full((1, 1), token, dtype=logits.ids.dtype)], axis=-1)
    return Logits(mx.concatenate([values, winner], axis=-1), ids)
