"""Long chats: what an edit, a regenerated reply and a new turn read again, and that it is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtp_mlx.api import Mtp
from mtp_mlx.engine import Engine
from mtp_mlx.kv.rows import REWIND
from tests.support.replies import Reply, reply, tiny_pair
from tests.support.shapes import SHORT_E2B, WINDOW

SLACK = 16  # a short one, so that short replies do
LONG = WINDOW + REWIND + SLACK + 20  # tokens: past what a sliding layer can rewind by itself
PROMPT = [5, 17, 300, 42, 42, 9, 111, 250, 3, 77, 8, 1, 2, 3, 4]
SECOND = [7, 8, 9, 10, 11]
THIRD = [20, 21, 22]


@pytest.mark.parametrize("mtp", [pytest.param("off", marks=pytest.mark.slow), 3])
def test_only_one_turn_is_read_again(
    mtp: Mtp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtp_mlx.kv.window.SLACK", SLACK)
    engine = Engine(tiny_pair(tmp_path / "warm", SHORT_E2B))
    first = reply(engine, PROMPT, mtp=mtp, max_tokens=LONG)
    second_prompt = [*PROMPT, *first.tokens, *SECOND]
    second = reply(engine, second_prompt, mtp=mtp, max_tokens=LONG)
    third_prompt = [*second_prompt, *second.tokens, *THIRD]
    reply(engine, third_prompt, mtp=mtp, max_tokens=LONG)

    again = reply(engine, third_prompt, mtp=mtp, max_tokens=20)  # regenerated
    assert read(again) == 1
    edited_prompt = [*second_prompt, *second.tokens, 99, 98]
    edited = reply(engine, edited_prompt, mtp=mtp, max_tokens=20)  # the last turn edited
    assert read(edited) <= 1 + len(SECOND)
    earlier_prompt = [*PROMPT, *first.tokens, 55, 56]
    earlier = reply(engine, earlier_prompt, mtp=mtp, max_tokens=20)  # the second turn edited
    assert read(earlier) <= 1 + len(SECOND)

    pair = tiny_pair(tmp_path / "cold", SHORT_E2B)
    for prompt, found in (
        (third_prompt, again),
        (edited_prompt, edited),
        (earlier_prompt, earlier),
    ):
        assert found.tokens == reply(Engine(pair), prompt, max_tokens=20).tokens


def read(found: Reply) -> int:
    """Prompt tokens computed for a reply."""
    return found.finished.prompt_tokens - found.finished.reused_tokens
