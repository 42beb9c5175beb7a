"""Drafting by a chain: a drafter takes one step a token, and each step reads the token before.

The steps of all sequences run together, so the drafter's weights are read once a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.protocols import Anchor, DraftRow, Drafts, Proposal
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT
from mtp_mlx.sampling.distribution import Logits


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a drafter over n rows."""

    logits: Logits  # [n, candidates]: of the token after the one that the step read
    hidden: mx.array  # [n, target_hidden]: the input of the next step


StepOf = Callable[[Sequence[int], mx.array, mx.array], Step]
"""Runs one step over the rows of these indices, on tokens [n] and hidden [n, target_hidden]."""


def chain(step_of: StepOf, rows: Sequence[DraftRow]) -> list[Drafts]:
    """Propose `depth` tokens for each row; a row that has enough leaves the later steps."""
    links = [_Link(row) for row in rows]
    for k in range(max(row.depth for row in rows)):
        going_on = [i for i, row in enumerate(rows) if row.depth > k]
        tokens = _joined([links[i].anchor.token for i in going_on])
        hidden = _joined([links[i].anchor.hidden for i in going_on])
        step = step_of(going_on, tokens, hidden)
        for at, i in enumerate(going_on):
            links[i].extend(step.logits.rows(at, at + 1), step.hidden[at : at + 1])
    return [
        Drafts(link.drafted, tuple(link.proposals), mx.concatenate(link.finite)) for link in links
    ]


class _Link:
    """The chain of one sequence so far; `anchor` is its end, where the next step starts."""

    def __init__(self, row: DraftRow) -> None:
        self._rule = row.rule
        self.anchor = row.anchor
        self.drafted = NONE_IN_FLIGHT
        self.proposals: list[Proposal] = []
        self.finite: list[mx.array] = []
        self._start = row.state.length

    def extend(self, logits: Logits, hidden: mx.array) -> None:
        proposal = self._rule.propose(logits, self._start, self.drafted)
        self.proposals.append(proposal)
        self.finite.append(logits.are_finite)
        self.drafted = mx.concatenate([self.drafted, proposal.token])
        self.anchor = Anchor(proposal.token, hidden)


def _joined(parts: list[mx.array]) -> mx.array:
    return parts[0] if len(parts) == 1 else mx.concatenate(parts)
