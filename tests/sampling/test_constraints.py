"""Each row is constrained by what stands before it, as transformers constrains a plain step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtp_mlx.sampling.constraints import NO_CONSTRAINTS, Bounds, Constraints, constrained
from mtp_mlx.sampling.distribution import Logits

VOCABULARY = 12
PROMPT = (1, 3, 3)
LENGTH = 12
ENDS = frozenset({0, 11})
LOGITS = np.linspace(-3, 3, VOCABULARY, dtype=np.float32)
ONLY = {
    "never": replace(NO_CONSTRAINTS, never=frozenset({4, 11})),
    "not first": replace(NO_CONSTRAINTS, not_first=frozenset({5, 9})),
    "bias": replace(NO_CONSTRAINTS, biases=((3, -1.0), (7, 100.0))),
    "bad words": replace(
        NO_CONSTRAINTS,
        sequence_biases=(((3, 5), -math.inf), ((5, 2, 7), -math.inf), ((1, 3, 3, 5, 5), -math.inf)),
    ),
    "sequences": replace(
        NO_CONSTRAINTS,
        sequence_biases=(((3, 5), 2.0), ((5, 2), -1.5), ((2, 2), 3.0), ((5, 5), 1.0)),
    ),
    "no token twice": replace(NO_CONSTRAINTS, no_repeated_run=1),
    "no pair twice": replace(NO_CONSTRAINTS, no_repeated_run=2),
    "no run of three twice": replace(NO_CONSTRAINTS, no_repeated_run=3),
    "least reply": replace(NO_CONSTRAINTS, least_reply=4),
    "least text": replace(NO_CONSTRAINTS, least_text=6),
    "after one": replace(NO_CONSTRAINTS, after_one=8),
    "last": replace(NO_CONSTRAINTS, last=frozenset({2})),
}
ALL = Constraints(
    never=frozenset({4}),
    not_first=frozenset({5}),
    biases=((3, -1.0),),
    sequence_biases=(((3, 5), -math.inf), ((5, 2), 1.0)),
    no_repeated_run=2,
    least_reply=3,
    last=frozenset({2, 9}),
)


def by_definition(
    row: np.ndarray, of: Constraints, prompt: Sequence[int], reply: Sequence[int]
) -> np.ndarray:
    """One row, token by token, as the classes of transformers' `logits_process.py` say it."""
    text = [*prompt, *reply]
    scores = row.astype(np.float64)
    for sequence, bias in (*(((i,), b) for i, b in of.biases), *of.sequence_biases):
        before = list(sequence[:-1])
        if not before or text[len(text) - len(before) :] == before:
            scores[sequence[-1]] += bias
    n = of.no_repeated_run
    runs = {tuple(text[i : i + n]) for i in range(len(text) - n + 1)} if n else set()
    for token in range(VOCABULARY):
        if n and len(text) >= n and (*text[len(text) - n + 1 :], token) in runs:
            scores[token] = -math.inf
        early = len(reply) < of.least_reply or len(text) < of.least_text
        if token in of.never or (not reply and token in of.not_first) or (early and token in ENDS):
            scores[token] = -math.inf
    forced = {of.after_one} if len(text) == 1 and of.after_one is not None else set()
    forced = forced or (set(of.last) if len(text) == LENGTH - 1 else set())
    if forced:
        scores = np.array([row[i] if i in forced else -math.inf for i in range(VOCABULARY)])
    return scores


def rows_of(
    of: Constraints,
    prompt: Sequence[int],
    reply: Sequence[int],
    flight: Sequence[int],
    ids: np.ndarray | None = None,
    rows: int | None = None,
) -> np.ndarray:
    bounds = Bounds(prompt=prompt, end_tokens=ENDS, length=LENGTH)
    constrain = constrained(of, bounds, VOCABULARY)
    assert constrain is not None
    for token in reply:
        constrain.commit([token])
    count = len(flight) + 1 if rows is None else rows
    given = np.tile(LOGITS, (count, 1)) if ids is None else LOGITS[ids]
    position = len(prompt) + len(reply) + len(flight) + 1 - count
    logits = Logits(mx.array(given), None if ids is None else mx.array(ids))
    found = constrain(logits, position, mx.array(list(flight), dtype=mx.int32))
    return np.array(found.values)


@pytest.mark.parametrize("of", [*ONLY.values(), ALL], ids=[*ONLY, "all"])
@pytest.mark.parametrize("flight", [[], [5], [5, 2, 7], [5, 5, 5], [2, 5, 2, 5, 1]], ids=str)
@pytest.mark.parametrize("reply", [[], [5], [5, 2, 5]], ids=str)
def test_rows_of_a_verify_pass(of: Constraints, flight: list[int], reply: list[int]) -> None:
    found = rows_of(of, PROMPT, reply, flight)
    for i, row in enumerate(found):
        expected = by_definition(LOGITS, of, PROMPT, [*reply, *flight[:i]])
        np.testing.assert_allclose(row, expected, rtol=1e-6, err_msg=f"row {i}")


@pytest.mark.parametrize("of", [*ONLY.values(), ALL], ids=[*ONLY, "all"])
@pytest.mark.parametrize("flight", [[], [5], [5, 2, 5]], ids=str)
def test_candidates_of_a_draft_step(of: Constraints, flight: list[int]) -> None:
    """One row, as the centroid head gives it, which stands behind all that is in flight."""
    ids = np.array([[9, 3, 0, 7, 5, 4, 2]], dtype=np.int32)
    found = rows_of(of, PROMPT, [5], flight, ids, rows=1)
    expected = by_definition(LOGITS, of, PROMPT, [5, *flight])[ids]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("of", [ONLY["after one"], ONLY["no pair twice"], ONLY["bad words"]])
def test_a_prompt_of_one_token(of: Constraints) -> None:
    found = rows_of(of, [3], [], [5, 3])
    for i, row in enumerate(found):
        expected = by_definition(LOGITS, of, [3], [5, 3][:i])
        np.testing.assert_allclose(row, expected, rtol=1e-6, err_msg=f"row {i}")


few = st.lists(st.integers(0, 3), max_size=8)  # of four tokens, so that they repeat


@settings(max_examples=60, deadline=None)
@given(prompt=few.filter(bool), reply=few, drafts=few, run=st.integers(1, 4))
def test_runs_that_repeat(prompt: list[int], reply: list[int], drafts: list[int], run: int) -> None:
    of = replace(NO_CONSTRAINTS, no_repeated_run=run)
    for i, row in enumerate(rows_of(of, prompt, reply, drafts)):
        expected = by_definition(LOGITS, of, prompt, [*reply, *drafts[:i]])
        np.testing.assert_array_equal(np.isinf(row), np.isinf(expected), err_msg=f"row {i}")


def test_a_banned_token_stays_banned_under_a_soft_cap() -> None:
    """A soft cap would make a score of it again."""
    constrain = constrained(ONLY["never"], Bounds(prompt=PROMPT), VOCABULARY)
    assert constrain is not None
    found = constrain(Logits(mx.array(LOGITS[None]), softcap=2.0), 5, mx.zeros((0,), mx.int32))
    assert found.softcap == 2.0  # greedy decoding needs no more than the order
    for values in (found.values, found.take(mx.array([[4, 5]])).values):
        assert np.isneginf(np.array(values)).any()
    np.testing.assert_allclose(
        np.array(found.values)[0, 5], 2 * math.tanh(LOGITS[5] / 2), rtol=1e-6
    )


def test_no_rules_cost_nothing() -> None:
    assert constrained(NO_CONSTRAINTS, Bounds(prompt=PROMPT), VOCABULARY) is None
