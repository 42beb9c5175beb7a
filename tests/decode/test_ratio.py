"""The rejection rules by exact enumeration: what is emitted has the target's distribution.

Small alphabets, every possible block of drafts, in float64. The distribution of the emitted
sequence is computed from the rules' own acceptance probabilities and residuals, without drawing
anything.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import mlx.core as mx
import numpy as np
import numpy.typing as npt
import pytest

from mtp_mlx.decode.ratio import Acceptance, Probabilities, block, token_by_token

Floats = npt.NDArray[np.float64]
Accept = Callable[[Probabilities], Acceptance]
Model = dict[tuple[int, ...], Floats]

CASES = [(2, 1), (2, 3), (2, 5), (3, 2), (3, 3)]  # alphabet, K
RULES = {"block": block, "token": token_by_token}


def model(rng: np.random.Generator, alphabet: int, depth: int, *, sparse: bool) -> Model:
    """A distribution after every prefix of up to `depth` tokens."""
    distributions = {}
    for length in range(depth + 1):
        for prefix in itertools.product(range(alphabet), repeat=length):
            law = rng.dirichlet(np.full(alphabet, 0.7))
            if sparse and alphabet > 2:
                law[rng.integers(alphabet)] = 0.0
            distributions[prefix] = law / law.sum()
    return distributions


def acceptance(accept: Accept, b: Model, q: Model, x: Sequence[int]) -> Acceptance:
    rows_b = np.stack([b[tuple(x[:i])] for i in range(len(x) + 1)])
    rows_q = np.stack([q[tuple(x[:i])] for i in range(len(x))])
    at = np.arange(len(x)), np.array(x)
    with mx.stream(mx.cpu):
        found = accept(
            Probabilities(
                b=mx.array(rows_b, dtype=mx.float64),
                q=mx.array(rows_q, dtype=mx.float64),
                b_of_x=mx.array(rows_b[at], dtype=mx.float64),
                q_of_x=mx.array(rows_q[at], dtype=mx.float64),
            )
        )
        mx.eval(found.h, found.residual)
    return found


def count_distribution(found: Acceptance) -> Floats:
    """The distribution of the number accepted, over all outcomes of the K independent tests."""
    h = np.array(found.h)
    law = np.zeros(len(h) + 1)
    for passes in itertools.product([False, True], repeat=len(h)):
        weight = np.prod(np.where(passes, h, 1 - h))
        law[int(found.count(mx.array(passes)).item())] += weight  # type: ignore[arg-type]
    return law


def emitted_distribution(accept: Accept, b: Model, q: Model, alphabet: int, depth: int) -> Floats:
    """The distribution of the first K + 1 tokens; past the round they are drawn from b."""
    law = np.zeros((alphabet,) * (depth + 1))
    for x in itertools.product(range(alphabet), repeat=depth):
        weight = np.prod([q[x[:i]][x[i]] for i in range(depth)])
        if weight == 0:
            continue
        found = acceptance(accept, b, q, x)
        residual = np.array(found.residual)
        for n, share in enumerate(count_distribution(found)):
            following = residual[n] / residual[n].sum()
            for token in range(alphabet):
                emitted = (*x[:n], token)
                law[emitted] += (
                    weight * share * following[token] * tail_distribution(b, emitted, law.ndim)
                )
    return law


def tail_distribution(b: Model, prefix: tuple[int, ...], length: int) -> Floats:
    """The distribution of what follows `prefix` up to `length` tokens, a dimension a token."""
    alphabet = len(b[()])
    tail = np.ones((alphabet,) * (length - len(prefix)))
    for rest in itertools.product(range(alphabet), repeat=length - len(prefix)):
        whole = (*prefix, *rest)
        tail[rest] = np.prod([b[whole[:i]][whole[i]] for i in range(len(prefix), length)])
    return tail


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(("alphabet", "depth"), CASES)
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_the_emitted_distribution_is_the_targets(
    rule: Accept, alphabet: int, depth: int, *, sparse: bool
) -> None:
    rng = np.random.default_rng(alphabet * 10 + depth)
    b = model(rng, alphabet, depth, sparse=sparse)
    q = model(rng, alphabet, depth, sparse=sparse)
    found = emitted_distribution(rule, b, q, alphabet, depth)
    assert abs(found - tail_distribution(b, (), depth + 1)).max() < 1e-12


def expected(accept: Accept, b: Model, q: Model, alphabet: int, depth: int) -> float:
    """The mean number of accepted drafts."""
    total = 0.0
    for x in itertools.product(range(alphabet), repeat=depth):
        weight = np.prod([q[x[:i]][x[i]] for i in range(depth)])
        law = count_distribution(acceptance(accept, b, q, x))
        total += float(weight * (law * np.arange(depth + 1)).sum())
    return total


@pytest.mark.parametrize("seed", range(5))
def test_a_block_never_accepts_fewer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    b, q = (model(rng, 3, 3, sparse=False) for _ in range(2))
    assert expected(block, b, q, 3, 3) >= expected(token_by_token, b, q, 3, 3) - 1e-12


def test_the_papers_example() -> None:
    """Two tokens, b = (1/3, 2/3), q = (2/3, 1/3), K = 2: 11/9 accepted against 10/9."""
    prefixes = [(), (0,), (1,), *itertools.product(range(2), repeat=2)]
    b = dict.fromkeys(prefixes, np.array([1 / 3, 2 / 3]))
    q = dict.fromkeys(prefixes, np.array([2 / 3, 1 / 3]))
    assert expected(block, b, q, 2, 2) == pytest.approx(11 / 9, abs=1e-12)
    assert expected(token_by_token, b, q, 2, 2) == pytest.approx(10 / 9, abs=1e-12)


def test_equal_distributions_accept_everything() -> None:
    rng = np.random.default_rng(0)
    b = model(rng, 3, 3, sparse=False)
    assert expected(block, b, b, 3, 3) == pytest.approx(3, abs=1e-9)


def test_a_later_pass_rescues_earlier_failures_of_a_block() -> None:
    rng = np.random.default_rng(0)
    b, q = (model(rng, 3, 3, sparse=False) for _ in range(2))
    passes = mx.array([False, True, False])
    assert acceptance(block, b, q, (0, 1, 2)).count(passes).tolist() == [2]
    assert acceptance(token_by_token, b, q, (0, 1, 2)).count(passes).tolist() == [0]
