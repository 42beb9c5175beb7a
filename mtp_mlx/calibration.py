"""The measured costs of a pair on a machine, and what follows from them. Pure.

`docs/depth.md` says how auto uses it.
"""

from __future__ import annotations

from dataclasses import dataclass

from mtp_mlx.api import MAX_DEPTH, DraftPosition


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Median costs in milliseconds, measured at one length of context."""

    context: int  # tokens in the cache
    verify_ms: tuple[float, ...]  # a forward with its head over 1, 2 ... MAX_DEPTH + 1 rows
    draft_ms: float | None  # one step of the drafter; None without one
    plain_ms: float  # one step of pipelined plain decoding

    def round_ms(self, depth: int) -> float:
        """Return what a round of `depth` drafts costs if nothing is lost between its passes."""
        assert self.draft_ms is not None
        return self.verify_ms[depth] + depth * self.draft_ms

    def allowed_speed_up(self, depth: int, tau: float) -> float:
        """Return the speed-up over plain decoding that `tau` tokens a round make possible."""
        return tau * self.plain_ms / self.round_ms(depth)

    def break_even(self, depth: int) -> float | None:
        """Return the acceptance above which rounds of `depth` are faster than plain decoding.

        Where every draft is accepted with probability a, 1 + a + ... + a^K tokens must outweigh
        the round's cost in plain steps. None where even a perfect drafter does not.
        """
        plain_steps = self.round_ms(depth) / self.plain_ms
        if plain_steps > depth + 1:
            return None
        low, high = 0.0, 1.0
        while high - low > 1e-4:
            middle = (low + high) / 2
            if sum(middle**k for k in range(depth + 1)) < plain_steps:
                low = middle
            else:
                high = middle
        return high if plain_steps > 1 else 0.0

    def least_acceptance(self) -> float | None:
        """Return the acceptance above which some K is faster than plain decoding; None: never."""
        by_depth = [self.break_even(depth) for depth in range(1, MAX_DEPTH + 1)]
        return min((a for a in by_depth if a is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What `calibrate` measured."""

    costs: Costs
    acceptance: tuple[tuple[DraftPosition, float], ...]  # by draft position; empty: not measured
    drafted: int  # tokens drafted at each draft position
    date: str  # ISO 8601

    @property
    def draft_position(self) -> DraftPosition | None:
        """Return the draft position with more drafts accepted, if both were measured."""
        if len(self.acceptance) < 2:
            return None
        return max(self.acceptance, key=lambda measured: measured[1])[0]

    def in_words(self, rows: int = 4) -> str:
        """Return the costs, and whether MTP pays, as a sentence."""
        costs = self.costs
        steps = costs.verify_ms[rows - 1] / costs.plain_ms
        verifying = f"verifying {rows} tokens costs {steps:.1f} plain steps here: "
        if costs.draft_ms is None:
            return verifying + "there is no drafter to make use of it"
        least = costs.least_acceptance()
        if least is None:
            return verifying + "MTP does not pay at any acceptance"
        return verifying + f"MTP pays above {100 * least:.0f} % acceptance"
