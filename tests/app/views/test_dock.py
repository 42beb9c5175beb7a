from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication

from tests.app.conftest import Rig


@pytest.fixture
def badges(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers that the icon was given, the last one last."""
    numbers: list[int] = []
    monkeypatch.setattr(QGuiApplication, "setBadgeNumber", lambda _self, n: numbers.append(n))
    return numbers


def left_behind(rig: Rig, question: str) -> str:
    """Ask, open a new chat, and let the reply end. Returns the id of the chat."""
    chat = rig.program.models.chat
    chat.new_chat()
    chat.send(question)
    asked = chat.chat.id
    rig.write("An answer.")
    chat.new_chat()
    rig.finish()
    rig.settle()
    return asked


def test_the_badge_counts_replies_that_nobody_has_seen(badges: list[int], ready: Rig) -> None:
    chats = ready.program.models.chats
    first, second = left_behind(ready, "One?"), left_behind(ready, "Two?")
    assert badges == [1, 2]
    chats.search("nothing that is there")
    chats.search_now()
    ready.settle()
    assert badges == [1, 2], "a search hides no reply"
    chats.search("")
    ready.settle()
    chats.open(first)
    ready.settle()
    assert badges == [1, 2, 1]
    chats.delete(second)
    ready.settle()
    assert badges == [1, 2, 1, 0]


def test_a_reply_that_is_watched_is_not_counted(badges: list[int], ready: Rig) -> None:
    ready.program.models.chat.send("One?")
    ready.write("An answer.")
    ready.finish()
    ready.settle()
    assert badges == []
