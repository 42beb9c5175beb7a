"""The part of a chat that is sent, and how many tokens of the context it takes."""

from __future__ import annotations

import msgspec
import pytest

from app.domain.context import sent, tokens, without_oldest
from app.domain.conversation import ChatMessage
from tests.app.helpers import stats
from tests.app.records import reply_of

COUNTED = msgspec.structs.replace(reply_of([], stats=stats(generated_tokens=40)), prompt_tokens=60)


def turns(count: int, *, counted: int | None = None) -> list[ChatMessage]:
    """Questions and answers of 30 characters; the engine counted up to the answer `counted`."""
    return [
        ChatMessage(
            id=f"m{at}",
            role="assistant" if at % 2 else "user",
            text="x" * 30,
            reply=COUNTED if at == counted else None,
        )
        for at in range(count)
    ]


def test_a_branch_is_sent_from_its_first_message_on() -> None:
    messages = turns(4)
    assert sent(messages, None) == tuple(messages)
    assert sent(messages, "m2") == tuple(messages[2:])
    assert sent(messages, "of another branch") == tuple(messages)


@pytest.mark.parametrize(
    ("counted", "first", "expected"),
    [
        (None, None, 40),  # a token for three characters
        (3, None, 100),  # as the engine counted
        (3, "m2", 50),  # half of what was counted
        (1, None, 200),  # twice as much as what was counted
    ],
)
def test_tokens_are_counted_or_estimated(
    counted: int | None, first: str | None, expected: int
) -> None:
    assert tokens(turns(4, counted=counted), first) == expected


def test_a_question_alone_is_not_estimated() -> None:
    assert tokens(turns(1), None) == 0


def test_the_oldest_turns_make_half_of_the_context_free() -> None:
    messages = turns(8)
    assert without_oldest(messages, None, used=80, length=80) == "m4"
    assert without_oldest(messages, "m4", used=40, length=40) == "m6"
    assert without_oldest(messages[:2], None, used=80, length=80) is None
