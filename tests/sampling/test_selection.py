"""Selection against numpy's stable sort, over rows that are sorted whole and in blocks."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx.api import Sampling
from mtp_mlx.sampling.choice import chooser
from mtp_mlx.sampling.distribution import Logits, distribution
from mtp_mlx.sampling.selection import SORTED, largest, top_p_of_all, top_p_of_sorted

DTYPES = [mx.float32, mx.float16, mx.bfloat16]
LONG = 2 * SORTED + 77  # cut into blocks, the last one not full


def rows(n: int, c: int, dtype: mx.Dtype, *, step: float = 0.0, seed: int = 0) -> mx.array:
    """Random rows; a `step` rounds them to its multiples, so that many are equal."""
    x = np.random.default_rng(seed).normal(size=(n, c)) * 3
    rounded = np.round(x / step) * step if step else x
    return mx.array((rounded + 0.0).astype(np.float32)).astype(dtype)  # -0 is less than 0


def sorted_by_numpy(x: mx.array) -> np.ndarray:
    return np.argsort(-np.array(x.astype(mx.float32)), axis=-1, kind="stable")


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("step", [0.0, 0.5], ids=["distinct", "ties"])
@pytest.mark.parametrize(("c", "k"), [(40, 40), (40, 7), (LONG, 1), (LONG, 64), (LONG, 5000)])
def test_the_largest_come_in_order_and_the_first_of_equals_first(
    dtype: mx.Dtype, step: float, c: int, k: int
) -> None:
    x = rows(2, c, dtype, step=step)
    assert np.array_equal(np.array(largest(x, k)), sorted_by_numpy(x)[:, :k])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_the_largest_are_found_among_infinities(dtype: mx.Dtype) -> None:
    x = mx.full((1, LONG), -mx.inf, dtype=dtype)
    x[0, LONG - 1] = mx.array(-3.0)
    x[0, 5] = mx.array(mx.inf)
    x[0, 900] = mx.array(2.0)
    assert largest(x, 5).tolist() == [[5, 900, LONG - 1, 0, 1]]


@pytest.mark.parametrize("step", [0.0, 1.0], ids=["distinct", "ties"])
@pytest.mark.parametrize("top_p", [1e-9, 0.3, 0.95, 0.9999])
@pytest.mark.parametrize("dtype", [mx.float32, mx.bfloat16], ids=str)
def test_top_p_without_a_sort_keeps_what_a_sort_keeps(
    dtype: mx.Dtype, top_p: float, step: float
) -> None:
    logits = rows(3, 3000, dtype, step=step)
    x = logits.astype(mx.float32) / 0.7
    kept = np.array(top_p_of_all(x, logits, top_p)) > -np.inf
    order = largest(logits, 3000)
    by_sort = np.array(top_p_of_sorted(mx.take_along_axis(x, order, axis=-1), top_p)) > -np.inf
    assert kept.sum(axis=-1).tolist() == by_sort.sum(axis=-1).tolist()
    assert np.array_equal(np.take_along_axis(kept, np.array(order), axis=-1), by_sort)
    p = np.exp(np.array(x).astype(np.float64))
    p /= p.sum(axis=-1, keepdims=True)
    mass, least = (p * kept).sum(axis=-1), np.where(kept, p, 2).min(axis=-1)
    assert (mass >= top_p - 1e-6).all()
    assert ((mass - least < top_p + 1e-6) | (kept.sum(axis=-1) == 1)).all()  # one fewer: too few


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=1.0, top_k=64, top_p=0.95),
        Sampling(temperature=1.0, top_p=0.95),
        Sampling(temperature=1.0, min_p=0.05),
    ],
    ids=["top-k and top-p", "top-p", "min-p"],
)
def test_a_rows_choice_does_not_depend_on_the_rows_beside_it(sampling: Sampling) -> None:
    logits = rows(5, LONG, mx.bfloat16, step=0.25)
    choose = chooser(sampling, seed=11)
    together = choose(Logits(logits, softcap=30.0), 3).tokens.tolist()
    alone = [choose(Logits(logits[i : i + 1], softcap=30.0), 3 + i).tokens.item() for i in range(5)]
    assert together == alone


def test_top_p_of_a_whole_vocabulary_keeps_every_candidate_in_place() -> None:
    drawn = distribution(Logits(rows(1, LONG, mx.float32)), Sampling(temperature=1.0, top_p=0.9))
    assert drawn.ids.tolist() == [list(range(LONG))]
    assert 0 < int((drawn.log_weights > -mx.inf).sum()) < LONG
