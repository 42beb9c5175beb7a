"""Plain decoding, one step ahead: while the host handles tokens, the device computes the next.

This is what every speed-up is measured against, so it is pipelined like mlx-lm's own loop.
"""

from __future__ import annotations

import mlx.core as mx

from mtp_mlx.decode.sequence import Round, Sequence
from mtp_mlx.protocols import Anchor, Chunk, Target
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT


def plain_round(target: Target, sequences: list[Sequence], *, ahead: bool) -> list[Round]:
    """Emit one token of each sequence; with `ahead`, first start on the tokens behind them.

    The step that is started stays in flight, and its row in the cache, until the next round or
    `Sequence.settle`. A sequence with one token left is not started on again.
    """
    idle = [s for s in sequences if s.in_flight is None]
    for s, first in zip(idle, _step(target, idle, [s.anchor for s in idle]), strict=True):
        s.in_flight = first
    landing = [s.in_flight for s in sequences if s.in_flight is not None]
    going_on = [s for s in sequences if ahead and s.tokens_left > 1]
    behind = [s.in_flight for s in going_on if s.in_flight is not None]
    following = _step(target, going_on, behind, uncommitted=True)

    tokens = _to_host(landing)
    for s, token in zip(sequences, tokens, strict=True):
        s.land(token)
    for s, started in zip(going_on, following, strict=True):
        s.in_flight = started
    return [Round(tokens=(token,)) for token in tokens]


def _step(
    target: Target, sequences: list[Sequence], anchors: list[Anchor], *, uncommitted: bool = False
) -> list[Anchor]:
    """Start the step from each anchor; return the anchors that it leads to.

    `uncommitted`: the host does not know the anchors' tokens yet, so no rule has counted them.
    """
    if not sequences:
        return []
    pairs = list(zip(sequences, anchors, strict=True))
    hidden = target.forward([Chunk(s.state, anchor.token) for s, anchor in pairs])
    logits = target.logits(hidden)
    reached = []
    for i, (s, anchor) in enumerate(pairs):
        in_flight = anchor.token if uncommitted else NONE_IN_FLIGHT
        token = s.rule.choose(logits.rows(i, i + 1), s.state.length, in_flight)
        reached.append(Anchor(token, hidden[i : i + 1]))
    mx.async_eval([anchor.token for anchor in reached], hidden)
    return reached


def _to_host(landing: list[Anchor]) -> list[int]:
    """Read one token of each sequence: the round's one wait for the device."""
    tokens = [anchor.token for anchor in landing]
    joined = tokens[0] if len(tokens) == 1 else mx.concatenate(tokens)
    return joined.tolist()  # type: ignore[return-value]  # integers
