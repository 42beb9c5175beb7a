"""One round of speculative decoding, of one sequence or many.

The round is that of Leviathan et al. 2022 (arXiv 2211.17192); a `Rule` decides which drafts stand.
The rows of all sequences go through one forward pass, each over its own cache.
"""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.decode.sequence import Round, Sequence, cut
from mtp_mlx.decode.watch import Watch
from mtp_mlx.protocols import NO_DRAFTS, Chunk, Drafter, DraftRow, Drafts, Rule, Target, Verdict
from mtp_mlx.sampling.distribution import Logits


@dataclass(frozen=True, slots=True)
class Turn:
    """A sequence's part in a round."""

    sequence: Sequence
    depth: int  # K, the tokens to draft; 0: a plain step


def speculate(target: Target, drafter: Drafter, turns: list[Turn], watch: Watch) -> list[Round]:
    """Draft K tokens a sequence, verify all in one target pass, commit those that stand and one."""
    watch.begin()
    drafts = propose(drafter, turns)
    watch.built("draft", *(d.tokens for d in drafts))

    starts = [turn.sequence.state.length for turn in turns]
    chunks = [
        Chunk(turn.sequence.state, mx.concatenate([turn.sequence.anchor.token, d.tokens]))
        for turn, d in zip(turns, drafts, strict=True)
    ]
    hidden = target.forward(chunks)  # [sum of K + 1, hidden]
    logits = target.logits(hidden)
    rows = _rows(chunks)
    verdicts = [
        judge(turn.sequence.rule, logits.rows(at.start, at.stop), start, d)
        for turn, at, start, d in zip(turns, rows, starts, drafts, strict=True)
    ]
    numbers = [_numbers(d, verdict) for d, verdict in zip(drafts, verdicts, strict=True)]
    watch.built("verify", *numbers)

    outcomes = _to_host(numbers, drafts)
    return [
        _kept(turn.sequence, chunk.tokens, hidden[at], outcome, watch)
        for turn, chunk, at, outcome in zip(turns, chunks, rows, outcomes, strict=True)
    ]


def propose(drafter: Drafter, turns: list[Turn]) -> list[Drafts]:
    """Return the drafts of every turn; all sequences that draft do so together."""
    rows = [
        DraftRow(turn.sequence.draft_state, turn.sequence.anchor, turn.depth, turn.sequence.rule)
        for turn in turns
        if turn.depth > 0 and turn.sequence.draft_state is not None
    ]
    proposed = iter(drafter.propose(rows) if rows else [])
    return [
        next(proposed) if turn.depth > 0 and turn.sequence.draft_state is not None else NO_DRAFTS
        for turn in turns
    ]


def judge(rule: Rule, logits: Logits, start: int, drafts: Drafts) -> Verdict:
    """Judge `drafts`; where there are none, choose as a plain step does."""
    if drafts.proposals:
        return rule.judge(logits, start, drafts)
    return Verdict(mx.zeros((1,), dtype=mx.int32), rule.choose(logits, start + 1))


def _rows(chunks: list[Chunk]) -> list[slice]:
    ends = [sum(c.tokens.shape[0] for c in chunks[: i + 1]) for i in range(len(chunks))]
    return [slice(end - c.tokens.shape[0], end) for end, c in zip(ends, chunks, strict=True)]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The numbers that the host reads of one sequence's round."""

    drafted: tuple[int, ...]
    agreed: int  # drafts that stand
    following: int  # the token after them
    confidence: tuple[float, ...]


def _numbers(drafts: Drafts, verdict: Verdict) -> mx.array:
    """Return all that the host will read of one sequence: at most 2 K + 2 integers."""
    per_mille = (drafts.confidence * 1000).astype(mx.int32)
    return mx.concatenate([drafts.tokens, verdict.accepted, verdict.following, per_mille])


def _to_host(numbers: list[mx.array], drafts: list[Drafts]) -> list[_Outcome]:
    """Read the numbers of all sequences: the round's one wait for the device."""
    joined = numbers[0] if len(numbers) == 1 else mx.concatenate(numbers)
    read: list[int] = joined.tolist()  # type: ignore[assignment]  # integers
    outcomes = []
    for own, d in zip(numbers, drafts, strict=True):
        mine, read = read[: own.shape[0]], read[own.shape[0] :]
        k = len(d.proposals)
        confidence = tuple(n / 1000 for n in mine[k + 2 :])
        outcomes.append(_Outcome(tuple(mine[:k]), mine[k], mine[k + 1], confidence))
    return outcomes


def _kept(
    sequence: Sequence, appended: mx.array, hidden: mx.array, outcome: _Outcome, watch: Watch
) -> Round:
    """Cut the round's tokens, commit them, and only then return them to be emitted."""
    standing = (*outcome.drafted[: outcome.agreed], outcome.following)
    tokens = cut(standing, sequence.end_tokens, sequence.tokens_left)
    sequence.keep(appended, hidden, tokens)
    return Round(
        tokens=tokens,
        drafted=outcome.drafted,
        accepted=min(outcome.agreed, len(tokens)),
        agreed=outcome.agreed,
        confidence=outcome.confidence,
        laps=watch.laps(),
    )
