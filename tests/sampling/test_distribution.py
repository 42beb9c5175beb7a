"""The sampling transforms against a slow reading of their definitions."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtp_mlx.api import Sampling
from mtp_mlx.sampling.distribution import Distribution, Logits, distribution, probabilities

samplings = st.builds(
    Sampling,
    temperature=st.sampled_from([0.3, 1.0, 2.5]),
    top_k=st.sampled_from([0, 1, 5, 64]),
    top_p=st.sampled_from([0.05, 0.5, 0.95, 1.0]),
    min_p=st.sampled_from([0.0, 0.1, 1.0]),
)


def reference(logits: np.ndarray, sampling: Sampling) -> np.ndarray:
    """The distribution over the vocabulary, by sorting and cutting one row."""
    x = logits.astype(np.float64) / sampling.temperature
    order = np.argsort(-x)
    kept = order[: sampling.top_k] if sampling.top_k else order
    p = np.exp(x[kept] - x[kept].max())
    p /= p.sum()
    if sampling.top_p < 1:
        keep = np.cumsum(p) - p < sampling.top_p
        keep[0] = True
        kept, p = kept[keep], p[keep]
    keep = p >= sampling.min_p * p.max() * (1 - 1e-6)
    kept, p = kept[keep], p[keep]
    full = np.zeros(len(x))
    full[kept] = p / p.sum()
    return full


def dense(logits: Logits, sampling: Sampling, vocabulary: int) -> np.ndarray:
    drawn = distribution(logits, sampling)
    weights, ids = np.array(mx.softmax(drawn.log_weights, axis=-1)), np.array(drawn.ids)
    full = np.zeros((len(ids), vocabulary))
    for row, (w, i) in enumerate(zip(weights, ids, strict=True)):
        full[row, i] = w
    return full


@settings(max_examples=60, deadline=None)
@given(samplings, st.integers(0, 2**32 - 1))
def test_the_distribution_is_that_of_the_definitions(sampling: Sampling, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(size=(3, 40)).astype(np.float32) * 3
    found = dense(Logits(mx.array(logits)), sampling, 40)
    for row in range(3):
        np.testing.assert_allclose(found[row], reference(logits[row], sampling), atol=1e-5)


def test_candidates_keep_their_token_ids() -> None:
    logits = mx.array([[0.0, 5.0, 1.0]])
    ids = mx.array([[30, 10, 20]], dtype=mx.int32)
    drawn = distribution(Logits(logits, ids), Sampling(temperature=1.0, top_k=2))
    assert sorted(np.array(drawn.ids)[0].tolist()) == [10, 20]


@pytest.mark.parametrize("compared", [0, 2**18], ids=["by table", "by comparison"])
def test_probabilities_of_tokens_by_their_ids(
    compared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtp_mlx.sampling.distribution.COMPARED", compared)
    weights = mx.log(mx.array([[0.5, 0.25, 0.25], [0.125, 0.375, 0.5]]))
    of = Distribution(weights, mx.array([[4, 1, 7], [0, 7, 2]]))
    found = probabilities(of, mx.array([[7, 0], [7, 2]]), 8)
    np.testing.assert_allclose(np.array(found), [[0.25, 0.0], [0.375, 0.5]], rtol=1e-6)
