"""One round of speculative decoding with shared keys and values.

Leviathan et al. 2022 (arXiv 2211.17192) for the round; Daliri et al. 2024 (arXiv 2408.07978) for
the coupled rule of acceptance.

Between rounds the target's cache holds every emitted token except the last, the anchor; beside it
stands the target's hidden state at the position that predicted the anchor.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.protocols import Drafter, Target
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT, Chooser
from mtp_mlx.speculative.accept import agreement, cut
from mtp_mlx.values import DraftPosition


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
    anchor: Anchor


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a reply must end."""

    end_tokens: AbstractSet[int]
    room: int  # tokens that may still be emitted, at least 1


def speculate(
    target: Target,
    drafter: Drafter,
    anchor: Anchor,
    depth: int,
    choose: Chooser,
    limits: Limits,
    draft_position: DraftPosition = "last-seen",
) -> Round:
    """Draft `depth` tokens, verify them in one target pass, emit what agrees and one more."""
    start = target.length
    drafts = draft(target, drafter, anchor, depth, choose, draft_position)  # [K]
    mx.async_eval(drafts)

    hidden = target.see(mx.concatenate([anchor.token, drafts]))  # [K + 1, hidden]
    choices = choose(target.scores(hidden), start + 1, drafts)  # [K + 1]
    numbers = _to_host(mx.concatenate([drafts, choices]))  # the round's one wait for the device
    drafted, chosen = tuple(numbers[:depth]), tuple(numbers[depth:])

    n = agreement(drafted, chosen)
    tokens = cut(chosen[: n + 1], limits.end_tokens, limits.room)
    target.forget(depth + 1 - len(tokens))
    last = len(tokens) - 1
    return Round(
        tokens=tokens,
        drafted=drafted,
        accepted=min(n, len(tokens)),
        anchor=Anchor(choices[last : last + 1], hidden[last : last + 1]),
    )


def draft(
    target: Target,
    drafter: Drafter,
    anchor: Anchor,
    depth: int,
    choose: Chooser,
    draft_position: DraftPosition,
) -> mx.array:
    """Propose the `depth` tokens after the anchor [K], reading the target's own cache.

    The position (RoPE) is the same for all steps: the drafter has no cache to move on in.
    """
    shared = target.shared()
    position = target.length - (draft_position == "last-seen")
    token, hidden = anchor.token, anchor.hidden
    drafts = NONE_IN_FLIGHT
    for k in range(1, depth + 1):
        step = drafter.step(token, hidden, shared, position)
        token, hidden = choose(step.scores, target.length + k, drafts), step.hidden
        drafts = mx.concatenate([drafts, token])
    return drafts


def _to_host(ids: mx.array) -> list[int]:
    return ids.tolist()  # type: ignore[return-value]  # [n] integers
