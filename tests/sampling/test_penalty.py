"""Each row counts what stands before it: the history, and exactly the tokens in flight there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtp_mlx.api import Sampling
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT
from mtp_mlx.sampling.distribution import Logits
from mtp_mlx.sampling.penalty import Adjustments, adjustments

VOCABULARY = 12
PROMPT = [1, 3, 3]
LOGITS = np.linspace(-3, 3, VOCABULARY, dtype=np.float32)
BIAS = ((3, -1.0), (7, 100.0), (8, 0.5))
ALL = Sampling(logit_bias=BIAS, repetition_penalty=2.0, presence_penalty=0.75)
ONLY = {
    "bias": replace(Sampling(), logit_bias=BIAS),
    "repetition": replace(Sampling(), repetition_penalty=2.0),
    "reward": replace(Sampling(), repetition_penalty=0.5),
    "presence": replace(Sampling(), presence_penalty=0.75),
    "attraction": replace(Sampling(), presence_penalty=-2.0),
    "all": ALL,
}
tokens = st.lists(st.integers(0, VOCABULARY - 1), max_size=8)
logits_of_tokens = st.lists(
    st.floats(-30, 30, width=32), min_size=VOCABULARY, max_size=VOCABULARY
).map(lambda row: np.array(row, dtype=np.float32))


def by_definition(
    row: np.ndarray, sampling: Sampling, prompt: Sequence[int], reply: Sequence[int]
) -> np.ndarray:
    """One row, token by token, in the order that `Sampling` lists."""
    adjusted = []
    for token, score in enumerate(row.tolist()):
        x = score + dict(sampling.logit_bias).get(token, 0)
        if token in prompt or token in reply:
            strength = sampling.repetition_penalty
            x = x / strength if x > 0 else x * strength
        adjusted.append(x - sampling.presence_penalty if token in reply else x)
    return np.array(adjusted)


def adjusted(
    adjust: Adjustments, rows: np.ndarray, in_flight: Sequence[int], ids: np.ndarray | None = None
) -> np.ndarray:
    flight = mx.array(list(in_flight), dtype=mx.int32)
    named = None if ids is None else mx.array(ids)
    found = adjust(Logits(mx.array(rows), named), flight)
    assert (found.ids is None) == (ids is None)
    return np.array(found.values)


@pytest.mark.parametrize("sampling", ONLY.values(), ids=ONLY.keys())
@pytest.mark.parametrize(
    "flight",
    [
        [],
        [7],
        [7, 9, 0],
        [7, 7, 7],  # counted once
        [3, 1, 3],  # in the prompt already
        [5, 9, 5],  # in the reply already
        [9, 11, 9, 10],  # in flight twice: the second adds nothing
    ],
    ids=str,
)
def test_rows_of_a_verify_pass(sampling: Sampling, flight: list[int]) -> None:
    rows = np.stack([LOGITS + i for i in range(len(flight) + 1)])
    adjust = Adjustments(sampling, PROMPT, VOCABULARY)
    adjust.commit([5, 5])
    adjust.commit([2])
    found = adjusted(adjust, rows, flight)
    for i, row in enumerate(rows):
        expected = by_definition(row, sampling, PROMPT, [5, 2, *flight[:i]])
        np.testing.assert_allclose(found[i], expected, rtol=1e-6, err_msg=f"row {i}")


@pytest.mark.parametrize("sampling", ONLY.values(), ids=ONLY.keys())
@pytest.mark.parametrize("flight", [[], [7], [7, 3, 7, 5]], ids=str)
def test_candidates_of_a_draft_step(sampling: Sampling, flight: list[int]) -> None:
    """One row, as the centroid head gives it, which counts all that is in flight."""
    adjust = Adjustments(sampling, PROMPT, VOCABULARY)
    adjust.commit([5])
    ids = np.array([[9, 3, 0, 7, 5]], dtype=np.int32)
    found = adjusted(adjust, LOGITS[ids], flight, ids)
    expected = by_definition(LOGITS, sampling, PROMPT, [5, *flight])[ids]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_candidates_of_a_verify_pass() -> None:
    adjust = Adjustments(ALL, PROMPT, VOCABULARY)
    flight = [7, 9, 7]
    ids = np.array([[9, 3, 7], [7, 9, 0], [3, 9, 7], [7, 1, 9]], dtype=np.int32)
    found = adjusted(adjust, LOGITS[ids], flight, ids)
    for i, named in enumerate(ids):
        expected = by_definition(LOGITS, ALL, PROMPT, flight[:i])[named]
        np.testing.assert_allclose(found[i], expected, rtol=1e-6, err_msg=f"row {i}")


@settings(max_examples=60)
@given(
    sampling=st.builds(
        Sampling,
        logit_bias=st.dictionaries(st.integers(0, VOCABULARY - 1), st.floats(-100, 100)).map(
            lambda biases: tuple(biases.items())
        ),
        repetition_penalty=st.sampled_from([0.5, 1.0, 1.3, 4.0]),
        presence_penalty=st.sampled_from([-2.0, 0.0, 0.3, 2.0]),
    ),
    prompt=tokens,
    reply=tokens,
    drafts=tokens,
    row=logits_of_tokens,
)
def test_a_row_of_a_verify_pass_is_a_plain_step_after_its_drafts(
    sampling: Sampling, prompt: list[int], reply: list[int], drafts: list[int], row: np.ndarray
) -> None:
    """Bit for bit, or a reply could depend on K."""
    verify, plain = (Adjustments(sampling, prompt, VOCABULARY) for _ in range(2))
    verify.commit(reply)
    plain.commit(reply)
    passed = adjusted(verify, np.tile(row, (len(drafts) + 1, 1)), drafts)
    for i in range(len(drafts) + 1):
        stepped = adjusted(plain, row[None], [])[0]
        np.testing.assert_array_equal(passed[i], stepped, err_msg=f"row {i}")
        if i < len(drafts):  # the plain decoder is a step ahead of what is committed
            ahead = adjusted(plain, row[None], drafts[i : i + 1])[0]
            np.testing.assert_array_equal(passed[i + 1], ahead, err_msg=f"row {i + 1}")
            plain.commit(drafts[i : i + 1])


def test_low_precision_logits_are_adjusted_in_float32() -> None:
    """A bias of 0.01 is lost in a bfloat16 score of 20."""
    adjust = Adjustments(Sampling(logit_bias=((1, 0.01),)), [], 3)
    found = adjust(Logits(mx.array([[20.0, 20.0, 20.0]], dtype=mx.bfloat16)), NONE_IN_FLIGHT)
    assert mx.argmax(found.values).item() == 1


def test_nothing_asked_for_costs_nothing() -> None:
    assert adjustments(Sampling(temperature=1.0, top_k=3, top_p=0.5, min_p=0.1), PROMPT, 12) is None
    for name, sampling in ONLY.items():
        assert adjustments(sampling, PROMPT, VOCABULARY) is not None, name
