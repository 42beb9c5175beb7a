"""Chats are found by words and parts of words, and no character has a meaning of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.domain.conversation import Chat, ChatMessage
from app.services import search_index
from app.services.chat_store import ChatStore, open_store
from tests.app.services.conftest import Sql

Indexed = Callable[[], list[object]]

TEXTS = {
    "a": 'He said "stop" and left, 50 % done.',
    "b": "日本語の文章を検索する",
    "c": "Reverse a linked list NEAR the end; file_name*.py -x",
    "d": "Übergrößen für Bäume",
}


@pytest.fixture(params=["index", "texts"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ChatStore]:
    """The same is found with an index and without."""
    if request.param == "texts":
        monkeypatch.setattr(search_index, "make_table", lambda _connection: False)
    store = open_store(tmp_path / "chats.sqlite3")
    for name, text in TEXTS.items():
        store.save_chat(Chat(id=name, title=f"Title {name.upper()}", created=0.0))
        store.save_message(name, ChatMessage(id=f"m{name}", role="user", text=text))
    yield store
    store.close()


@pytest.fixture
def indexed(sql: Sql) -> Indexed:
    """The texts that the index holds."""
    return lambda: [text for (text,) in sql("SELECT text FROM found ORDER BY rowid")]


def found(store: ChatStore, query: str) -> str:
    return "".join(sorted(chat.id for chat in store.chats(query)))


@pytest.mark.parametrize(
    ("query", "chats"),
    [
        ("", "abcd"),
        ("verse", "c"),
        ("list REVERSE", "c"),
        ("list stop", ""),
        ("文章を", "b"),
        ("検索", "b"),
        ("語", "b"),
        ("größen", "d"),
        ("über", "d"),
        ("ÜB", "d"),
        ("BÄUME", "d"),
        ('"stop"', "a"),
        ('"', "a"),
        ("50 %", "a"),
        ("%", "a"),
        ("_name", "c"),
        ("_", "c"),
        ("*.py", "c"),
        ("-x", "c"),
        ("NEAR", "c"),
        ("AND", "a"),
        ("stop OR list", ""),
        ("text:stop", ""),
        ("NOT", ""),
        ("(", ""),
        ("\\", ""),
        ("title b", "b"),
        ("\0\ud800", "abcd"),
    ],
)
def test_what_is_typed_is_text(store: ChatStore, query: str, chats: str) -> None:
    assert found(store, query) == chats


def test_a_title_is_found_though_no_message_holds_it(store: ChatStore) -> None:
    (chat,) = store.chats("title D")
    assert (chat.id, chat.snippet) == ("d", "")


def test_the_snippet_shows_the_match(store: ChatStore) -> None:
    (chat,) = store.chats("linked")
    assert "a linked list" in chat.snippet


def test_what_was_deleted_is_not_found_until_it_is_restored(store: ChatStore) -> None:
    store.delete_messages("a", ["ma"])
    store.delete_chat("c")
    assert (found(store, "stop"), found(store, "linked")) == ("", "")
    store.restore_messages("a", ["ma"])
    store.restore_chat("c")
    assert (found(store, "stop"), found(store, "linked")) == ("a", "c")


def test_an_edited_message_is_found_by_its_new_words_only(store: ChatStore) -> None:
    store.save_message("a", ChatMessage(id="ma", role="user", text="Something else"))
    assert (found(store, "stop"), found(store, "something")) == ("", "a")


def test_only_an_ended_reply_enters_the_index(path: Path, indexed: Indexed) -> None:
    store = open_store(path)
    store.save_chat(Chat(id="c", title="t", created=0.0))
    part = ChatMessage(id="r", role="assistant", text="half a sentence")
    store.save_message("c", part, ended=False)
    assert indexed() == []
    store.save_message("c", ChatMessage(id="r", role="assistant", text="a whole sentence"))
    assert indexed() == ["a whole sentence"]
    store.save_message("c", part, ended=False)
    store.close()  # killed, as far as the index can know
    store = open_store(path)
    assert indexed() == ["half a sentence"]
    store.close()


def test_an_index_of_many_is_made_in_parts(
    path: Path, indexed: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "BATCH", 2)
    store = open_store(path)
    store.save_chat(Chat(id="c", title="t", created=0.0))
    for number in range(5):
        message = ChatMessage(id=str(number), role="user", text=f"text {number}")
        store.save_message("c", message, ended=False)
    store.close()
    store = open_store(path)
    assert indexed() == [f"text {number}" for number in range(5)]
    store.close()


def test_a_missing_module_is_told_from_a_locked_file() -> None:
    class Refusing(sqlite3.Connection):
        reason = ""

        def execute(self, *_arguments: object) -> sqlite3.Cursor:
            raise sqlite3.OperationalError(self.reason)

    connection = sqlite3.connect(":memory:", factory=Refusing)
    for reason in ("no such module: fts5", "no such tokenizer: trigram"):
        connection.reason = reason
        assert not search_index.make_table(connection)
    connection.reason = "database is locked"
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        search_index.make_table(connection)
    connection.close()
