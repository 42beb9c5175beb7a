"""The shared noise: fair, independent of the batch, and a true sampler."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx.api import Sampling
from mtp_mlx.sampling.choice import FEW, Choice, chooser
from mtp_mlx.sampling.distribution import Logits
from mtp_mlx.sampling.noise import gumbel

PROBABILITIES = np.array([0.5, 0.2, 0.15, 0.1, 0.04, 0.01])
DRAWS = 20_000


def chi_square(counts: np.ndarray, probabilities: np.ndarray) -> float:
    expected = probabilities * counts.sum()
    return float(((counts - expected) ** 2 / expected).sum())


def test_noise_depends_on_seed_position_and_id_only() -> None:
    ids = mx.broadcast_to(mx.arange(50), (4, 50))
    batch = np.array(gumbel(7, 10, ids))
    for row in range(4):
        alone = np.array(gumbel(7, 10 + row, ids[:1]))
        assert (alone == batch[row]).all()
    picked = np.array(gumbel(7, 10, mx.array([[40, 3]])))
    assert (picked[0] == batch[0][[40, 3]]).all()
    assert not (np.array(gumbel(8, 10, ids)) == batch).any()


def test_noise_is_gumbel_distributed() -> None:
    noise = np.array(gumbel(1, 0, mx.broadcast_to(mx.arange(1000), (100, 1000)))).ravel()
    uniform = np.exp(-np.exp(-noise))
    counts, _ = np.histogram(uniform, bins=50, range=(0, 1))
    assert chi_square(counts, np.full(50, 1 / 50)) < 95  # 49 degrees, p = 1e-4


def test_noise_is_finite() -> None:
    """One infinite value in 2**24 would make one token in 64 of a large vocabulary random."""
    for position in range(0, 128, 16):
        noise = gumbel(0, position, mx.broadcast_to(mx.arange(262_144), (16, 262_144)))
        assert mx.isfinite(noise).all().item()


def test_neighbouring_positions_and_ids_are_uncorrelated() -> None:
    noise = np.array(gumbel(3, 0, mx.broadcast_to(mx.arange(400), (400, 400))))
    noise = noise - noise.mean()
    along_ids = (noise[:, 1:] * noise[:, :-1]).mean() / noise.var()
    along_positions = (noise[1:] * noise[:-1]).mean() / noise.var()
    assert abs(along_ids) < 4 / 400
    assert abs(along_positions) < 4 / 400


@pytest.mark.parametrize("seed", [0, 2**40 + 1])
def test_choices_follow_the_distribution(seed: int) -> None:
    logits = mx.broadcast_to(mx.array(np.log(PROBABILITIES), dtype=mx.float32), (DRAWS, 6))
    choose = chooser(Sampling(temperature=1.0), seed)
    counts = np.bincount(np.array(choose(Logits(logits), 0).tokens), minlength=6)
    assert chi_square(counts, PROBABILITIES) < 25.7  # 5 degrees, p = 1e-4


def test_greedy_takes_the_best_candidate() -> None:
    choose = chooser(Sampling(), seed=5)
    assert choose(Logits(mx.array([[1.0, 3.0, 2.0]])), 0).tokens.tolist() == [1]
    ids = mx.array([[9, 8, 7]], dtype=mx.int32)
    assert choose(Logits(mx.array([[1.0, 3.0, 2.0]]), ids), 0).tokens.tolist() == [8]


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(logit_bias=((5, 3.0),)),
        Sampling(temperature=0.7),
        Sampling(temperature=1.0, top_k=3, top_p=0.9),
    ],
)
@pytest.mark.parametrize("candidates", [False, True], ids=["vocabulary", "candidates"])
def test_the_greatest_of_what_is_compared_is_the_choice(
    sampling: Sampling, *, candidates: bool
) -> None:
    choose = chooser(sampling, 3, (), 6)
    raw = mx.log(mx.array(PROBABILITIES, dtype=mx.float32))[None]
    logits = Logits(raw, mx.array([[4, 2, 0, 5, 1, 3]]) if candidates else None)
    for position in range(50):
        compared = choose.compared(logits, position)
        best = compared.at(mx.argmax(compared.log_weights, axis=-1))
        assert best.item() == choose(logits, position).tokens.item()


def test_a_confidence_is_computed_for_few_candidates_only() -> None:
    weights = mx.log(mx.array([[0.5, 0.25, 0.25]]))
    sure = Choice(mx.array([0]), weights).confidence()
    assert sure is not None
    assert sure.item() == pytest.approx(0.5)
    assert Choice(mx.array([0]), mx.zeros((1, FEW + 1))).confidence() is None
