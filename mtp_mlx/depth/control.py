"""How many tokens the next round drafts, and what to call that."""

from __future__ import annotations

from dataclasses import dataclass

from mtp_mlx.api import Mtp, RoundState
from mtp_mlx.depth.auto import AutoDepth, Learned, Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The depth of the next round; `reason` where it is not simply what the switch says."""

    depth: int
    state: RoundState
    reason: str | None = None


class DepthControl:
    """Turns the MTP switch into a depth for each round.

    What auto has learned outlives the reply: costs and acceptance belong to the pair.
    """

    def __init__(self, no_drafter_reason: str | None, learned: Learned | None = None) -> None:
        self._no_drafter_reason = no_drafter_reason
        self._auto = AutoDepth(learned)

    def learned(self) -> Learned:
        """What auto knows, for another process to start from."""
        return self._auto.learned()

    def plan(self, mtp: Mtp, room: int) -> Plan:
        """The plan of a round in a reply that may still grow by `room` tokens."""
        if mtp == "off":
            return Plan(depth=0, state="plain")
        if self._no_drafter_reason is not None:
            return Plan(depth=0, state="plain", reason=self._no_drafter_reason)
        plan = self._auto_plan() if mtp == "auto" else _fixed(mtp)
        # A round emits up to K + 1 tokens: drafting past the end of the reply is wasted.
        if plan.depth >= room:
            state: RoundState = plan.state if room > 1 else "plain"
            return Plan(depth=room - 1, state=state, reason="the reply's length limit is near")
        return plan

    def _auto_plan(self) -> Plan:
        choice = self._auto.choose()
        if choice.probe:
            return Plan(depth=choice.depth, state="probe", reason=f"measuring K {choice.depth}")
        if choice.depth == 0:
            return Plan(depth=0, state="parked", reason="plain decoding is faster here")
        return Plan(depth=choice.depth, state="drafting")

    def observe(
        self, plan: Plan, drafted: int, agreed: int, confidence: tuple[float, ...], ms: float
    ) -> None:
        """Learn from a finished round, whoever asked for it; `agreed` of `drafted` drafts stood."""
        self._auto.observe(
            Observation(
                depth=drafted,
                accepted=agreed,
                ms=ms,
                # Else it was a plain step left in flight, whose work was done in rounds before.
                whole=drafted == plan.depth,
                confidence=confidence,
            )
        )


def _fixed(depth: int) -> Plan:
    if depth == 0:
        return Plan(depth=0, state="parked", reason="K is 0")
    return Plan(depth=depth, state="drafting")
