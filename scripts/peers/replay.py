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

from mtp_mlx.families.gemma4.drafter import GemmaDrafter
from mtp_mlx.loading import LoadedPair
from mtp_mlx.protocols import Drafter, DraftStep, Scores, SharedKV

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
    ahead = 1 if pair.draft_position == "last-seen" else 0
    drafter = _Replaying(pair.drafter, proposals, ahead - prompt_length)
    return replace(pair, drafter=cast("GemmaDrafter", drafter))


class _Replaying:
    """A `Drafter`. A round's steps share one position, by which its first step is known."""

    def __init__(self, drafter: Drafter, proposals: Sequence[int], shift: int) -> None:
        self._drafter = drafter
        self._proposals = proposals
        self._shift = shift  # from the drafter's position to the anchor's place in the reply
        self._position = -1
        self._steps = 0

    def step(self, token: mx.array, hidden: mx.array, shared: SharedKV, position: int) -> DraftStep:
        self._steps = self._steps + 1 if position == self._position else 1
        self._position = position
        step = self._drafter.step(token, hidden, shared, position)
        wanted = self._proposals[position + self._shift + self._steps]
        return DraftStep(_won_by(step.scores, wanted), step.hidden)


def _won_by(scores: Scores, token: int) -> Scores:
    """The same scores with `token` above them: choosing still needs every one of them."""
    logits = scores.logits
    if scores.ids is None:
        wins = mx.arange(logits.shape[-1]) == token
        return Scores(mx.where(wins, mx.array(_WINNING, logits.dtype), logits))
    winner = mx.full((1, 1), _WINNING, dtype=logits.dtype)
    ids = mx.concatenate([scores.ids, mx.full((1, 1), token, dtype=scores.ids.dtype)], axis=-1)
    return Scores(mx.concatenate([logits, winner], axis=-1), ids)
