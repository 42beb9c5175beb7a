"""A chat of four thousand tokens: what the last turn costs when it is edited or regenerated."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from mtp_mlx.api import Mtp
from mtp_mlx.engine import Engine
from tests.support.random_pairs import TWO_LAYERS, random_tiny_pair
from tests.support.replies import Reply, reply
from tests.support.shapes import VOCABULARY

ONE_HEAD = replace(TWO_LAYERS, heads=1, kv_heads=1)
TURNS = 5
TURN = 800  # tokens a user writes: more than a sliding layer can rewind by itself
REPLY = 12


@pytest.mark.parametrize(("window", "mtp"), [(8, "off"), (512, 3)])
def test_the_last_turn_alone_is_read_again(window: int, mtp: Mtp) -> None:
    pair = random_tiny_pair(ONE_HEAD, window=window)
    engine = Engine(pair)
    ids = random.Random(window)
    chat: list[int] = []
    for _ in range(TURNS):
        before, turn = chat, ids.choices(range(VOCABULARY), k=TURN)
        prompt = [*before, *turn]
        answer = reply(engine, prompt, mtp=mtp, max_tokens=REPLY)
        assert read(answer) <= TURN + 1  # the new turn, and the last token of the reply before
        chat = [*prompt, *answer.tokens]
    assert len(chat) > 4000

    again = reply(engine, prompt, mtp=mtp, max_tokens=REPLY)
    assert read(again) == 1
    assert again.tokens == answer.tokens
    edited_prompt = [*before, *ids.choices(range(VOCABULARY), k=TURN)]
    edited = reply(engine, edited_prompt, mtp=mtp, max_tokens=REPLY)
    assert read(edited) <= TURN + 1

    cold = reply(Engine(pair), edited_prompt, max_tokens=REPLY)
    assert read(cold) == len(edited_prompt)
    assert edited.tokens == cold.tokens
    assert edited.tokens != answer.tokens


def read(found: Reply) -> int:
    """Prompt tokens computed for a reply."""
    return found.finished.prompt_tokens - found.finished.reused_tokens
