"""Decoding: prefill, then rounds that draft or take a plain step, commit, and only then emit.

One loop serves one sequence and many: one sequence is a batch of one. A sequence's tokens do not
depend on the others: its rows attend to its own cache, its noise is a hash of its own seed and
positions, and its rule counts its own history.

Plain decoding runs one step ahead: while the host handles tokens, the device computes the next. It
is what every speed-up is measured against, so it is pipelined like mlx-lm's own loop.
"""

from __future__ import annotations

import time
from collections import abc
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

import mlx.core as mx

from mtp_mlx.api import FinishReason
from mtp_mlx.decode.round import Turn, speculate
from mtp_mlx.decode.sequence import NotFinite, Round, Sequence
from mtp_mlx.decode.watch import Starting, Watch
from mtp_mlx.depth.control import Plan
from mtp_mlx.kv.rows import CHUNK
from mtp_mlx.protocols import Anchor, Chunk, Drafter, DraftState, Rule, State, Target
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT

NO_TOKEN = -1  # stands for a token whose scores are not finite, and needs no number of its own
TIDY_AFTER = 256
"""Tokens after which freed memory goes back to the system. MLX keeps freed buffers for reuse, but
those of attention grow with the context, and soon none that was kept is large enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """One committed round of one sequence."""

    sequence: Sequence
    round: Round
    plan: Plan
    ms: float  # wall time of the round
    finish: FinishReason | None  # why the sequence ended with this round; None: it goes on


@dataclass(slots=True, kw_only=True)
class Batch:
    """Decodes sequences together. Between two rounds any may join or leave."""

    target: Target
    drafter: Drafter | None
    watch: Watch = field(default_factory=Starting)
    clock: Callable[[], float] = time.perf_counter  # seconds
    _before: float | None = None  # when the round before was over
    _untidy: int = 0  # tokens since freed memory was given back

    def round(self, sequences: list[Sequence]) -> list[Emitted]:
        """Run one round of all sequences, and commit it; return what each emitted.

        Where a sequence is about to draft and plain steps are in flight, this round only lands
        those steps: their tokens are the anchors of the next round.
        """
        plans = [s.plan() for s in sequences]
        turns = list(zip(sequences, plans, strict=True))
        drafting = self.drafter is not None and any(plan.depth for plan in plans)
        if drafting and any(s.in_flight for s in sequences):
            turns = [(s, plan) for s, plan in turns if s.in_flight is not None]
        started = self.clock()
        rounds = self._rounds(turns, drafting=drafting)
        over = self.clock()
        if len(turns) == 1:
            # The time counts from the end of the round before: the consumer's work since then
            # overlaps with a plain step in flight, but delays a drafting round.
            _learn(*turns[0], rounds[0], over - (self._before or started))
        self._before = over
        self._tidy(sum(len(round_.tokens) for round_ in rounds))
        return [
            self._emitted(s, plan, round_, (over - started) * 1e3)
            for (s, plan), round_ in zip(turns, rounds, strict=True)
        ]

    def _rounds(self, turns: list[tuple[Sequence, Plan]], *, drafting: bool) -> list[Round]:
        sequences = [s for s, _ in turns]
        if not drafting or self.drafter is None:
            return plain_round(self.target, sequences, ahead=True)
        if any(s.in_flight for s in sequences):
            return plain_round(self.target, sequences, ahead=False)
        planned = [Turn(s, plan.depth) for s, plan in turns]
        return speculate(self.target, self.drafter, planned, self.watch)

    def _tidy(self, tokens: int) -> None:
        self._untidy += tokens
        if self._untidy >= TIDY_AFTER:
            mx.clear_cache()
            self._untidy = 0

    def _emitted(self, s: Sequence, plan: Plan, round_: Round, ms: float) -> Emitted:
        if s.finish is not None:
            s.settle()
        return Emitted(sequence=s, round=round_, plan=plan, ms=ms, finish=s.finish)


def _learn(s: Sequence, plan: Plan, round_: Round, seconds: float) -> None:
    """Let auto learn from a round of a single sequence; with several, no depth has its own time."""
    drafted = len(round_.drafted)
    s.depth.observe(plan, drafted, round_.agreed, round_.confidence, seconds * 1e3)


def decode(batch: Batch, sequences: list[Sequence]) -> Generator[Emitted]:
    """Run rounds until every sequence has met an end token, its length limit, or a cancel.

    However the consumer leaves, each cache holds every emitted token except the last.
    """
    try:
        while live := [s for s in sequences if s.finish is None]:
            yield from batch.round(live)
    finally:
        for s in sequences:
            s.settle()


def prefill(
    target: Target,
    state: State,
    prompt: abc.Sequence[int],
    draft_state: DraftState | None = None,
    rows: Callable[[int], int] = lambda most: most,
) -> Iterator[mx.array | None]:
    """Append `prompt` to the states, a chunk at a time; yield None after each chunk but the last.

    After the last chunk, yield the hidden state [1, hidden] of the last token. No other hidden
    state is computed, unless the drafter reads them. A consumer that stops between chunks leaves
    states that hold the chunks read so far.

    `rows` takes the most rows that the next chunk can have, and returns how many it is to have.
    """
    reads_hidden = draft_state is not None and draft_state.reads_hidden
    end = 0
    while end < len(prompt):
        start, end = end, end + rows(min(CHUNK, len(prompt) - end))
        tokens = mx.array(list(prompt[start:end]))
        hidden = target.forward([Chunk(state, tokens, last_row=not reads_hidden)])
        if draft_state is not None:
            draft_state.read(tokens, hidden if reads_hidden else None)
            draft_state.evaluate()
        last = hidden[-1:] if end == len(prompt) else None
        del hidden  # a row that nobody asks for is not computed
        state.evaluate()
        if last is not None:
            mx.eval(last)
        mx.clear_cache()  # the next chunk attends to more keys: the freed buffers are too small
        yield last


def first_token(target: Target, rule: Rule, hidden: mx.array, position: int) -> Anchor:
    """Choose the reply's first token, behind the prompt's last row. Raises NotFinite."""
    logits = target.logits(hidden)
    token = mx.where(logits.are_finite, rule.choose(logits, position), NO_TOKEN)
    if token.item() == NO_TOKEN:
        raise NotFinite("target")
    return Anchor(token, hidden)


def plain_round(target: Target, sequences: list[Sequence], *, ahead: bool) -> list[Round]:
    """Emit one token of each sequence; with `ahead`, first start the step after that token.

    The started step stays in flight, with its row in the cache, until the next round or
    `Sequence.settle`. No step is started for a sequence that has one token left.
    """
    idle = [s for s in sequences if s.in_flight is None]
    for s, first in zip(idle, _step(target, idle, [s.anchor for s in idle]), strict=True):
        s.in_flight = first
    landing = [s.in_flight for s in sequences if s.in_flight is not None]
    going_on = [s for s in sequences if ahead and s.tokens_left > 1]
    behind = [s.in_flight for s in going_on if s.in_flight is not None]
    following = _step(target, going_on, behind, uncommitted=True)

    tokens = _to_host(landing)
    if NO_TOKEN in tokens:
        for s in going_on:
            s.state.trim(1)  # nothing has happened, to any of them
        raise NotFinite("target", sequences[tokens.index(NO_TOKEN)])
    for s, token in zip(sequences, tokens, strict=True):
        s.land(token)
    for s, started in zip(going_on, following, strict=True):
        s.in_flight = started
    return [Round(tokens=(token,)) for token in tokens]


def _step(
    target: Target, sequences: list[Sequence], anchors: list[Anchor], *, uncommitted: bool = False
) -> list[Anchor]:
    """Start the step from each anchor; return the anchors that it leads to.

    `uncommitted`: the anchors' tokens are still on the device, so no rule has counted them.
    """
    if not sequences:
        return []
    pairs = list(zip(sequences, anchors, strict=True))
    hidden = target.forward([Chunk(s.state, anchor.token) for s, anchor in pairs])
    logits = target.logits(hidden)
    finite = logits.are_finite
    reached = []
    for i, (s, anchor) in enumerate(pairs):
        in_flight = anchor.token if uncommitted else NONE_IN_FLIGHT
        token = s.rule.choose(logits.rows(i, i + 1), s.state.length, in_flight)
        token = mx.where(finite[i : i + 1], token, NO_TOKEN)
        reached.append(Anchor(token, hidden[i : i + 1]))
    mx.async_eval([anchor.token for anchor in reached], hidden)
    return reached


def _to_host(landing: list[Anchor]) -> list[int]:
    """Read one token of each sequence: the round's one wait for the device."""
    tokens = [anchor.token for anchor in landing]
    joined = tokens[0] if len(tokens) == 1 else mx.concatenate(tokens)
    return joined.tolist()  # type: ignore[return-value]  # integers
