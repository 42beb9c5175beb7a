"""A few letters find the command that is meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.viewmodels.common.palette import Entry, matches

ENTRIES = (
    Entry(text="New chat", menu="Chat", shortcut="Ctrl+N"),
    Entry(text="Stop the reply", menu="Reply", enabled=False),
    Entry(text="Speed overlay", menu="View"),
    Entry(text="Save speed report…", menu="Chat"),
    Entry(text="K 3: draft 3 tokens a round", menu="MTP"),
    Entry(text="Light", menu="Theme"),
)


def found(query: str) -> list[str]:
    return [ENTRIES[match.row].text for match in matches(ENTRIES, query)]


def test_all_are_listed_before_anything_is_typed_what_cannot_be_done_last() -> None:
    assert found("") == [e.text for e in ENTRIES if e.enabled] + ["Stop the reply"]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("new", "New chat"),
        ("nc", "New chat"),
        ("SPEED", "Speed overlay"),
        ("ssr", "Save speed report…"),
        ("report", "Save speed report…"),
        ("k3", "K 3: draft 3 tokens a round"),
        ("theme li", "Light"),
    ],
)
def test_the_best_match_comes_first(query: str, first: str) -> None:
    assert found(query)[0] == first


def test_what_is_not_there_is_not_found() -> None:
    assert found("xyz") == []
    assert found("tahc") == []  # the letters, but not in order


def test_what_cannot_be_done_is_found_but_comes_last() -> None:
    assert found("s")[-1] == "Stop the reply"


def test_the_letters_that_were_meant_are_told() -> None:
    (match,) = matches(ENTRIES[:1], "nch")
    assert match.letters == (0, 4, 5)
    (match,) = matches(ENTRIES[5:], "themelight")
    assert match.letters == (0, 1, 2, 3, 4)


@given(st.text(max_size=12), st.lists(st.text(max_size=20), max_size=6))
def test_what_is_found_holds_the_letters_in_order(query: str, texts: list[str]) -> None:
    entries = [Entry(text=text) for text in texts]
    wanted = "".join(query.casefold().split())
    for match in matches(entries, query):
        assert list(match.letters) == sorted(set(match.letters))
        if all(len(c.casefold()) == 1 for c in query + texts[match.row]):
            assert "".join(texts[match.row][i].casefold() for i in match.letters) == wanted
