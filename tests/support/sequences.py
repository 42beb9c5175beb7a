"""Sequences as the loop decodes them, begun from a prompt and run to their ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mtp_mlx.api import Mtp, Sampling, Verify
from mtp_mlx.decode.loop import Batch, prefill
from mtp_mlx.decode.rules import rule_of
from mtp_mlx.decode.sequence import Control, Sequence
from mtp_mlx.depth.control import DepthControl
from mtp_mlx.loading import LoadedPair
from mtp_mlx.protocols import Anchor
from mtp_mlx.sampling.constraints import Constrained


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The settings by which one sequence writes."""

    prompt: tuple[int, ...]
    sampling: Sampling
    seed: int
    mtp: Mtp
    length: int  # tokens
    verify: Verify = "coupled"
    end_tokens: frozenset[int] = frozenset()
    constraints: Constrained | None = None


@dataclass(slots=True)
class Writing:
    """A sequence and the tokens it has emitted."""

    sequence: Sequence
    tokens: list[int]


def begin(pair: LoadedPair, order: Order) -> Writing:
    """Read the prompt and choose the first token."""
    target, drafter = pair.target, pair.drafter
    state = target.new_state()
    draft_state = None if drafter is None else drafter.new_state(state)
    *_, hidden = prefill(target, state, order.prompt, draft_state)
    assert hidden is not None
    rule = rule_of(
        order.verify,
        order.sampling,
        order.seed,
        order.prompt,
        target.vocabulary,
        order.constraints,
    )
    first = rule.choose(target.logits(hidden), len(order.prompt))
    token = int(first.item())  # type: ignore[arg-type]
    rule.commit([token])
    sequence = Sequence(
        state=state,
        draft_state=draft_state,
        rule=rule,
        anchor=Anchor(first, hidden),
        tokens_left=order.length - 1,
        end_tokens=order.end_tokens,
        control=Control(mtp=order.mtp),
        depth=DepthControl(None),
    )
    return Writing(sequence, [token])


def batch_of(pair: LoadedPair) -> Batch:
    return Batch(target=pair.target, drafter=pair.drafter)


def together(
    pair: LoadedPair, orders: list[Order], joins: Callable[[int], int] = lambda _: 0
) -> list[list[int]]:
    """Write all orders in one batch; order i joins before round `joins(i)`."""
    batch = batch_of(pair)
    written: list[Writing] = []
    for number in _rounds():
        while len(written) < len(orders) and joins(len(written)) <= number:
            written.append(begin(pair, orders[len(written)]))
        live = [w for w in written if w.sequence.finish is None]
        if not live and len(written) == len(orders):
            return [w.tokens for w in written]
        if not live:
            continue
        by_sequence = {id(w.sequence): w for w in live}
        for emitted in batch.round([w.sequence for w in live]):
            by_sequence[id(emitted.sequence)].tokens += emitted.round.tokens
        for w in written:
            check(w)
    raise AssertionError


def check(written: Writing) -> None:
    """The loop's invariant: the states hold the prompt and every emitted token but the last."""
    s = written.sequence
    held = s.state.length - (s.in_flight is not None)
    if s.finish is not None:
        assert s.in_flight is None
    if s.draft_state is not None and s.in_flight is None:
        assert s.draft_state.length == held


def _rounds() -> Iterator[int]:
    yield from range(10_000)
