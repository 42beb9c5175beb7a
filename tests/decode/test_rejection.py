"""What the rejection rules draw: samples against the target's distribution, and fresh noise."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import numpy.typing as npt
import pytest

from mtp_mlx.api import Sampling, Verify
from mtp_mlx.decode.rules import rule_of
from mtp_mlx.protocols import Drafts, Rule
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT
from mtp_mlx.sampling.distribution import Logits

# Token 3 is likely for both: were noise used twice, its share in the residual would fall.
B = np.array([0.05, 0.25, 0.15, 0.55])
Q = np.array([0.55, 0.01, 0.04, 0.4])
ALPHABET = len(B)
DEPTH = 2
ANCHOR = 11
AT_ONE = Sampling(temperature=1.0)


def logits(law: npt.NDArray[np.float64], rows: int) -> Logits:
    return Logits(mx.array(np.tile(np.log(law), (rows, 1)), dtype=mx.float32))


def emitted(rule: Rule, start: int) -> mx.array:
    """The first DEPTH + 1 tokens of a round, -1 behind its end; distributions know no context."""
    drafted, proposals = NONE_IN_FLIGHT, []
    for _ in range(DEPTH):
        proposals.append(rule.propose(logits(Q, 1), start, drafted))
        drafted = mx.concatenate([drafted, proposals[-1].token])
    verdict = rule.judge(logits(B, DEPTH + 1), start, Drafts(drafted, tuple(proposals)))
    place = mx.arange(DEPTH + 1)
    longer = mx.concatenate([drafted, verdict.following])
    told = mx.where(place == verdict.accepted, verdict.following, longer)
    return mx.where(place <= verdict.accepted, told, -1)


def rounds(verify: Verify, count: int, *, seeds: bool) -> npt.NDArray[np.int64]:
    """Rounds of many seeds, or of one seed at many places: [count, DEPTH + 1]."""
    rows = []
    for i in range(count):
        seed, start = (i, ANCHOR) if seeds else (5, i)
        rows.append(emitted(rule_of(verify, AT_ONE, seed, (), ALPHABET), start))
        if i % 200 == 199:
            mx.eval(rows)
    return np.array(mx.stack(rows)).astype(np.int64)


def chi_square(counts: npt.NDArray[np.int64], law: npt.NDArray[np.float64]) -> float:
    expected = law * counts.sum()
    return float(((counts - expected) ** 2 / expected).sum())


@pytest.mark.parametrize(
    ("verify", "count", "seeds"),
    [("block", 1500, True), ("block", 1500, False), ("token", 3000, False)],
)
@pytest.mark.slow
def test_tokens_are_drawn_from_the_targets_distribution(
    verify: Verify, count: int, *, seeds: bool
) -> None:
    found = rounds(verify, count, seeds=seeds)
    first = np.bincount(found[:, 0], minlength=ALPHABET)
    assert chi_square(first, B) < 21.1  # 3 degrees, p = 1e-4
    reached = found[found[:, 1] >= 0]
    longer = np.bincount(found[:, 1] >= 0, minlength=2)
    assert longer.min() > 100  # rounds of one token and of more
    # A second token exists only where the first was accepted, which says nothing of its value.
    if verify == "token":
        second = np.bincount(reached[:, 1], minlength=ALPHABET)
        assert chi_square(second, B) < 21.1


@pytest.mark.parametrize("verify", ["block", "token"])
def test_rounds_share_no_noise(verify: Verify) -> None:
    """Neighbouring rounds of one reply look at the same positions, and must not agree for it."""
    rule = rule_of(verify, AT_ONE, 5, (), ALPHABET)
    same = [
        (emitted(rule, start) == emitted(rule_of(verify, AT_ONE, 5, (), ALPHABET), start)).all()
        for start in range(20)
    ]
    assert all(found.item() for found in same)
    drawn = [rule.propose(logits(Q, 1), s, NONE_IN_FLIGHT).token.item() for s in range(1, 400)]
    later = [
        rule.propose(logits(Q, 1), s, mx.zeros((1,), dtype=mx.int32)).token.item()
        for s in range(399)
    ]
    agreement = np.mean(np.array(drawn) == np.array(later))
    assert abs(agreement - (Q**2).sum()) < 4.5 * 0.5 / 399**0.5
