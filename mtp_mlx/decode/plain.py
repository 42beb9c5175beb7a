"""Plain decoding, one step ahead: while the host handles a token, the device computes the next.

This is what every speed-up is measured against, so it is pipelined like mlx-lm's own loop.
"""

from __future__ import annotations

import mlx.core as mx

from mtp_mlx.decode.round import Anchor, Round, plain_round
from mtp_mlx.decode.rule import Rule
from mtp_mlx.protocols import Target
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT


class PlainDecoder:
    """Emits one token a round. Between rounds a step may be in flight, which `settle` takes back.

    With a step in flight the cache holds every emitted token, the anchor included.
    """

    def __init__(self, target: Target, rule: Rule) -> None:
        self._target = target
        self._rule = rule
        self._flight: Anchor | None = None

    @property
    def in_flight(self) -> bool:
        return self._flight is not None

    def round(self, anchor: Anchor, *, more: bool) -> Round:
        """The token after the anchor. `more`: start on the one after it before waiting."""
        following = self._flight or self._step(anchor, NONE_IN_FLIGHT)
        self._flight = self._step(following, following.token) if more else None
        token = int(following.token.item())  # type: ignore[arg-type]  # an integer array
        return plain_round(token, following)

    def _step(self, anchor: Anchor, in_flight: mx.array) -> Anchor:
        hidden = self._target.see(anchor.token)
        token = self._rule.choose(self._target.scores(hidden), self._target.length, in_flight)
        mx.async_eval(token, hidden)
        return Anchor(token, hidden)

    def settle(self) -> None:
        """Restore the invariant of the round: the cache holds all emitted tokens but the last."""
        if self._flight is not None:
            self._target.forget(1)
            self._flight = None
