"""One round of speculative decoding, of one sequence or many.

The round is that of Leviathan et al. 2022 (arXiv 2211.17192); a `Rule` decides which drafts stand.
The rows of all sequences go through one forward pass, each over its own cache.
"""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.decode.sequence import NotFinite, Round, Sequence, cut
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
    finite = logits.are_finite
    numbers = [
        _numbers(d, verdict, finite[at])
        for d, verdict, at in zip(drafts, verdicts, rows, strict=True)
    ]
    watch.built("verify", *numbers)

    outcomes = _to_host(numbers, drafts)
    _check(turns, chunks, outcomes)
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
    finite_rows: int  # of the target, from the first on
    drafter_is_finite: bool
    confidence: tuple[float, ...]


def _numbers(drafts: Drafts, verdict: Verdict, finite: mx.array) -> mx.array:
    """Return all that the host will read of one sequence: at most 2 K + 3 integers."""
    per_mille = (drafts.confidence * 1000).astype(mx.int32)
    sound = 2 * mx.cumprod(finite.astype(mx.int32)).sum(keepdims=True)
    if drafts.are_finite is not None:
        sound = sound + (~drafts.are_finite).any(keepdims=True)
    return mx.concatenate([drafts.tokens, verdict.accepted, verdict.following, sound, per_mille])


def _to_host(numbers: list[mx.array], drafts: list[Drafts]) -> list[_Outcome]:
    """Read the numbers of all sequences: the round's one wait for the device."""
    joined = numbers[0] if len(numbers) == 1 else mx.concatenate(numbers)
    read: list[int] = joined.tolist()  # type: ignore[assignment]  # integers
    outcomes = []
    for own, d in zip(numbers, drafts, strict=True):
        mine, read = read[: own.shape[0]], read[own.shape[0] :]
        k = len(d.proposals)
        outcomes.append(
            _Outcome(
                drafted=tuple(mine[:k]),
                agreed=mine[k],
                following=mine[k + 1],
                finite_rows=mine[k + 2] // 2,
                drafter_is_finite=mine[k + 2] % 2 == 0,
                confidence=tuple(n / 1000 for n in mine[k + 3 :]),
            )
        )
    return outcomes


def _check(turns: list[Turn], chunks: list[Chunk], outcomes: list[_Outcome]) -> None:
    """Raise NotFinite, with nothing appended to any sequence, where one cannot go on.

    The target's later rows may depend on a draft that plain decoding would never meet: they end
    nothing, and the round is cut before them.
    """
    for turn, outcome in zip(turns, outcomes, strict=True):
        if outcome.finite_rows and outcome.drafter_is_finite:
            continue
        for chunk in chunks:
            chunk.state.trim(chunk.tokens.shape[0])
        raise NotFinite("drafter" if outcome.finite_rows else "target", turn.sequence)


def _kept(
    sequence: Sequence, appended: mx.array, hidden: mx.array, outcome: _Outcome, watch: Watch
) -> Round:
    """Cut the round's tokens, commit them, and only then return them to be emitted."""
    standing = (*outcome.drafted[: outcome.agreed], outcome.following)[: outcome.finite_rows]
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
