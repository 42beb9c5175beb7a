"""A reply is stored piece by piece, and no piece is written twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.domain.conversation import Chat, ChatMessage, ReplyPiece, ReplyRecord, RoundRecord
from app.services.chat_store import ChatStore, open_store
from tests.app.records import drafted_reply, reply_of
from tests.app.services.conftest import Sql

ROUNDS = tuple(drafted_reply(12))
BEGUN = ChatMessage(
    id="r", role="assistant", text="", created=2.0, reply=reply_of((), finish="interrupted")
)
WHOLE = msgspec.structs.replace(
    BEGUN,
    text="one two three",
    thought="hm so",
    thought_seconds=2.0,
    reply=reply_of(ROUNDS, finish="finished"),
)
PIECES = (
    ReplyPiece(first=0, rounds=ROUNDS[:5], thought="hm so", thought_seconds=2.0),
    ReplyPiece(first=5, rounds=ROUNDS[5:8], text="one ", thought_seconds=2.0),
    ReplyPiece(first=8, rounds=ROUNDS[8:], text="two three", thought_seconds=2.0),
)


@pytest.fixture
def store(path: Path) -> Iterator[ChatStore]:
    store = open_store(path)
    store.save_chat(Chat(id="c", title="Title", created=1.0))
    yield store
    store.close()


def loaded(store: ChatStore) -> ChatMessage:
    chat = store.load("c")
    assert chat is not None
    return chat.messages[-1]


def rounds_of(message: ChatMessage) -> tuple[RoundRecord, ...]:
    assert message.reply is not None
    return message.reply.rounds


def begin(store: ChatStore, *pieces: ReplyPiece) -> None:
    store.save_message("c", BEGUN, ended=False)
    for piece in pieces:
        store.append("r", piece)


def test_what_was_appended_is_read(store: ChatStore) -> None:
    begin(store, *PIECES[:2])
    part = loaded(store)
    assert (part.text, part.thought, part.thought_seconds) == ("one ", "hm so", 2.0)
    assert rounds_of(part) == ROUNDS[:8]


def test_the_end_adds_what_no_piece_holds(store: ChatStore, sql: Sql) -> None:
    begin(store, *PIECES[:2])
    store.save_message("c", WHOLE)
    assert loaded(store) == WHOLE
    assert sql("SELECT first, count FROM pieces ORDER BY first") == [(0, 5), (5, 3), (8, 5)]


@pytest.mark.parametrize("saves", [1, 2])
def test_a_reply_that_was_saved_whole_is_read_as_it_was(store: ChatStore, saves: int) -> None:
    for _ in range(saves):
        store.save_message("c", WHOLE)
    assert loaded(store) == WHOLE


def test_a_piece_that_is_written_again_replaces_itself(store: ChatStore) -> None:
    """The disk may have taken it and refused to say so."""
    begin(store, *PIECES[:2], PIECES[1])
    assert rounds_of(loaded(store)) == ROUNDS[:8]
    assert loaded(store).text == "one "


def test_a_continued_reply_goes_on_where_it_was(store: ChatStore) -> None:
    half = msgspec.structs.replace(WHOLE, text="one ", reply=reply_of(ROUNDS[:8]))
    store.save_message("c", half)
    begun = msgspec.structs.replace(half, reply=reply_of(ROUNDS[:8], finish="interrupted"))
    store.save_message("c", begun, ended=False)
    store.append("r", PIECES[2])
    part = loaded(store)
    assert (part.text, part.thought) == ("one two three", "hm so")
    assert rounds_of(part) == ROUNDS
    store.save_message("c", WHOLE)
    assert loaded(store) == WHOLE


def test_another_reply_under_the_same_id_keeps_none_of_the_old_rounds(store: ChatStore) -> None:
    store.save_message("c", WHOLE)
    other = msgspec.structs.replace(WHOLE, reply=reply_of(drafted_reply(3, gap=0.5)))
    store.save_message("c", other)
    assert loaded(store) == other
    store.save_message("c", msgspec.structs.replace(WHOLE, reply=None))
    assert loaded(store).reply is None


def test_what_a_killed_window_left_is_found(path: Path, store: ChatStore) -> None:
    begin(store, *PIECES)
    assert [c.id for c in store.chats("three")] == []
    other = open_store(path)
    assert [c.id for c in other.chats("three")] == ["c"]
    part = loaded(other)
    assert (part.text, part.thought, part.thought_seconds) == ("one two three", "hm so", 2.0)
    assert rounds_of(part) == ROUNDS
    other.close()


def test_another_window_that_opens_meanwhile_spoils_nothing(path: Path, store: ChatStore) -> None:
    begin(store, *PIECES[:2])
    open_store(path).close()
    store.append("r", PIECES[2])
    assert loaded(store).text == "one two three"
    store.save_message("c", WHOLE)
    assert loaded(store) == WHOLE


def test_another_window_sees_the_whole_reply_once_it_ended(path: Path, store: ChatStore) -> None:
    other = open_store(path)
    other.load("c")
    begin(store, *PIECES)
    assert other.changes("c") is None
    store.save_message("c", WHOLE)
    changes = other.changes("c")
    assert changes is not None
    assert changes.written == (WHOLE,)
    other.close()


def test_a_second_of_a_long_reply_costs_no_more_than_one_of_a_short_one(
    path: Path, store: ChatStore
) -> None:
    """The bytes that reach the log for the same 100 rounds, after 100 and after 5 000."""
    rounds = tuple(drafted_reply(5100))
    log = path.with_name(path.name + "-wal")

    def written_by(first: int) -> int:
        before = log.stat().st_size
        store.append("r", ReplyPiece(first=first, rounds=rounds[first : first + 100], text="x"))
        return log.stat().st_size - before

    store.save_message("c", BEGUN, ended=False)
    store.append("r", ReplyPiece(first=0, rounds=rounds[:100], text="x"))
    early = written_by(100)
    store.append("r", ReplyPiece(first=200, rounds=rounds[200:5000], text="x" * 60_000))
    assert 0 < written_by(5000) <= 2 * early


def test_a_reply_needs_to_have_begun(store: ChatStore) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.append("nobody", PIECES[0])


def test_a_record_says_nothing_of_its_rounds(store: ChatStore, sql: Sql) -> None:
    store.save_message("c", WHOLE)
    (row,) = sql("SELECT length(reply), json_array_length(reply, '$.rounds') FROM messages")
    assert row[1] == 0
    assert isinstance(WHOLE.reply, ReplyRecord)
