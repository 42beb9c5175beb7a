"""Sequences decoded together: each writes what it writes alone, token for token."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mtp_mlx import api
from mtp_mlx.api import Sampling
from mtp_mlx.loading import LoadedPair, load_pair
from tests.support.boards import mostly_slow
from tests.support.replies import AT_ONE, EVERYTHING, GEMMA, GREEDY, PROMPT, tiny_pair
from tests.support.sequences import Order, together
from tests.support.shapes import SHORT, SHORT_26B, SHORT_E2B, Shape

LENGTH = 24
LONG = tuple(PROMPT * 8)

# K, seeds, settings, lengths and prompts of their own; the third is plain beside the others.
MIXED = [
    Order(prompt=tuple(PROMPT), sampling=GREEDY, seed=0, mtp=3, length=LENGTH),
    Order(prompt=LONG, sampling=GEMMA, seed=101, mtp=2, length=LENGTH - 7),
    Order(prompt=(5, 17), sampling=AT_ONE, seed=102, mtp="off", length=LENGTH - 14),
    Order(prompt=tuple(PROMPT[::-1]), sampling=EVERYTHING, seed=103, mtp=5, length=LENGTH - 3),
]
PENALISED = Sampling(temperature=0.7, top_k=20, repetition_penalty=1.1)


@pytest.fixture(
    params=mostly_slow(SHORT.values(), (SHORT_E2B, SHORT_26B)),
    ids=lambda shape: shape.name,
    scope="module",
)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LoadedPair:
    shape: Shape = request.param
    return tiny_pair(tmp_path_factory.mktemp("pair"), shape)


@pytest.fixture(scope="module")
def demo() -> LoadedPair:
    return load_pair(api.Load(target=api.DEMO_PAIR))


def alone(pair: LoadedPair, orders: list[Order]) -> list[list[int]]:
    return [text for order in orders for text in together(pair, [order])]


def test_four_sequences_write_what_each_writes_alone(pair: LoadedPair) -> None:
    texts = together(pair, MIXED)
    assert [len(text) for text in texts] == [order.length for order in MIXED]
    assert texts == alone(pair, MIXED)


@pytest.mark.parametrize("pair", [SHORT["e2b"]], indirect=True, ids=["e2b"])
def test_sequences_join_and_leave_between_rounds(pair: LoadedPair) -> None:
    """A plain sequence has a step in flight when the next one joins and drafts."""
    orders = [MIXED[2], *MIXED[:2], replace(MIXED[2], seed=7), MIXED[3]]
    expected = alone(pair, orders)
    assert together(pair, orders, joins=lambda i: 3 * i) == expected
    assert together(pair, orders, joins=lambda i: 15 * i) == expected  # some have left by then


@pytest.mark.parametrize("pair", [SHORT["e2b"]], indirect=True, ids=["e2b"])
def test_plain_sequences_are_pipelined_together(pair: LoadedPair) -> None:
    orders = [replace(order, mtp="off") for order in MIXED]
    assert together(pair, orders) == alone(pair, orders)


@pytest.mark.parametrize("pair", [SHORT["e2b"]], indirect=True, ids=["e2b"])
def test_a_rejected_draft_is_redrawn_as_alone(pair: LoadedPair) -> None:
    """Rejection rules depend on K, and on nothing of the other sequences."""
    block = replace(MIXED[1], sampling=AT_ONE, verify="block")
    token = replace(MIXED[3], sampling=AT_ONE, verify="token", mtp=3)
    orders = [MIXED[0], block, MIXED[2], token]
    assert together(pair, orders) == alone(pair, orders)


@pytest.mark.parametrize("pair", [SHORT["e2b"]], indirect=True, ids=["e2b"])
def test_an_end_token_ends_its_own_sequence(pair: LoadedPair) -> None:
    plain = alone(pair, MIXED)
    place = next(i for i in range(5, LENGTH) if plain[0][i] not in plain[0][:i])
    ending = replace(MIXED[0], end_tokens=frozenset({plain[0][place]}))
    texts = together(pair, [ending, *MIXED[1:]])
    assert texts[0] == plain[0][: place + 1]
    assert texts[1:] == plain[1:]


@pytest.mark.slow
def test_the_built_in_pair_writes_four_replies_at_once(demo: LoadedPair) -> None:
    assert demo.codec is not None
    questions = (
        "Write a short story about a fox.",
        "List the numbers from one to forty.",
        "What is the sea?",
        "Tell me about rain and " + "the wind and the sun and " * 6,
    )
    settings = (GREEDY, GEMMA, PENALISED, AT_ONE)
    orders = [
        Order(
            prompt=tuple(demo.codec.encode(question)),
            sampling=sampling,
            seed=100 + i,
            mtp=(3, 2, "off", 5)[i],
            length=32 - 4 * i,
        )
        for i, (question, sampling) in enumerate(zip(questions, settings, strict=True))
    ]
    assert together(demo, orders, joins=lambda i: 2 * i) == alone(demo, orders)
