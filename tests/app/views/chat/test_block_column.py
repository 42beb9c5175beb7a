"""A long text is there at its end at once, and soon as a whole."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.domain.conversation import Chat, ChatMessage
from app.views.chat import markdown_view
from app.views.chat.markdown_view import CodeBlock, MarkdownView
from app.views.chat.reply_view import ReplyView
from app.views.chat.text_block import TextBlock
from app.views.chat.transcript import Transcript
from tests.app.conftest import Rig
from tests.app.helpers import child
from tests.app.views.hand import settle

PARTS = 60
TEXT = "".join(f"Paragraph {n}.\n\n```\ncode {n}\n```\n\n" for n in range(PARTS))
WHOLE = [text for n in range(PARTS) for text in (f"Paragraph {n}.", f"code {n}")]


def plain(view: MarkdownView) -> list[str]:
    return [
        block.code if isinstance(block, CodeBlock) else block.toPlainText() for block in view.built
    ]


def filled(qtbot: QtBot, view: MarkdownView) -> None:
    qtbot.waitUntil(lambda: not view.filling)


def tops(view: MarkdownView) -> list[int]:
    return [block.mapTo(view, QPoint(0, 0)).y() for block in view.built]


def test_the_end_is_there_at_once(
    qtbot: QtBot, view: MarkdownView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markdown_view, "SLICE_S", 60.0)  # the rest in one turn, however busy
    view.set_text(TEXT)
    assert plain(view) == WHOLE[-markdown_view.AT_ONCE :]
    filled(qtbot, view)
    assert plain(view) == WHOLE
    qtbot.waitUntil(lambda: len(set(tops(view))) == len(WHOLE))  # each has a place of its own
    assert tops(view) == sorted(tops(view))


def test_the_rest_comes_a_little_at_a_time(
    view: MarkdownView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markdown_view, "SLICE_S", 0.0)
    view.set_text(TEXT)
    filler = child(view, QTimer, "filler")
    filler.timeout.emit()
    assert len(view.built) == markdown_view.AT_ONCE
    monkeypatch.setattr(markdown_view, "SLICE_S", 60.0)
    filler.timeout.emit()
    assert plain(view) == WHOLE
    assert not view.filling


def test_a_short_text_is_there_as_a_whole(view: MarkdownView) -> None:
    view.set_text("one\n\ntwo")
    assert len(view.built) == 2
    assert not view.filling


def test_it_may_go_on_before_it_is_there(qtbot: QtBot, view: MarkdownView) -> None:
    view.set_text(TEXT)
    view.append("The end.\n\n" + "".join(f"{n}\n\n" for n in range(60)))
    view.finish()
    filled(qtbot, view)
    assert plain(view) == [*WHOLE, "The end.", *(str(n) for n in range(60))]


@pytest.mark.slow
def test_another_text_takes_its_place(qtbot: QtBot, view: MarkdownView) -> None:
    view.set_text("one\n\ntwo")
    view.set_text("```\none\n```\n\ntwo")
    assert [type(block) for block in view.built] == [CodeBlock, TextBlock]
    view.set_text(TEXT)
    view.set_text("```\nshort\n```")
    filled(qtbot, view)
    assert plain(view) == ["short"]
    assert isinstance(view.built[0], CodeBlock)
    view.set_text("```\nfirst\n```\n\n" + TEXT)  # code where there was text, and the reverse
    filled(qtbot, view)
    assert plain(view) == ["first", *WHOLE]


@pytest.mark.slow
def test_a_change_of_theme_reaches_what_is_still_to_come(qtbot: QtBot, view: MarkdownView) -> None:
    view.set_text("A [link](https://x.y).\n\n" + TEXT)
    view.theme.choose("dark")
    filled(qtbot, view)
    assert view.theme.current.tokens["link"] in view.texts()[0].html


# In the transcript


def opened(rig: Rig, name: str = "long") -> tuple[Transcript, MarkdownView]:
    messages = (
        ChatMessage(id=f"{name} q", role="user", text="Go on."),
        ChatMessage(id=f"{name} a", role="assistant", text=TEXT, parent=f"{name} q"),
    )
    transcript = rig.program.window.transcript
    rig.program.models.chat.open(
        Chat(id=name, title="Long", created=0.0, messages=messages, tip=f"{name} a")
    )
    reply = transcript.views[-1]
    assert isinstance(reply, ReplyView)
    return transcript, reply.answer


def place(widget: QWidget, transcript: Transcript) -> int:
    return widget.mapTo(transcript, QPoint(0, 0)).y()


def test_a_chat_is_opened_at_the_end_of_a_long_reply(qtbot: QtBot, ready: Rig) -> None:
    """Wherever the reader was in the chat before it."""
    transcript, answer = opened(ready, "before")
    bar = transcript.verticalScrollBar()
    filled(qtbot, answer)
    qtbot.waitUntil(lambda: bar.maximum() > 5000)
    bar.setValue(500)
    assert not transcript.following
    transcript, answer = opened(ready)
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    filled(qtbot, answer)
    qtbot.waitUntil(lambda: bar.maximum() > 5000 and bar.value() == bar.maximum())
    assert transcript.following


def test_what_one_reads_stays_while_the_rest_comes(
    qtbot: QtBot, ready: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markdown_view, "SLICE_S", 0.0)  # nothing comes before the reader is there
    transcript, answer = opened(ready)
    QApplication.processEvents()  # an opened chat goes to its end once more in the next turn
    bar = transcript.verticalScrollBar()
    seen = answer.built[-5]
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() > 300 and place(seen, transcript) > 0)
    bar.setValue(bar.maximum() - 300)
    before = bar.maximum()
    there = place(seen, transcript)
    monkeypatch.setattr(markdown_view, "SLICE_S", 60.0)
    qtbot.waitUntil(lambda: bar.maximum() > before + 3000)
    assert place(seen, transcript) == there
    settle(qtbot, transcript)
    assert place(seen, transcript) == there
