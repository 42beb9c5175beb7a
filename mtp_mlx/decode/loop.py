"""The decoding loop: each round drafts or decodes plainly, commits, and only then is emitted."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.api import FinishReason
from mtp_mlx.decode.control import Control
from mtp_mlx.decode.plain import PlainDecoder
from mtp_mlx.decode.round import Anchor, Cast, Limits, Round, speculate
from mtp_mlx.decode.rule import Rule
from mtp_mlx.depth.control import DepthControl, Plan
from mtp_mlx.protocols import Target

TIDY_AFTER = 256
"""Tokens after which freed memory goes back to the system: MLX keeps it to use it again, but what
attention needs grows with the context and soon fits into nothing that was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """What stays the same from the first round of a reply to its last."""

    target: Target
    rule: Rule
    cast: Cast | None  # None: there is no drafter
    end_tokens: AbstractSet[int]
    depth: DepthControl
    clock: Callable[[], float] = time.perf_counter


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """One committed round with its time, and what ended the reply, if anything did."""

    round: Round
    plan: Plan
    ms: float
    finish: FinishReason | None


def decode(decoding: Decoding, anchor: Anchor, room: int, control: Control) -> Generator[Emitted]:
    """Rounds from `anchor` on, until an end token, `room` tokens, or a cancel.

    However the consumer leaves, the cache holds every emitted token except the last.
    """
    plain = PlainDecoder(decoding.target, decoding.rule)
    untidy = 0
    before = decoding.clock()  # when the round before was over
    try:
        while True:
            plan = decoding.depth.plan(control.mtp, room)
            started = decoding.clock()
            limits = Limits(end_tokens=decoding.end_tokens, room=room)
            result = _round(decoding, plain, anchor, plan, limits)
            over = decoding.clock()
            decoding.rule.commit(result.tokens)
            # What the consumer did since is hidden behind a plain step, but not before a draft.
            decoding.depth.observe(
                plan, len(result.drafted), result.agreed, result.confidence, (over - before) * 1e3
            )
            ms, before = (over - started) * 1e3, over
            anchor, room = result.anchor, room - len(result.tokens)
            finish = _finish(result, decoding.end_tokens, room, control)
            untidy += len(result.tokens)
            if untidy >= TIDY_AFTER:
                mx.clear_cache()
                untidy = 0
            if finish is not None:
                plain.settle()
            yield Emitted(round=result, plan=plan, ms=ms, finish=finish)
            if finish is not None:
                return
    finally:
        plain.settle()


def _round(
    decoding: Decoding, plain: PlainDecoder, anchor: Anchor, plan: Plan, limits: Limits
) -> Round:
    # A plain step in flight is emitted before the first draft: its token is the next anchor.
    if decoding.cast is None or plan.depth == 0 or plain.in_flight:
        return plain.round(anchor, more=plan.depth == 0 and limits.room > 1)
    return speculate(decoding.cast, anchor, plan.depth, limits)


def _finish(
    result: Round, end_tokens: AbstractSet[int], room: int, control: Control
) -> FinishReason | None:
    if result.tokens[-1] in end_tokens:
        return "stop"
    if room == 0:
        return "length"
    return "cancelled" if control.cancelled else None
