"""The decoding loop: each round drafts or decodes plainly, commits, and only then is emitted.

One loop serves one sequence and many: one sequence is a batch of one. A sequence's tokens do not
depend on the others: its rows attend to its own cache, its noise is a hash of its own seed and
positions, and its rule counts its own history.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import mlx.core as mx

from mtp_mlx.api import FinishReason
from mtp_mlx.decode.plain import plain_round
from mtp_mlx.decode.round import Turn, speculate
from mtp_mlx.decode.sequence import Round, Sequence
from mtp_mlx.decode.watch import Starting, Watch
from mtp_mlx.depth.control import Plan
from mtp_mlx.protocols import Drafter, Target

TIDY_AFTER = 256
"""Tokens after which freed memory goes back to the system: MLX keeps it to use it again, but what
attention needs grows with the context and soon fits into nothing that was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """One committed round of one sequence with its time, and what ended the sequence, if any."""

    sequence: Sequence
    round: Round
    plan: Plan
    ms: float  # wall time of the round
    finish: FinishReason | None


@dataclass(slots=True, kw_only=True)
class Batch:
    """Decodes sequences together. Between two rounds any may join or leave."""

    target: Target
    drafter: Drafter | None
    watch: Watch = field(default_factory=Starting)
    clock: Callable[[], float] = time.perf_counter  # seconds
    _before: float | None = None  # when the round before was over
    _untidy: int = 0  # tokens since freed memory was given back

    def round(self, sequences: list[Sequence]) -> list[Emitted]:
        """Run one round of all sequences; return what it emitted, all of it committed.

        Where a sequence is about to draft, plain steps in flight are emitted first and alone:
        their tokens are the anchors of the next round.
        """
        plans = [s.plan() for s in sequences]
        turns = list(zip(sequences, plans, strict=True))
        drafting = self.drafter is not None and any(plan.depth for plan in plans)
        if drafting and any(s.in_flight for s in sequences):
            turns = [(s, plan) for s, plan in turns if s.in_flight is not None]
        started = self.clock()
        rounds = self._rounds(turns, drafting=drafting)
        over = self.clock()
        if len(turns) == 1:
            # What the consumer did since is hidden behind a plain step, but not before a draft.
            _learn(*turns[0], rounds[0], over - (self._before or started))
        self._before = over
        self._tidy(sum(len(round_.tokens) for round_ in rounds))
        return [
            self._emitted(s, plan, round_, (over - started) * 1e3)
            for (s, plan), round_ in zip(turns, rounds, strict=True)
        ]

    def _rounds(self, turns: list[tuple[Sequence, Plan]], *, drafting: bool) -> list[Round]:
        sequences = [s for s, _ in turns]
        if not drafting or self.drafter is None:
            return plain_round(self.target, sequences, ahead=True)
        if any(s.in_flight for s in sequences):
            return plain_round(self.target, sequences, ahead=False)
        planned = [Turn(s, plan.depth) for s, plan in turns]
        return speculate(self.target, self.drafter, planned, self.watch)

    def _tidy(self, tokens: int) -> None:
        self._untidy += tokens
        if self._untidy >= TIDY_AFTER:
            mx.clear_cache()
            self._untidy = 0

    def _emitted(self, s: Sequence, plan: Plan, round_: Round, ms: float) -> Emitted:
        if s.finish is not None:
            s.settle()
        return Emitted(sequence=s, round=round_, plan=plan, ms=ms, finish=s.finish)


def _learn(s: Sequence, plan: Plan, round_: Round, seconds: float) -> None:
    """Learn from a round of one sequence; with several, its time is no one depth's cost."""
    drafted = len(round_.drafted)
    s.depth.observe(plan, drafted, round_.agreed, round_.confidence, seconds * 1e3)


def decode(batch: Batch, sequences: list[Sequence]) -> Generator[Emitted]:
    """Run rounds until every sequence has met an end token, its length limit, or a cancel.

    However the consumer leaves, each cache holds every emitted token except the last.
    """
    try:
        while live := [s for s in sequences if s.finish is None]:
            yield from batch.round(live)
    finally:
        for s in sequences:
            s.settle()
