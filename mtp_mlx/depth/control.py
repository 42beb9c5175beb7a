"""How many tokens the next round drafts: fixed, or chosen by measured costs and acceptance.

A round with K drafts emits F(K) = 1 + sum over k <= K of a_1 ... a_k tokens on average and takes
C(K) milliseconds; K = 0 is plain decoding. Auto takes the K with the greatest F(K) - rho C(K),
where rho is the best rate, in tokens a millisecond, that costs and mean acceptance promise.
`docs/depth.md` explains the model and says what each constant was measured to give.
"""

from __future__ import annotations

from dataclasses import dataclass

from mtp_mlx.api import MAX_DEPTH, Mtp, RoundState
from mtp_mlx.depth.acceptance import Acceptance
from mtp_mlx.depth.costs import ENOUGH, Costs, DraftCost, DraftKey, VerifyCost, band_of

FIRST_DEPTH = 3  # the depth that is measured first, with plain decoding
REACH = 2  # how far past the deepest measured depth auto may go
MARGIN = 0.01  # the part of a round's tokens by which another depth must be better
TRIAL_ROUNDS = 4  # rounds at a new depth before it is judged; the first is not sampled
PROBE_ROUNDS = 3  # rounds at another depth, to measure it; the first is not sampled
SHARE, LEAST_SHARE = 0.002, 0.0005  # the part of the time that probing each other depth may take
PARKED_SHARE, LEAST_PARKED_SHARE = 0.01, 0.002  # the same while parked, where one depth is probed
BACK_OFF = 0.5  # the part of the share that a probe leaves after which nothing changes
LEAST_LOSS = 0.02  # the part of a round's cost that a round of a probe loses at least
TOO_MUCH = 1e9  # milliseconds and outcomes from here on cannot have been measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The depth of the next round."""

    depth: int
    state: RoundState
    reason: str | None = None  # why the depth is not simply the one that the switch asks for
    context: int = 0  # tokens in the cache before the round


@dataclass(frozen=True, slots=True)
class Choice:
    """A depth, and whether it is chosen only to measure it."""

    depth: int
    probe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The outcome of one round."""

    depth: int
    accepted: int  # drafts that stood, whether or not all of them were emitted
    ms: float
    whole: bool = True  # False: `ms` holds only a part of its work, the rest was done in another
    confidence: tuple[float, ...] = ()  # the drafter's top probability at each draft, if computed
    context: int = 0  # tokens in the cache before the round


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Costs and acceptance that another process can start from.

    Raises ValueError for numbers that cannot have been measured.
    """

    verify: tuple[VerifyCost, ...] = ()
    draft: tuple[DraftCost, ...] = ()
    hits: tuple[float, ...] = ()  # accepted drafts by position; empty: none was judged
    counts: tuple[float, ...] = ()  # judged drafts by position

    def __post_init__(self) -> None:
        sane = (
            all(c.key.rows > 0 and c.key.band >= 0 and 0 < c.ms < TOO_MUCH for c in self.verify)
            and all(0 < c.key.depth <= MAX_DEPTH and 0 <= c.ms < TOO_MUCH for c in self.draft)
            and len({c.key for c in self.verify}) == len(self.verify)
            and len({c.key for c in self.draft}) == len(self.draft)
            and len(self.hits) == len(self.counts)
            and len(self.hits) in (0, MAX_DEPTH)
            and all(0 <= h <= n < TOO_MUCH for h, n in zip(self.hits, self.counts, strict=False))
            and (not self.counts or self.counts[0] > 0)
        )
        if not sane:
            raise ValueError("these numbers cannot have been measured")


class PairState:
    """Everything auto has learned of a pair on this machine. All sequences of the pair share it."""

    def __init__(self, learned: Learned | None = None) -> None:
        learned = learned or Learned()
        self.costs = Costs(learned.verify, learned.draft)
        self.acceptance = Acceptance(learned.hits, learned.counts)  # of the last sequence observed
        self.settled = FIRST_DEPTH  # the best depth for mean acceptance, of the last sequence
        self.probes = Probes()

    def learned(self) -> Learned:
        """Return the costs and counts that another process can start from."""
        return Learned(
            verify=self.costs.verify_costs(),
            draft=self.costs.draft_costs(),
            hits=tuple(self.acceptance.hits),
            counts=tuple(self.acceptance.counts),
        )

    def unmeasured(self) -> list[int]:
        """Return the depths that must be measured before any can be chosen."""
        return [depth for depth in (FIRST_DEPTH, 0) if self.costs.taken(depth + 1) < ENOUGH]

    def deepest(self) -> int:
        """Return the deepest depth that may be tried."""
        return min(self.costs.most_rows() - 1 + REACH, MAX_DEPTH)


class DepthControl:
    """Turns the setting of the MTP switch into a depth for each round of a sequence."""

    def __init__(
        self,
        no_drafter_reason: str | None,
        learned: Learned | None = None,
        *,
        pair: PairState | None = None,
    ) -> None:
        self._no_drafter_reason = no_drafter_reason
        self._pair = pair or PairState(learned)
        self._auto = AutoDepth(self._pair)

    def for_sequence(self) -> DepthControl:
        """Return the control of another sequence, which shares what is learned of the pair."""
        return DepthControl(self._no_drafter_reason, pair=self._pair)

    def learned(self) -> Learned:
        """Return what auto has learned of the pair, for another process to start from."""
        return self._pair.learned()

    def plan(self, mtp: Mtp, tokens_left: int, context: int = 0) -> Plan:
        """Return the plan of a round behind `context` tokens, of a reply with `tokens_left`.

        A round emits up to K + 1 tokens, so K is less than `tokens_left`: more would be wasted.
        """
        if mtp == "off":
            return Plan(depth=0, state="plain", context=context)
        if self._no_drafter_reason is not None:
            return Plan(depth=0, state="plain", reason=self._no_drafter_reason, context=context)
        plan = self._auto_plan(context) if mtp == "auto" else _fixed(mtp, context)
        if plan.depth < tokens_left:
            return plan
        return Plan(
            depth=tokens_left - 1,
            state=plan.state if tokens_left > 1 else "plain",
            reason="the reply's length limit is near",
            context=context,
        )

    def _auto_plan(self, context: int) -> Plan:
        choice = self._auto.choose(context)
        depth = choice.depth
        if choice.probe:
            return Plan(depth=depth, state="probe", reason=f"measuring K {depth}", context=context)
        if depth == 0:
            reason = "plain decoding is faster here"
            return Plan(depth=0, state="parked", reason=reason, context=context)
        return Plan(depth=depth, state="drafting", context=context)

    def observe(
        self, plan: Plan, drafted: int, agreed: int, confidence: tuple[float, ...], ms: float
    ) -> None:
        """Learn from a finished round of any plan; `agreed` of `drafted` drafts were accepted."""
        self._auto.observe(
            Observation(
                depth=drafted,
                accepted=agreed,
                ms=ms,
                # False for a plain step in flight that is landed before a draft: its work was done
                # in the round before.
                whole=drafted == plan.depth,
                confidence=confidence,
                context=plan.context,
            )
        )


def _fixed(depth: int, context: int) -> Plan:
    if depth == 0:
        return Plan(depth=0, state="parked", reason="K is 0", context=context)
    return Plan(depth=depth, state="drafting", context=context)


class AutoDepth:
    """Chooses the depths of one sequence, by its acceptance and the costs of its pair."""

    def __init__(self, pair: PairState) -> None:
        self.pair = pair
        self.acceptance = pair.acceptance.copy()
        self._settled = pair.settled  # the best depth for mean acceptance
        self._best = pair.settled  # the best depth for the next round
        self._visit: _Visit | None = None

    def observe(self, round_: Observation) -> None:
        """Learn from a round."""
        depth = round_.depth
        if round_.whole:
            draft = DraftKey("drafter", depth) if depth else None
            self.pair.costs.observe(depth + 1, draft, round_.context, round_.ms)
        reached = min(round_.accepted + 1, depth)
        self.acceptance.observe(round_.accepted, reached, round_.confidence)
        self.pair.acceptance = self.acceptance
        self.pair.probes.passed(depth, round_.context, round_.ms)
        if self._visit is not None:
            self._visit.left -= depth == self._visit.depth

    def choose(self, context: int) -> Choice:
        """Choose the depth of the next round, behind `context` tokens."""
        for depth in self.pair.unmeasured():
            return Choice(depth, probe=True)
        if self._visit is not None and self._visit.left <= 0:
            if self._visit.probe:
                self.pair.probes.ended(parked=self._visit.parked)
            self._visit = None
        if self._visit is None:
            self._decide(context)
        if self._visit is not None:
            return Choice(self._visit.depth, probe=True)
        return Choice(self._best, probe=False)

    def _decide(self, context: int) -> None:
        top = self.pair.deepest()
        cost = self.pair.costs.by_depth(context)
        tokens = expected_tokens(self.acceptance.estimates)
        rho = max(tokens[k] / cost[k] for k in range(top + 1))
        settled = best_depth(tokens, cost, rho, top, self._settled)
        if settled != self._settled:
            self._settled = self.pair.settled = settled
            self.pair.probes.reset()
        best = best_depth(expected_tokens(self.acceptance.expected), cost, rho, top, self._best)
        if best != self._best and self.pair.costs.taken(best + 1) < ENOUGH:
            self._visit = _Visit(best, TRIAL_ROUNDS)
        self._best = best
        if self._visit is None:
            parked = settled == 0
            depth = self.pair.probes.due(settled, tokens, cost, rho, context)
            if depth is not None:
                self._visit = _Visit(depth, PROBE_ROUNDS, probe=True, parked=parked)


def best_depth(tokens: list[float], cost: list[float], rho: float, top: int, current: int) -> int:
    """Return the depth with the greatest F - rho C; `current` where none is clearly better."""
    gain = [tokens[k] - rho * cost[k] for k in range(top + 1)]
    best = max(range(top + 1), key=gain.__getitem__)
    if current <= top and gain[best] <= gain[current] + MARGIN * tokens[current]:
        return current
    return best


@dataclass(slots=True)
class _Visit:
    """A stay of a few rounds at a depth: to try it, or only to measure it (a probe)."""

    depth: int
    left: int  # rounds
    probe: bool = False
    parked: bool = False  # the probe began while auto was parked


class Probes:
    """Decides when which depth is measured again.

    A probe is due once a small share of the time since its depth was last used makes up for its
    loss. So probes come at growing intervals, and their total loss is bounded on any machine.
    """

    def __init__(self) -> None:
        self._time = 0.0  # milliseconds observed
        self._used: dict[tuple[int, int], float] = {}  # (depth, band) -> when it was last used
        self.reset()

    def reset(self) -> None:
        """Probe as often as at the start: another depth has become the best."""
        self._share, self._parked_share = SHARE, PARKED_SHARE

    def passed(self, depth: int, context: int, ms: float) -> None:
        """Add a round's time."""
        self._time += ms
        self._used[depth, band_of(context)] = self._time

    def ended(self, *, parked: bool) -> None:
        """Make probes rarer after one; `reset` is called where it has changed the best depth."""
        if parked:
            self._parked_share = max(self._parked_share * BACK_OFF, LEAST_PARKED_SHARE)
        else:
            self._share = max(self._share * BACK_OFF, LEAST_SHARE)

    def due(
        self, settled: int, tokens: list[float], cost: list[float], rho: float, context: int
    ) -> int | None:
        """Return the depth that was not used for longest, of those worth a probe now."""
        band = band_of(context)
        share = self._share if settled else self._parked_share

        def idle(depth: int) -> float:
            # While parked a draft of any depth measures the acceptance.
            depths = (depth,) if settled else range(1, MAX_DEPTH + 1)
            return self._time - max(self._used.get((k, band), 0.0) for k in depths)

        def loss(depth: int) -> float:
            lost = max(cost[depth] - tokens[depth] / rho, LEAST_LOSS * cost[depth])
            return PROBE_ROUNDS * lost

        due = [k for k in _others(settled, tokens, cost) if share * idle(k) >= loss(k)]
        return max(due, key=idle, default=None)


def _others(settled: int, tokens: list[float], cost: list[float]) -> list[int]:
    """Return the depths to probe: the neighbours of the best depth, and plain decoding.

    While parked, return the drafting depth with the greatest rate.
    """
    if settled == 0:
        return [max(range(1, MAX_DEPTH + 1), key=lambda k: tokens[k] / cost[k])]
    near = {0, settled - 1, settled + 1}
    return sorted(depth for depth in near if depth <= MAX_DEPTH)


def expected_tokens(acceptance: list[float]) -> list[float]:
    """Return F(0) … F(K): 1 + the sum of the probabilities that k drafts are accepted."""
    total = survival = 1.0
    tokens = [total]
    for a in acceptance:
        survival *= a
        total += survival
        tokens.append(total)
    return tokens
