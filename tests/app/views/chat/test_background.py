"""What the window shows of a reply whose chat is not open, and of one that is come back to."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.views.chat.markdown_view import MarkdownView
from app.views.notices import Announcer
from mtp_mlx.wire import Cancel, PromptProgress
from tests.app.conftest import Clock, Rig, opened
from tests.app.helpers import finished, round_of
from tests.app.viewmodels.chat.test_branching import stop_early
from tests.app.viewmodels.chat.test_writing import leave_in_mid_reply
from tests.app.viewmodels.sidebar.test_chat_list import talk
from tests.app.views.chat.test_transcript import last, long_chat, scroll_to
from tests.app.views.hand import settle
from tests.app.views.sidebar.test_sidebar import at, view_of
from tests.app.views.test_window import actions


def come_back(rig: Rig, chat_id: str) -> None:
    rig.program.models.chats.open(chat_id)
    rig.settle()


def shown(answer: MarkdownView) -> str:
    return " ".join(view.toPlainText() for view in answer.built)  # type: ignore[union-attr]


def test_who_comes_back_reads_on(ready: Rig) -> None:
    chat, transcript = ready.program.models.chat, ready.program.window.transcript
    chat.send("Think")
    left, reply = chat.chat.id, ready.request().id
    ready.say(round_of(reply, 0, ["Hm", " so."], thought=True))
    chat.new_chat()
    ready.say(round_of(reply, 1, ["\n\nOne,"]), round_of(reply, 2, [" two"]))
    come_back(ready, left)
    view = last(transcript)
    assert shown(view.answer) == "One, two"
    assert view.thought is not None
    assert "Thought for" in view.thought.button.text()
    assert view.thought.source == "Hm so."
    assert view.footer.isHidden()
    assert view.wait.isHidden()
    ready.say(round_of(reply, 3, [", three"]))
    chat.streaming.flush()
    assert shown(view.answer) == "One, two, three"
    ready.finish()
    assert not view.footer.isHidden()
    assert view.footer.text.startswith("61.3 tok/s")
    assert view.message.text == "One, two, three"


def test_a_thought_that_is_still_being_thought(ready: Rig) -> None:
    chat = ready.program.models.chat
    chat.send("Think")
    left, reply = chat.chat.id, ready.request().id
    chat.new_chat()
    ready.say(round_of(reply, 0, ["Hm"], thought=True))
    come_back(ready, left)
    thought = last(ready.program.window.transcript).thought
    assert thought is not None
    assert "Thinking" in thought.button.text()


def test_what_ended_meanwhile_has_its_footer(ready: Rig) -> None:
    left, reply = leave_in_mid_reply(ready)
    ready.say(round_of(reply, 1, [" two"]), finished(reply))
    come_back(ready, left)
    view = last(ready.program.window.transcript)
    assert shown(view.answer) == "One two"
    assert not view.footer.isHidden()


def test_the_prompt_goes_on_being_read(ready: Rig) -> None:
    overlay, transcript = ready.program.models.overlay, ready.program.window.transcript
    other = talk(ready, "Other")
    chat = ready.program.models.chat
    chat.new_chat()
    chat.send("Hello")
    left, reply = chat.chat.id, ready.request().id
    come_back(ready, other)
    ready.say(PromptProgress(id=reply, done=5, total=10, reused=0))
    overlay.publish()
    assert last(transcript).wait.isHidden()
    assert last(transcript).wait.text() == "…"
    assert overlay.numbers.prompt == ""  # the overlay is the open chat's
    come_back(ready, left)
    assert not last(transcript).wait.isHidden()
    assert last(transcript).wait.text() == "Reading the prompt: 5 of 10 · 0 s"


def test_tokens_are_those_of_the_reply_they_stand_for(ready: Rig) -> None:
    chat, window = ready.program.models.chat, ready.program.window
    other = talk(ready, "Other")
    window.menus.tokens.trigger()
    chat.new_chat()
    left, reply = leave_in_mid_reply(ready)
    ready.say(round_of(reply, 1, [" two", " three"], depth=3, state="drafting"))
    come_back(ready, other)
    here = last(window.transcript).tokens
    assert here is not None
    assert here.legend_text.startswith("0 drafted and accepted · 2")
    come_back(ready, left)
    back = last(window.transcript).tokens
    assert back is not None
    assert back.legend_text.startswith("1 drafted and accepted · 2")
    ready.say(round_of(reply, 2, [" four"]), finished(reply))
    texts = [item.text for item in back.canvas.layout_.items]
    assert texts == ["One", " two", "no", " three", " four"]


def test_a_continued_reply_shows_both_its_parts(ready: Rig) -> None:
    chat, window = ready.program.models.chat, ready.program.window
    stop_early(ready)
    left = chat.chat.id
    window.menus.tokens.trigger()
    chat.continue_reply()
    chat.new_chat()
    ready.say(round_of(ready.request().id, 0, [" two"]))
    come_back(ready, left)
    view = last(window.transcript)
    assert shown(view.answer) == "One, two"
    assert view.tokens is not None
    assert [item.text for item in view.tokens.canvas.layout_.items] == ["Hm", "no", "One,", " two"]


@pytest.mark.slow
def test_a_reply_continued_from_far_above_keeps_its_text(qtbot: QtBot, ready: Rig) -> None:
    chat, transcript = ready.program.models.chat, ready.program.window.transcript
    chat.open(long_chat(120))
    settle(qtbot, transcript)
    scroll_to(qtbot, transcript, 20)
    settle(qtbot, transcript)
    assert transcript.hidden_below
    chat.continue_reply()
    ready.say(round_of(ready.request().id, 0, ["And on."]))
    assert shown(last(transcript).answer).startswith("Message 119.")


def test_an_end_elsewhere_changes_nothing_here(ready: Rig) -> None:
    other = talk(ready, "Other")
    ready.program.models.chat.new_chat()
    left, reply = leave_in_mid_reply(ready)
    come_back(ready, other)
    view = last(ready.program.window.transcript)
    ready.say(round_of(reply, 1, [" two"]), finished(reply))
    assert view is last(ready.program.window.transcript)
    assert (view.message.text, shown(view.answer)) == ("An answer.", "An answer.")
    assert left != other


def test_one_click_leads_to_it(qtbot: QtBot, ready: Rig) -> None:
    window, chat = ready.program.window, ready.program.models.chat
    composer = window.composer
    assert not composer.show_written.isVisible()
    left, reply = leave_in_mid_reply(ready, "Trip to <b>Kyoto</b>")
    assert composer.send.isVisible()
    assert not composer.send.isEnabled()
    assert not composer.stop.isVisible()
    assert composer.note.text().startswith("A reply is being written in “Trip to <b>Kyoto</b>”.")
    assert "&lt;b&gt;" in composer.note.toolTip()
    assert "&lt;b&gt;" in composer.send.toolTip()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(composer.text, Qt.Key.Key_Escape)
    assert Cancel(id=reply) not in ready.engine.sent
    QTest.mouseClick(composer.show_written, Qt.MouseButton.LeftButton)
    assert chat.chat.id == left
    assert not composer.show_written.isVisible()
    assert composer.stop.isVisible()
    QTest.keyClick(composer.text, Qt.Key.Key_Escape)
    assert ready.engine.sent[-1] == Cancel(id=reply)


def test_a_command_leads_to_it(qtbot: QtBot, ready: Rig) -> None:
    window, chat = ready.program.window, ready.program.models.chat
    show = actions(ready)["Go to the reply being written"]
    assert not show.isEnabled()
    left, _reply = leave_in_mid_reply(ready)
    assert show.isEnabled()
    window.places.reports.show()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert chat.chat.id == left
    assert not window.places.reports.is_shown
    assert not show.isEnabled()
    chat.new_chat()
    assert show.isEnabled()
    ready.finish()
    assert not show.isEnabled()


def test_the_link_goes_when_the_reply_has_ended(ready: Rig) -> None:
    composer = ready.program.window.composer
    leave_in_mid_reply(ready)
    assert composer.show_written.isVisible()
    ready.finish()
    assert not composer.show_written.isVisible()
    assert composer.note.text() == ""


def test_an_end_elsewhere_names_the_chat(ready: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(Announcer, "say", lambda _announcer, text: said.append(text))
    leave_in_mid_reply(ready)
    ready.finish()
    ready.program.models.chat.send("Hello")
    ready.finish()
    assert said == [
        "The reply begins.",
        "The reply in “Trip to Kyoto” has ended: finished.",
        "The reply begins.",
        "The reply has ended: finished.",
    ]


def test_the_signs_in_the_list_differ_in_shape(ready: Rig) -> None:
    """Where a row ends: a line drawing, a dot, nothing; whatever their colours."""
    chat, view = ready.program.models.chat, view_of(ready)
    pictures = []

    def take() -> None:
        QApplication.processEvents()
        row = view.visualRect(view.model().index(at(ready, "Trip to Kyoto"), 0))
        end = QRect(row.right() - 26, row.top() + 4, 20, row.height() - 8)
        picture = view.viewport().grab(end).toImage()
        places = (
            (x, y)
            for x in range(picture.width())
            for y in range(picture.height())
            if picture.pixelColor(x, y).alphaF() > 0.5
        )
        pictures.append(frozenset(places))

    left, _reply = leave_in_mid_reply(ready)
    take()
    ready.finish()
    take()
    come_back(ready, left)
    chat.new_chat()
    take()
    writing, unseen, seen = pictures
    assert seen == frozenset()
    assert len(unseen) > 20
    assert len(writing ^ unseen) > 20


def test_a_reply_nobody_has_seen_stays_marked_after_a_restart(
    qtbot: QtBot, tmp_path: Path, clock: Clock
) -> None:
    data = tmp_path / "data"
    with opened(qtbot, data, clock) as rig:
        rig.ready()
        left, _reply = leave_in_mid_reply(rig)
        rig.finish()
        rig.settle()
        assert marks(rig) == {left: "unseen"}
    with opened(qtbot, data, clock) as rig:
        assert marks(rig) == {left: "unseen"}
        come_back(rig, left)
        rig.settle()
        assert marks(rig) == {}
    with opened(qtbot, data, clock) as rig:
        assert marks(rig) == {}


def marks(rig: Rig) -> dict[str, str]:
    """The chats that have a mark, by id."""
    return {chat.id: chat.mark for chat in rig.program.models.chats.rows.chats if chat.mark}
