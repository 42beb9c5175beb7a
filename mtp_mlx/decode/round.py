"""One round of speculative decoding with shared keys and values.

Leviathan et al. 2022 (arXiv 2211.17192) for the round; the rule of acceptance comes from outside.

Between rounds the target's cache holds every emitted token except the last, the anchor; beside it
stands the target's hidden state at the position that predicted the anchor.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import mlx.core as mx

from mtp_mlx.api import DraftPosition
from mtp_mlx.decode.accept import cut
from mtp_mlx.decode.rule import Drafts, Proposal, Rule, Verdict
from mtp_mlx.decode.watch import Laps, Starting, Watch
from mtp_mlx.protocols import Drafter, Target
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where decoding stands: the last emitted token, which the cache does not hold yet."""

    token: mx.array  # [1]
    hidden: mx.array  # [1, hidden]: the state that predicted it


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round emitted, and where it leaves decoding."""

    tokens: tuple[int, ...]  # emitted, at least one
    drafted: tuple[int, ...]  # d1 ... dK
    accepted: int  # drafted and emitted
    agreed: int  # drafts that stood, past an end token or a length cut too
    confidence: tuple[float, ...]  # the drafter's greatest probability at each draft, if known
    anchor: Anchor
    laps: Laps | None = None  # where it was timed part by part


def plain_round(token: int, anchor: Anchor) -> Round:
    """A round that drafted nothing."""
    return Round(tokens=(token,), drafted=(), accepted=0, agreed=0, confidence=(), anchor=anchor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a reply must end."""

    end_tokens: AbstractSet[int]
    room: int  # tokens that may still be emitted, at least 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who takes part in the rounds of a reply."""

    target: Target
    drafter: Drafter
    rule: Rule
    draft_position: DraftPosition = "last-seen"
    watch: Watch = field(default_factory=Starting)


def speculate(cast: Cast, anchor: Anchor, depth: int, limits: Limits) -> Round:
    """Draft `depth` tokens, verify them in one target pass, emit what stands and one more."""
    target, rule, watch = cast.target, cast.rule, cast.watch
    start = target.length
    watch.begin()
    drafts = draft(cast, anchor, depth)
    watch.built("draft", drafts.tokens)

    hidden = target.see(mx.concatenate([anchor.token, drafts.tokens]))  # [K + 1, hidden]
    verdict = rule.judge(target.scores(hidden), start, drafts)
    numbers = _numbers(drafts, verdict)
    watch.built("verify", numbers)
    found = _to_host(numbers, depth)

    tokens = cut((*found.drafted[: found.agreed], found.following), limits.end_tokens, limits.room)
    target.forget(depth + 1 - len(tokens))
    last = len(tokens) - 1
    return Round(
        tokens=tokens,
        drafted=found.drafted,
        accepted=min(found.agreed, len(tokens)),
        agreed=found.agreed,
        confidence=found.confidence,
        anchor=Anchor(mx.array(tokens[last:]), hidden[last : last + 1]),
        laps=watch.laps(),
    )


def draft(cast: Cast, anchor: Anchor, depth: int) -> Drafts:
    """Propose the `depth` tokens after the anchor, reading the target's own cache.

    The position (RoPE) is the same for all steps: the drafter has no cache to move on in.
    """
    shared = cast.target.shared()
    start = cast.target.length
    position = start - (cast.draft_position == "last-seen")
    token, hidden = anchor.token, anchor.hidden
    drafted, proposals = NONE_IN_FLIGHT, list[Proposal]()
    for _ in range(depth):
        step = cast.drafter.step(token, hidden, shared, position)
        proposals.append(cast.rule.propose(step.scores, start, drafted))
        token, hidden = proposals[-1].token, step.hidden
        drafted = mx.concatenate([drafted, token])
    return Drafts(drafted, tuple(proposals))


@dataclass(frozen=True, slots=True)
class _Found:
    """What the host learns of a round."""

    drafted: tuple[int, ...]
    agreed: int
    following: int
    confidence: tuple[float, ...]


def _numbers(drafts: Drafts, verdict: Verdict) -> mx.array:
    """All that the host will read of a round: at most 2 K + 2 integers."""
    per_mille = (drafts.confidence * 1000).astype(mx.int32)
    return mx.concatenate([drafts.tokens, verdict.accepted, verdict.following, per_mille])


def _to_host(numbers: mx.array, k: int) -> _Found:
    """The round's one wait for the device."""
    read: list[int] = numbers.tolist()  # type: ignore[assignment]  # integers
    return _Found(tuple(read[:k]), read[k], read[k + 1], tuple(n / 1000 for n in read[k + 2 :]))
