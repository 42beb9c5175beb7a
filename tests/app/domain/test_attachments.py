from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.domain.conversation import Attachment, ChatMessage, content, with_files

NOTES = Attachment(name="notes.txt", text="One\nTwo\n")


def test_files_come_before_the_question() -> None:
    message = ChatMessage(id="q", role="user", text="What is this?", attachments=(NOTES,))
    assert content(message) == "notes.txt:\n```\nOne\nTwo\n```\n\nWhat is this?"


def test_files_alone_and_text_alone() -> None:
    assert with_files("", [NOTES]) == "notes.txt:\n```\nOne\nTwo\n```"
    assert with_files("Hello", []) == "Hello"


def test_a_name_stays_on_its_line() -> None:
    file = Attachment(name="a\n```\nb.txt", text="x")
    assert with_files("", [file]).splitlines()[0] == "a ``` b.txt:"


@pytest.mark.parametrize("ticks", ["```", "`````", "~~~"])
def test_a_fence_in_the_file_does_not_end_it(ticks: str) -> None:
    text = f"before\n{ticks}\ncode\n{ticks}\nafter"
    tokens = MarkdownIt().parse(with_files("", [Attachment(name="a.md", text=text)]))
    assert [token.content for token in tokens if token.type == "fence"] == [f"{text}\n"]


@given(st.text(alphabet="`a\n ", max_size=30))
def test_whatever_the_file_holds_is_one_block(text: str) -> None:
    tokens = MarkdownIt().parse(with_files("Q", [Attachment(name="f", text=text)]))
    assert len([token for token in tokens if token.type == "fence"]) == 1
    assert tokens[-2].content == "Q"
