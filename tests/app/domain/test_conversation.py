"""Values are stored as they stand: what is written must be read back the same."""

from __future__ import annotations

import gc

import msgspec
import pytest

from app.domain.conversation import (
    ChatMessage,
    EngineRecord,
    RejectedRecord,
    ReplyRecord,
    RoundRecord,
    SwitchRecord,
    TokenRecord,
)
from tests.app.helpers import PAIR, stats

ROUND = RoundRecord(
    index=3,
    depth=3,
    drafted=3,
    accepted=1,
    ms=21.5,
    state="drafting",
    at=0.75,
    tokens=(TokenRecord(5, "a", "draft"), TokenRecord(6, "b", "target", thought=True)),
    rejected=(RejectedRecord(7, "c"),),
    reason="measuring",
)
REPLY = ReplyRecord(
    rounds=(ROUND,),
    stats=stats(),
    seed=11,
    sampling=PAIR.recommended,
    max_tokens=512,
    mtp="auto",
    switches=(SwitchRecord(0.5, "off"), SwitchRecord(0.9, 3)),
    finish="finished",
    prompt_tokens=42,
    reused_tokens=40,
    engine=EngineRecord(versions={"mlx": "0.32"}, device={"memory_bytes": 1}),
    pair=PAIR,
    plain_tps=30.5,
)


def test_a_message_survives_json() -> None:
    message = ChatMessage(id="m", role="assistant", text="Ü ¶ 😀", thought="hm", reply=REPLY)
    assert msgspec.json.decode(msgspec.json.encode(message), type=ChatMessage) == message


def test_rounds_are_written_compactly() -> None:
    text = msgspec.json.encode(ROUND)
    assert text.startswith(b"[3,3,3,1,21.5,")
    assert b"tokens" not in text


def test_rounds_are_not_searched_for_cycles() -> None:
    """With them a chat of 2000 messages took three times as long to open."""
    for record in (ROUND, *ROUND.tokens, *ROUND.rejected, *REPLY.switches):
        assert not gc.is_tracked(record)


def test_what_later_releases_add_is_ignored() -> None:
    text = msgspec.json.encode(REPLY).replace(b'{"rounds"', b'{"novelty":1,"rounds"')
    assert msgspec.json.decode(text, type=ReplyRecord) == REPLY


def test_records_are_frozen() -> None:
    with pytest.raises(AttributeError):
        REPLY.seed = 1  # type: ignore[misc]
