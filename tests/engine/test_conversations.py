"""Going from one conversation to another and back reads only what is new, and is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtp_mlx.api import Mtp
from mtp_mlx.engine import Engine
from tests.support.replies import Reply, reply, tiny_pair
from tests.support.shapes import SHORT_E2B

SYSTEM = [9, 8, 7, 6, 5, 4, 3, 2, 1, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]
ONE = [*SYSTEM, *range(100, 160)]
OTHER = [*SYSTEM, *range(200, 270)]


def read(found: Reply) -> int:
    return found.finished.prompt_tokens - found.finished.reused_tokens


@pytest.mark.parametrize("mtp", [pytest.param("off", marks=pytest.mark.slow), 3])
def test_each_conversation_keeps_its_prompt(mtp: Mtp, tmp_path: Path) -> None:
    pair = tiny_pair(tmp_path, SHORT_E2B)
    engine = Engine(pair)
    first = reply(engine, ONE, mtp=mtp, max_tokens=30)
    second = reply(engine, OTHER, mtp=mtp, max_tokens=30)
    assert read(second) == len(OTHER) - len(SYSTEM)
    turns = ([*ONE, *first.tokens, 55, 56], [*OTHER, *second.tokens, 57, 58], [*ONE[:40], 59])
    written = [reply(engine, turn, mtp=mtp, max_tokens=12) for turn in turns]
    assert [read(one) for one in written] == [3, 3, 1]  # and the last token of each reply
    for prompt, found in zip((ONE, OTHER), (first, second), strict=True):
        assert found.tokens == reply(Engine(pair), prompt, mtp=mtp, max_tokens=30).tokens
    for prompt, found in zip(turns, written, strict=True):
        assert found.tokens == reply(Engine(pair), prompt, mtp=mtp, max_tokens=12).tokens
