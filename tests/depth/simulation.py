"""A machine and a text for auto to meet: cost curves of real machines, drafts right by chance.

Curves: cost of verifying n rows against one, from the issue trackers of MLX and mlxcel; the last
two are made up, for drafters that cost a fixed time a round and kernels that work in tiles of rows.
A drafter's step costs 5 % of a plain step.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mtp_mlx.api import MAX_DEPTH
from mtp_mlx.depth.control import AutoDepth, Learned, Observation, PairState
from mtp_mlx.depth.costs import DraftCost, DraftKey, VerifyCost, VerifyKey

PLAIN_MS = 30.0
DRAFT_STEP = 0.05
NOISE = 0.05  # of a round's time
STALLS, STALL = 0.01, 5.0  # how often, and how much longer
# Plain steps are pipelined: the first takes two, and one is left for the draft that follows. Each
# takes so many plain steps (measured with the built-in pair).
FIRST_STEP, LAST_STEP = 2.0, 0.3
WARM_UP = 300  # rounds

CURVES = {
    "M4 Pro": [1, 1.03, 1.22, 1.47, 1.77, 2.07, 2.38, 2.69, 3.0],
    "M5 Max": [1, 1.05, 1.11, 1.25, 1.42, 1.7, 2.1, 2.47, 2.8],
    "M3 Ultra": [1, *(0.83 + 0.17 * rows for rows in range(2, 10))],
    "M1 (linear)": [1, 1.95, 2.9, 3.85, 4.8, 5.75, 6.7, 7.65, 8.6],
    "mixture of experts": [1, 1.5, 2.0, 2.5, 2.95, 3.4, 3.8, 4.2, 4.6],
    "slow to start drafting": [1, 1.4, 1.45, 1.5, 1.6, 1.75, 1.9, 2.1, 2.3],
    "tiles of four rows": [1, 1.05, 1.1, 1.15, 1.7, 1.75, 1.8, 1.85, 3.0],
}

Curve = Sequence[float]
Drift = Callable[[int, int], float]
"""(place in the text, depth) -> what a round's cost is multiplied by."""
Acceptance = Callable[[int], float]
"""Place in the text -> the probability that a draft there is right."""


def steady(place: int, depth: int) -> float:
    del place, depth
    return 1.0


def cost(curve: Curve, depth: int) -> float:
    """Milliseconds of a round."""
    return PLAIN_MS * (curve[depth] + DRAFT_STEP * depth)


class Text:
    """Whether a draft at each place is right, whoever gets there, and how sure the drafter is."""

    def __init__(
        self,
        acceptance: Acceptance,
        length: int,
        seed: int,
        confidence: Callable[[random.Random, float], float] | None = None,
        fading: float = 1.0,  # of acceptance, a position
    ) -> None:
        chance = random.Random(seed)
        places = range(length + 2 * MAX_DEPTH)
        self.length = length
        self.right = []  # positions of a round at which a draft at this place is right
        for place in places:
            luck, a = chance.random(), acceptance(place)
            self.right.append(next((k for k in range(MAX_DEPTH) if luck >= a * fading**k), 99))
        self.sure = [confidence(chance, acceptance(p)) for p in places] if confidence else []

    def accepted(self, place: int, depth: int) -> int:
        right = self.right
        return next((k for k in range(depth) if right[place + k] <= k), depth)

    def confidence(self, place: int, depth: int) -> tuple[float, ...]:
        return tuple(self.sure[place : place + depth])


def informative(chance: random.Random, acceptance: float) -> float:
    """A drafter that knows roughly how hard the text is."""
    return 1 / (1 + math.exp(-(_logit(acceptance) + chance.gauss(0, 1))))


def noise(chance: random.Random, acceptance: float) -> float:
    """A drafter whose confidence means nothing."""
    del acceptance
    return 1 / (1 + math.exp(-chance.gauss(1, 1.5)))


def _logit(p: float) -> float:
    p = min(max(p, 0.01), 0.99)
    return math.log(p / (1 - p))


def turns(first: float, second: float, period: int) -> Acceptance:
    """Two acceptances in turn, `period` tokens each."""
    return lambda place: first if place // period % 2 == 0 else second


def spells(seed: int, spread: float, length: int) -> Drift:
    """A machine whose speed wanders: log-normal by `spread`, for 40 to 300 tokens each time."""
    chance = random.Random(f"spells {seed}")
    at: list[float] = []
    while len(at) < length + MAX_DEPTH:
        at += [math.exp(chance.gauss(0, spread))] * chance.randint(40, 300)
    return lambda place, _depth: at[place]


def fixed_ms(text: Text, curve: Curve, depth: int, start: int = 0, drift: Drift = steady) -> float:
    """What a fixed K takes for the text from `start` on, free of noise."""
    place, ms = start, 0.0
    while place < text.length:
        ms += cost(curve, depth) * drift(place, depth)
        place += text.accepted(place, depth) + 1
    return ms


@dataclass(slots=True)
class Outcome:
    """How auto fared."""

    ms: float = 0.0  # after the warm-up
    all_ms: float = 0.0
    start: int = 0  # where the warm-up ended
    depths: list[int] = field(default_factory=list)  # after the warm-up
    probing_ms: float = 0.0


def simulate(
    auto: AutoDepth,
    curve: Curve,
    text: Text,
    *,
    seed: int = 0,
    drift: Drift = steady,
    warm_up: int = WARM_UP,
    context: Callable[[int], int] = lambda _: 0,
) -> Outcome:
    chance = random.Random(f"times {seed}")
    outcome = Outcome()
    place, last, rounds = 0, 0, 0
    while place < text.length:
        choice = auto.choose(context(place))
        # A plain step in flight is emitted before the first draft.
        flushing = last == 0 and choice.depth > 0 and rounds > 0
        depth = 0 if flushing else choice.depth
        accepted = text.accepted(place, depth)
        ms = cost(curve, depth) * drift(place, depth)
        if flushing:
            ms *= LAST_STEP
        elif depth == 0 and last != 0:
            ms *= FIRST_STEP
        stall = STALL if chance.random() < STALLS else 1
        auto.observe(
            Observation(
                depth=depth,
                accepted=accepted,
                ms=ms * max(0.5, chance.gauss(1, NOISE)) * stall,
                whole=not flushing,
                confidence=text.confidence(place, depth),
                context=context(place),
            )
        )
        place, rounds = place + accepted + 1, rounds + 1
        last = choice.depth if flushing else depth
        outcome.all_ms += ms
        if rounds <= warm_up:
            outcome.start = place
        else:
            outcome.ms += ms
            outcome.depths.append(depth)
            outcome.probing_ms += ms if choice.probe else 0.0
    return outcome


def against_best(outcome: Outcome, text: Text, curve: Curve, drift: Drift = steady) -> float:
    """Auto's speed over that of the best fixed K in hindsight, after the warm-up."""
    depths = range(MAX_DEPTH + 1)
    return min(fixed_ms(text, curve, k, outcome.start, drift) for k in depths) / outcome.ms


def against_plain(outcome: Outcome, text: Text, curve: Curve, drift: Drift = steady) -> float:
    """Auto's speed over that of plain decoding, over everything."""
    return fixed_ms(text, curve, 0, drift=drift) / outcome.all_ms


def new(learned: Learned | None = None) -> AutoDepth:
    return AutoDepth(PairState(learned))


def calibrated(name: str, dearer: float = 0.0, band: int = 0) -> Learned:
    """What a calibration of a machine knows: each row costs `dearer` plain steps more."""
    curve = CURVES[name]
    verify = [PLAIN_MS * (ms + dearer * k) for k, ms in enumerate(curve)]
    return Learned(
        verify=tuple(VerifyCost(VerifyKey(k + 1, band), ms) for k, ms in enumerate(verify)),
        draft=tuple(
            DraftCost(DraftKey("drafter", k), DRAFT_STEP * PLAIN_MS * k)
            for k in range(1, MAX_DEPTH + 1)
        ),
    )


def settled(auto: AutoDepth, context: int = 0) -> int:
    choice = auto.choose(context)
    assert not choice.probe
    return choice.depth
