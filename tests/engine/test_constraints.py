"""A model's own rules hold in every reply: greedy or sampled, plain or drafted, by every rule."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest

from mtp_mlx.api import Mtp, Sampling, Verify
from mtp_mlx.engine import Engine
from mtp_mlx.sampling.constraints import NO_CONSTRAINTS, Bounds, Constraints, constrained
from tests.engine.conftest import PairOf
from tests.support.replies import AT_ONE, EVERYTHING, GREEDY, PROMPT, SHARP, reply
from tests.support.sequences import Order, together
from tests.support.shapes import SHORT_31B, SHORT_E2B, Shape

WAYS = {  # a head of clusters, and a dense one
    "greedy, clusters": (SHORT_E2B, GREEDY),
    "everything, clusters": (SHORT_E2B, EVERYTHING),
    "T=1, dense": (SHORT_31B, AT_ONE),
    "sharp, dense": (SHORT_31B, SHARP),
}
LENGTH = 24


def ruled(pair_of: PairOf, shape: Shape, constraints: Constraints) -> Engine:
    return Engine(replace(pair_of(shape), constraints=constraints))


@pytest.mark.parametrize(
    ("shape", "sampling"),
    [
        pytest.param(*way, id=name, marks=[pytest.mark.slow] if i % 3 == 0 else [])
        for i, (name, way) in enumerate(WAYS.items())
    ],
)
def test_suppressed_tokens_are_never_written(
    shape: Shape, sampling: Sampling, pair_of: PairOf
) -> None:
    """Those that the model would write most: each is missing, at every K, by every rule."""
    free = reply(Engine(pair_of(shape)), PROMPT, sampling=sampling, max_tokens=LENGTH)
    liked = frozenset(free.tokens[:20])
    engine = ruled(pair_of, shape, replace(NO_CONSTRAINTS, never=liked))
    plain = reply(engine, PROMPT, sampling=sampling, max_tokens=LENGTH)
    assert not liked & set(plain.tokens)
    depths: tuple[Mtp, ...] = (1, 3, "auto")
    for mtp in depths:
        found = reply(engine, PROMPT, mtp=mtp, sampling=sampling, max_tokens=LENGTH)
        assert found.tokens == plain.tokens, mtp
    rules: tuple[Verify, ...] = ("block", "token")
    for verify in rules:
        found = reply(engine, PROMPT, mtp=3, verify=verify, sampling=sampling, max_tokens=LENGTH)
        drafted = {r.id for one in found.rounds for r in one.rejected} | set(found.tokens)
        assert not liked & drafted, verify


MANY = Constraints(
    never=frozenset(range(0, 300, 7)),
    not_first=frozenset(range(100)),
    sequence_biases=tuple(((a, b), -math.inf) for a in range(384) for b in (a // 2, a // 3 + 9)),
    no_repeated_run=2,
    least_reply=20,
    last=frozenset({5}),
)


@pytest.mark.parametrize(
    "sampling", [pytest.param(GREEDY, marks=pytest.mark.slow), SHARP], ids=["greedy", "sharp"]
)
def test_rules_that_read_the_text_hold_at_every_depth(sampling: Sampling, pair_of: PairOf) -> None:
    engine = ruled(pair_of, SHORT_E2B, MANY)
    plain = reply(engine, PROMPT, sampling=sampling)
    text = [*PROMPT, *plain.tokens]
    pairs = list(itertools.pairwise(text))
    new = pairs[len(PROMPT) - 1 : -1]  # but for the last, which is forced
    banned = {sequence for sequence, _ in MANY.sequence_biases}
    assert not banned & set(new)
    assert len(set(new)) == len(new)
    assert plain.tokens[0] >= 100
    assert plain.tokens[-1] == 5
    for mtp in (1, 4, 8):
        found = reply(engine, PROMPT, mtp=mtp, sampling=sampling)
        assert found.tokens == plain.tokens, mtp


def test_an_end_token_waits_for_the_least_length(pair_of: PairOf) -> None:
    free = reply(Engine(pair_of(SHORT_E2B)), PROMPT)
    ends = frozenset(free.tokens[4:6])
    pair = replace(
        pair_of(SHORT_E2B), end_tokens=ends, constraints=replace(NO_CONSTRAINTS, least_reply=9)
    )
    for mtp in ("off", 4):
        found = reply(Engine(pair), PROMPT, mtp=mtp, ignore_eos=False)
        assert not ends & set(found.tokens[:9])


def test_sequences_of_a_batch_keep_their_rules(pair_of: PairOf) -> None:
    pair = pair_of(SHORT_E2B)
    order = Order(prompt=tuple(PROMPT), sampling=GREEDY, seed=0, mtp=3, length=20)
    free, again = together(pair, [order, order])
    assert free == again
    rules = replace(NO_CONSTRAINTS, never=frozenset(free[:8]))
    limits = constrained(rules, Bounds(prompt=PROMPT), pair.target.vocabulary)
    ordered = replace(order, constraints=limits)
    alone = reply(ruled(pair_of, SHORT_E2B, rules), PROMPT, max_tokens=20).tokens
    assert together(pair, [order, ordered, replace(order, mtp="off")]) == [free, alone, free]
