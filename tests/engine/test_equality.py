"""The text depends on model, prompt, seed and sampling only, never on drafter, K or switch."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtp_mlx.api import Mtp, Sampling
from mtp_mlx.engine import Control, Engine
from mtp_mlx.events import ReplyEvent, Round
from tests.engine.conftest import PairOf, PlainTexts
from tests.support.boards import chessboard
from tests.support.replies import AT_ONE, EVERYTHING, GEMMA, GREEDY, PROMPT, reply, tiny_pair
from tests.support.shapes import SHORT, SHORT_E2B, Shape

DEPTHS: tuple[Mtp, ...] = (*range(9), "auto")
SAMPLINGS = {
    "greedy": GREEDY,
    "T=1": AT_ONE,
    "gemma": GEMMA,
    "min-p": Sampling(temperature=1.5, min_p=0.05),
    "penalty": Sampling(repetition_penalty=1.5),
    "everything at T=1": EVERYTHING,
}


@chessboard("shape, settings", SHORT.values(), SAMPLINGS, of="name")
def test_every_depth_writes_the_plain_text(shape: Shape, settings: str, pair_of: PairOf) -> None:
    """Two depths each, chosen so that each meets every shape and every setting."""
    engine, sampling = Engine(pair_of(shape)), SAMPLINGS[settings]
    turn = [*SHORT.values()].index(shape) + [*SAMPLINGS].index(settings)
    plain = reply(engine, PROMPT, sampling=sampling, seed=3)
    assert len(plain.tokens) == 40
    for depth in DEPTHS[turn % 5 :: 5]:
        found = reply(engine, PROMPT, mtp=depth, sampling=sampling, seed=3)
        assert found.tokens == plain.tokens, depth


def test_the_seed_matters_at_temperature_one(pair_of: PairOf) -> None:
    engine = Engine(pair_of(SHORT_E2B))
    first = reply(engine, PROMPT, mtp=3, sampling=AT_ONE, seed=1)
    second = reply(engine, PROMPT, mtp=3, sampling=AT_ONE, seed=2)
    assert first.tokens != second.tokens


def test_switching_in_mid_reply_changes_nothing_but_the_rounds(
    pair_of: PairOf, plain_text: PlainTexts
) -> None:
    plain = plain_text(SHORT_E2B, sampling=AT_ONE, max_tokens=60)
    engine = Engine(pair_of(SHORT_E2B))
    switches: dict[int, Mtp] = {6: 3, 14: "off", 22: 8, 27: "auto", 40: 1}

    def turn(event: ReplyEvent, control: Control) -> None:
        if isinstance(event, Round) and event.index in switches:
            control.mtp = switches[event.index]

    found = reply(engine, PROMPT, sampling=AT_ONE, max_tokens=60, watch=turn)
    assert found.tokens == plain
    depths = [r.depth for r in found.rounds]
    assert set(depths[:6]) == {0}
    # A plain step in flight is emitted first; from the round after it on, K is 3.
    assert depths[7:14] == [3] * 7
    assert 0 in depths[14:22]


@pytest.mark.parametrize("mtp", [pytest.param("off", marks=pytest.mark.slow), 3])
def test_turns_and_edits_equal_a_cold_engine(
    mtp: Mtp, tmp_path: Path, plain_text: PlainTexts
) -> None:
    """Each conversation continues, branches from or replaces the last: the cache must follow."""
    warm = Engine(tiny_pair(tmp_path, SHORT_E2B))  # not the pair on which cold engines write
    first = reply(warm, PROMPT, mtp=mtp)
    conversations = [
        [*PROMPT, *first.tokens, 7, 8, 9],  # the next turn
        [*PROMPT, *first.tokens[:20], 1, 2],  # an edit within it
        [*PROMPT, *first.tokens[:20], 1, 2],  # the same again
        [*PROMPT[:4], 99],  # an edit of the first turn
        [200, 201],  # another chat
        PROMPT,
    ]
    for prompt in conversations:
        assert reply(warm, prompt, mtp=mtp).tokens == plain_text(SHORT_E2B, prompt=prompt)


def test_the_next_turn_reads_only_what_is_new(pair_of: PairOf) -> None:
    engine = Engine(pair_of(SHORT_E2B))
    first = reply(engine, PROMPT, mtp=3)
    turn = [*PROMPT, *first.tokens, 7, 8, 9]
    assert reply(engine, turn, mtp=3).finished.reused_tokens == len(turn) - 4
