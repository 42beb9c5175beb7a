"""A view that is built ahead is the one that its message has when the column takes it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from app.domain.conversation import ChatMessage
from app.viewmodels.chat.history import MessageList
from app.views.chat import markdown_view
from app.views.chat.build_ahead import BuildAhead, MessageView
from app.views.chat.reply_view import ReplyView
from app.views.common import fonts
from app.views.common.theme import ThemeController
from tests.app.conftest import Rig

REPLY = ChatMessage(id="a", role="assistant", text="One.\n\nTwo.")


class Bench:
    def __init__(self, theme: ThemeController) -> None:
        self.theme = theme
        self.messages = MessageList()
        self.messages.reset([REPLY])
        self.made: list[MessageView] = []
        self.ahead = BuildAhead(self.messages, theme, self._make)

    def _make(self, at: int) -> MessageView:
        view = ReplyView(self.messages.at(at), self.theme)
        view.show_finished(self.messages.at(at), in_slices=True)
        self.made.append(view)
        return view

    def taken(self) -> MessageView:
        for _ in range(50):
            if (view := self.ahead.take(0)) is not None:
                return view
            QApplication.processEvents()
        raise AssertionError(self.made)


@pytest.fixture
def bench(rig: Rig) -> Iterator[Bench]:
    bench = Bench(rig.program.theme)
    yield bench
    bench.ahead.drop()
    for view in bench.made:
        if isValid(view):
            view.deleteLater()


def test_a_reply_is_taken_with_all_its_blocks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markdown_view, "SLICE_S", 0.0)  # no block comes yet
    for _ in range(5):
        assert bench.ahead.take(0) is None
        QApplication.processEvents()
    monkeypatch.setattr(markdown_view, "SLICE_S", 1.0)
    view = bench.taken()
    assert [text.toPlainText() for text in view.texts()] == ["One.", "Two."]
    assert bench.made == [view]


@pytest.mark.parametrize("change", ["message", "size", "dropped"])
def test_what_looks_different_now_is_built_anew(
    bench: Bench, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench.ahead.take(0) is None  # rendered
    assert bench.ahead.take(0) is None  # made
    match change:
        case "message":
            bench.messages.reset([msgspec.structs.replace(REPLY, text="Three.")])
        case "size":
            monkeypatch.setattr(fonts, "text_size", lambda: 1.5)
        case _:
            bench.ahead.drop()
    view = bench.taken()
    assert len(bench.made) == 2
    assert view is bench.made[1]
