"""One sequence while it is decoded: its states, its rule, its anchor and its end."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

import mlx.core as mx

from mtp_mlx.api import FinishReason, Mtp
from mtp_mlx.decode.watch import Laps
from mtp_mlx.depth.control import DepthControl, Plan
from mtp_mlx.protocols import Anchor, DraftState, Rule, State


class NotFinite(Exception):
    """Scores that are no numbers: the sequence cannot go on, the others of its batch can."""

    def __init__(
        self, whose: Literal["target", "drafter"], sequence: Sequence | None = None
    ) -> None:
        super().__init__(f"scores of the {whose} that are not finite")
        self.whose = whose
        self.sequence = sequence


@dataclass(slots=True)
class Control:
    """The two settings that another thread may change while a reply is written.

    Each is read once a round and set by a plain assignment, so no lock is needed.
    """

    mtp: Mtp = "auto"
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The result of one round for one sequence."""

    tokens: tuple[int, ...]  # emitted, at least one
    drafted: tuple[int, ...] = ()  # d1 ... dK
    accepted: int = 0  # drafted and emitted
    agreed: int = 0  # drafts that stood, also those behind an end token or a length cut
    confidence: tuple[float, ...] = ()  # the drafter's greatest probability at each draft, if any
    laps: Laps | None = None  # None where its parts were not timed


@dataclass(slots=True, kw_only=True, eq=False)
class Sequence:
    """The state of decoding for one reply.

    Invariant between rounds: `state` holds every emitted token except the last, the anchor; so
    does `draft_state`. While a plain step is in flight `state` holds the anchor too.
    """

    state: State
    draft_state: DraftState | None  # None: there is no drafter
    rule: Rule
    anchor: Anchor
    tokens_left: int  # tokens that may still be emitted
    end_tokens: AbstractSet[int]
    control: Control
    depth: DepthControl
    in_flight: Anchor | None = None  # the next anchor, while the device computes its plain step
    finish: FinishReason | None = None

    def plan(self) -> Plan:
        """Return how many tokens the next round is to draft."""
        return self.depth.plan(self.control.mtp, self.tokens_left, self.state.length)

    def keep(self, appended: mx.array, hidden: mx.array, tokens: tuple[int, ...]) -> None:
        """Commit a round that appended `appended` [n] with `hidden` [n, hidden], to emit `tokens`.

        The cache keeps the rows before the last emitted token, which becomes the anchor.
        """
        kept = len(tokens)
        self.state.trim(appended.shape[0] - kept)
        self.rule.commit(tokens)
        self._read(appended[:kept], hidden[:kept])
        self.anchor = Anchor(mx.array(tokens[-1:]), hidden[kept - 1 : kept])
        self._count(tokens)

    def land(self, token: int) -> None:
        """Commit the plain step in flight, which chose `token`."""
        assert self.in_flight is not None
        self.rule.commit([token])
        self._read(self.anchor.token, self.in_flight.hidden)
        self.anchor, self.in_flight = self.in_flight, None
        self._count((token,))

    def settle(self) -> None:
        """Trim the plain step in flight, if there is one: the invariant holds again."""
        if self.in_flight is not None:
            self.state.trim(1)
            self.in_flight = None

    def _read(self, tokens: mx.array, hidden: mx.array) -> None:
        if self.draft_state is not None:
            self.draft_state.read(tokens, hidden if self.draft_state.reads_hidden else None)

    def _count(self, tokens: tuple[int, ...]) -> None:
        self.tokens_left -= len(tokens)
        if tokens[-1] in self.end_tokens:
            self.finish = "stop"
        elif self.tokens_left == 0:
            self.finish = "length"
        elif self.control.cancelled:
            self.finish = "cancelled"


def cut(tokens: tuple[int, ...], end_tokens: AbstractSet[int], tokens_left: int) -> tuple[int, ...]:
    """Return `tokens` up to and with the first end token, and no more than `tokens_left`."""
    for i, token in enumerate(tokens[:tokens_left]):
        if token in end_tokens:
            return tokens[: i + 1]
    return tokens[:tokens_left]
