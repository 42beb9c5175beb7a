"""What a verification rule decides, as the round sees it. Every rule here is lossless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import mlx.core as mx

from mtp_mlx.protocols import Scores
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT
from mtp_mlx.sampling.law import Law


@dataclass(frozen=True, slots=True)
class Proposal:
    """One drafted token."""

    token: mx.array  # [1], int32
    confidence: mx.array | None  # [1]: the drafter's greatest probability; None: not known
    law: Law | None = None  # the law q it was drawn from, where the rule asks for it


@dataclass(frozen=True, slots=True)
class Drafts:
    """The proposals of one round, in order."""

    tokens: mx.array  # [K], int32
    proposals: tuple[Proposal, ...]

    @property
    def confidence(self) -> mx.array:
        """Of each draft [K], or of none [0]."""
        known = [p.confidence for p in self.proposals if p.confidence is not None]
        return mx.concatenate(known) if known else mx.zeros((0,))


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many drafts stand, and the token that follows the last of them."""

    accepted: mx.array  # [1], integer
    following: mx.array  # [1], int32


class Rule(Protocol):
    """How tokens are chosen and drafts judged, in one reply. All arrays are lazy.

    `start` is the position of the round's anchor: no two rounds of a reply share it.
    """

    def choose(
        self, scores: Scores, position: int, in_flight: mx.array = NONE_IN_FLIGHT
    ) -> mx.array:
        """The target's own choice [1] for `position`, as in plain decoding."""
        ...

    def propose(self, scores: Scores, start: int, drafted: mx.array) -> Proposal:
        """The drafter's next token, after the anchor at `start` and `drafted` [k]."""
        ...

    def judge(self, scores: Scores, start: int, drafts: Drafts) -> Verdict:
        """Compare the target's `scores` of K + 1 rows with the K `drafts`."""
        ...

    def commit(self, tokens: Sequence[int]) -> None:
        """Take note of what has been emitted."""
        ...
