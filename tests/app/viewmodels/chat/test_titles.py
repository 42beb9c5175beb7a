"""A title is the first real words, and goes with the question it was made of."""

from __future__ import annotations

import pytest

from app.viewmodels.chat.asking import title
from tests.app.conftest import Rig
from tests.app.viewmodels.chat.test_branching import ask, chat_of
from tests.app.viewmodels.sidebar.test_chat_list import talk, titles


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How do I reverse a list?", "How do I reverse a list?"),
        ("\n\n  \nHello there\nand more", "Hello there"),
        ("# Reversing a list\n\nHow?", "Reversing a list"),
        ("```python\nprint(1)\n```\nWhy does this print 1?", "Why does this print 1?"),
        ("```\nprint(1)\n```", "print(1)"),
        ("~~~\ncode\n~~~\n\n> **Quoted** `words`", "Quoted words"),
        ("- [x] buy *bread*\n- milk", "buy bread"),
        ("1. First of all", "First of all"),
        ("---\n\n***\n\nAfter rules", "After rules"),
        ("[a link](https://example.org) to **follow**", "a link to follow"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b"),
        ("???", "???"),
        ("日本語の質問", "日本語の質問"),
    ],
)
def test_the_first_real_words(text: str, expected: str) -> None:
    assert title(text, ()) == expected


def test_a_title_goes_with_its_question_and_comes_back_with_it(ready: Rig) -> None:
    chat = chat_of(ready)
    talk(ready, "# Bread")
    ask(ready, "With rye?", "Yes.")
    first, second = chat.messages.at(0).id, chat.messages.at(2).id
    chat.branches.delete(second)
    assert titles(ready) == ["Today", "Bread"]
    chat.branches.delete(first)
    assert chat.chat.title is None
    assert titles(ready) == []
    ready.program.models.undo.undo()
    assert titles(ready) == ["Today", "Bread"]
    chat.branches.delete(first)
    ask(ready, "Something else", "Yes.")
    assert titles(ready) == ["Today", "Something else"]


def test_the_title_of_another_version_and_one_that_was_typed(ready: Rig) -> None:
    chat = chat_of(ready)
    talk(ready, "Braed")
    assert chat.edit(chat.messages.at(0).id, "Bread")
    ready.write("Yes.")
    ready.finish()
    assert titles(ready) == ["Today", "Braed"]  # its question is still there, on another branch
    chat.branches.show_sibling(chat.messages.at(0).id, -1)
    chat.branches.delete(chat.messages.at(0).id)
    assert titles(ready) == ["Today", "Bread"]
    ready.program.models.chats.rename(chat.chat.id, "Baking")
    chat.branches.delete(chat.messages.at(0).id)
    assert chat.chat.title == "Baking"


def test_a_title_comes_back_into_a_chat_that_is_not_open(ready: Rig) -> None:
    chat = chat_of(ready)
    talk(ready, "Bread")
    chat.edit(chat.messages.at(0).id, "Rolls")
    ready.write("Yes.")
    ready.finish()
    chat.branches.show_sibling(chat.messages.at(0).id, -1)
    chat.branches.delete(chat.messages.at(0).id)
    talk(ready, "Other")
    assert titles(ready) == ["Today", "Other", "Rolls"]
    ready.program.models.undo.undo()
    ready.program.models.chats.refresh()
    assert titles(ready) == ["Today", "Other", "Bread"]
