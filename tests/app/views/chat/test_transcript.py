from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.domain.conversation import Chat, ChatMessage, Failed, Finish
from app.engine.worker import Death
from app.render.blocks import render
from app.views.chat.reply_view import ReplyView
from app.views.chat.text_block import TextBlock
from app.views.chat.transcript import Transcript
from mtp_mlx.wire import PromptProgress
from tests.app.conftest import Rig
from tests.app.helpers import child, round_of
from tests.app.records import drafted_reply, reply_of
from tests.app.views.hand import settle


def last(transcript: Transcript) -> ReplyView:
    view = transcript.views[-1]
    assert isinstance(view, ReplyView)
    return view


def long_chat(turns: int) -> Chat:
    messages = tuple(
        ChatMessage(
            id=str(i),
            parent=str(i - 1) if i else None,
            role="assistant" if i % 2 else "user",
            text=f"Message {i}.\n\nWith **two** paragraphs and `code`.",
        )
        for i in range(turns)
    )
    return Chat(id="long", title="Long", created=0.0, messages=messages, tip=str(turns - 1))


def test_it_follows_what_is_written_until_one_scrolls_up(qtbot: QtBot, ready: Rig) -> None:
    transcript = ready.program.window.transcript
    bar = transcript.verticalScrollBar()
    ready.program.models.chat.send("Go")
    reply = ready.request().id
    ready.say(round_of(reply, 0, ["Line.\n\n"] * 60))
    qtbot.waitUntil(lambda: len(last(transcript).texts()) == 60)
    qtbot.waitUntil(lambda: bar.maximum() > 1000 and bar.value() == bar.maximum())
    settle(qtbot, transcript)
    bar.setValue(bar.maximum() - 150)
    held = bar.value()
    assert not transcript.following
    ready.say(round_of(reply, 1, ["More.\n\n"] * 40))
    qtbot.waitUntil(lambda: bar.maximum() > held + 500)
    assert bar.value() == held
    assert transcript.latest.isVisible()
    QTest.mouseClick(transcript.latest, Qt.MouseButton.LeftButton)
    assert bar.value() == bar.maximum()
    ready.say(round_of(reply, 2, ["End.\n\n"] * 40))
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() and bar.maximum() > held + 900)


@pytest.mark.parametrize("finish", ["finished", "length", "cancelled"])
def test_the_footer_is_one_line_in_a_window_of_usual_width(
    qtbot: QtBot, ready: Rig, finish: Finish
) -> None:
    window = ready.program.window
    window.resize(1280, 800)
    record = reply_of(drafted_reply(240), plain_tps=30.0, finish=finish)
    question = ChatMessage(id="q", role="user", text="Go on.")
    reply = ChatMessage(id="a", role="assistant", text="Yes.", parent="q", reply=record)
    ready.program.models.chat.open(
        Chat(id="c", title="C", created=0.0, messages=(question, reply), tip="a")
    )
    settle(qtbot, window.transcript)
    figures = last(window.transcript).footer.figures
    qtbot.waitUntil(lambda: figures.isVisible() and 400 < figures.width() < 560)
    assert len(figures.areas) == 4
    assert len({area.top() for area in figures.areas}) == 1


def test_a_long_sentence_under_a_reply_gives_way_to_a_narrow_window(
    qtbot: QtBot, ready: Rig
) -> None:
    window = ready.program.window
    window.resize(1600, 800)
    why = Failed(text="The prompt is longer than the context of this model: shorten it. " * 3)
    question = ChatMessage(id="q", role="user", text="Go on.")
    record = reply_of(drafted_reply(40), finish=why)
    reply = ChatMessage(id="a", role="assistant", text="Yes.", parent="q", reply=record)
    ready.program.models.chat.open(
        Chat(id="c", title="C", created=0.0, messages=(question, reply), tip="a")
    )
    settle(qtbot, window.transcript)
    window.resize(900, 800)
    viewport = window.transcript.viewport()
    page = child(viewport, QWidget, "transcript")
    qtbot.waitUntil(lambda: viewport.width() < 660 and page.width() == viewport.width())
    figures = last(window.transcript).footer.figures
    qtbot.waitUntil(lambda: figures.areas[-1].right() < figures.width())
    assert figures.height() == figures.areas[-1].bottom() + 1


def test_the_footer_comes_with_the_end(qtbot: QtBot, ready: Rig) -> None:
    transcript = ready.program.window.transcript
    ready.program.models.chat.send("Hello")
    ready.write("Some words in reply.")
    assert last(transcript).footer.isHidden()
    ready.finish()
    assert not last(transcript).footer.isHidden()
    assert last(transcript).footer.text.startswith("61.3 tok/s · 78 % accepted")


def test_a_waiting_reply_names_its_phase(ready: Rig) -> None:
    transcript = ready.program.window.transcript
    ready.program.models.chat.send("Hello")
    assert last(transcript).wait.text() == "Waiting for the engine · 0 s"
    reply = ready.request().id
    ready.say(PromptProgress(id=reply, done=5, total=10, reused=0))
    ready.program.models.overlay.publish()
    assert last(transcript).wait.text() == "Reading the prompt: 5 of 10 · 0 s"
    ready.say(round_of(reply, 0, ["Word"]))
    assert last(transcript).wait.isHidden()


def test_a_death_leaves_the_words_and_the_reason(qtbot: QtBot, ready: Rig) -> None:
    window = ready.program.window
    ready.program.models.chat.send("Hello")
    ready.say(round_of(ready.request().id, 0, ["Half a"]))
    ready.engine.say(Death(reason="crashed (signal 11)"))
    reply = last(window.transcript)
    assert reply.message.text == "Half a"
    assert reply.footer.text == "engine died: it crashed (signal 11)"
    assert window.banner.isVisible()
    assert "crashed (signal 11)" in window.banner.text.text()


def test_thoughts_are_folded(qtbot: QtBot, ready: Rig) -> None:
    transcript = ready.program.window.transcript
    ready.program.models.chat.send("Hello")
    reply = ready.request().id
    ready.say(round_of(reply, 0, ["Hmm", " so."], thought=True))
    thought = last(transcript).thought
    assert thought is not None
    assert "Thinking" in thought.button.text()
    ready.say(round_of(reply, 1, ["Yes."]))
    qtbot.waitUntil(lambda: "Thought for" in thought.button.text())
    ready.finish()
    assert thought.frame.isHidden()
    assert "Thought for" in thought.button.text()
    thought.button.click()
    assert not thought.frame.isHidden()
    assert thought.text.toPlainText() == "Hmm so."


def test_a_thought_never_is_a_window_of_its_own(qtbot: QtBot, ready: Rig) -> None:
    window = ready.program.window
    with qtbot.waitActive(window):
        window.activateWindow()
    ready.program.models.chat.send("Hello")
    ready.say(round_of(ready.request().id, 0, ["Hmm"], thought=True))
    ready.program.models.chat.streaming.flush()
    QApplication.processEvents()
    assert last(window.transcript).thought is not None
    assert window.isActiveWindow()


def test_a_long_chat_opens_quickly_and_in_full(qtbot: QtBot, ready: Rig) -> None:
    chat, transcript = ready.program.models.chat, ready.program.window.transcript
    chat.open(long_chat(2000))
    assert len(transcript.views) == 6  # no more than are in sight; the others come in slices
    QApplication.processEvents()
    assert len(transcript.views) < 100
    bar = transcript.verticalScrollBar()
    at_the_end(qtbot, transcript)
    before = len(transcript.views)
    below = bar.maximum()
    bar.setValue(bar.minimum())
    settle(qtbot, transcript)
    assert len(transcript.views) > before
    assert bar.maximum() - bar.value() == below  # what one was reading stays where it was
    assert bar.value() > 1000


def at_the_end(qtbot: QtBot, transcript: Transcript) -> None:
    bar = transcript.verticalScrollBar()
    settle(qtbot, transcript)
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())


def scroll_to(qtbot: QtBot, transcript: Transcript, row: int) -> None:
    """Up or down, as one does: a bit at a time."""
    bar = transcript.verticalScrollBar()
    for _ in range(600):
        if transcript.hidden_above <= row < transcript.end:
            view = transcript.views[row - transcript.hidden_above]
            bar.setValue(max(0, view.y() - 100))
            return
        bar.setValue(bar.value() + (-1500 if row < transcript.hidden_above else 1500))
        QApplication.processEvents()
    raise AssertionError(row, transcript.hidden_above, transcript.end)


def text_blocks() -> int:
    return sum(isinstance(widget, TextBlock) for widget in QApplication.allWidgets())


def test_a_slice_renders_builds_or_adds_and_never_two_of_these(ready: Rig) -> None:
    transcript = ready.program.window.transcript
    ready.program.models.chat.open(long_chat(60))
    filling = child(transcript, QTimer, "filling")
    filling.stop()
    while transcript.hidden_above > 60 - 24:
        rendered, hidden = render.cache_info().misses, transcript.hidden_above
        reply = ready.program.models.chat.messages.at(hidden - 1).role == "assistant"
        before = text_blocks()
        filling.timeout.emit()
        rendered = render.cache_info().misses - rendered
        added = hidden - transcript.hidden_above
        built = text_blocks() > before
        assert rendered + added + built <= 1
        assert not (reply and built)
        QApplication.processEvents()  # the blocks of a reply come in turns of their own
    assert [len(view.texts()) > 0 for view in transcript.views] == [True] * 24


@pytest.mark.slow
def test_views_far_from_the_eye_are_taken_down_and_come_back(qtbot: QtBot, ready: Rig) -> None:
    chat, transcript = ready.program.models.chat, ready.program.window.transcript
    chat.open(long_chat(160))
    at_the_end(qtbot, transcript)
    for row in (80, 10, 120, 40):
        scroll_to(qtbot, transcript, row)
        settle(qtbot, transcript)
        shown = [view.message.id for view in transcript.views]
        stored = [m.id for m in chat.messages.messages[transcript.hidden_above : transcript.end]]
        assert shown == stored
        assert transcript.end + transcript.hidden_below == 160
        assert len(transcript.views) < 100
    assert transcript.hidden_below > 20
    transcript.scroll_to_end()
    at_the_end(qtbot, transcript)
    assert transcript.end == 160


@pytest.mark.slow
def test_what_comes_at_the_end_moves_nothing_far_above(qtbot: QtBot, ready: Rig) -> None:
    chat, transcript = ready.program.models.chat, ready.program.window.transcript
    chat.open(long_chat(160))
    at_the_end(qtbot, transcript)
    scroll_to(qtbot, transcript, 10)
    settle(qtbot, transcript)
    assert transcript.hidden_below
    views, at = list(transcript.views), transcript.verticalScrollBar().value()
    for number in (160, 161):  # as from another window
        chat.history.append(
            ChatMessage(id=str(number), parent=str(number - 1), role="user", text="New.")
        )
    QApplication.processEvents()
    assert transcript.views == views
    assert transcript.verticalScrollBar().value() == at
    assert transcript.end + transcript.hidden_below == 162
    transcript.scroll_to_end()
    at_the_end(qtbot, transcript)
    assert transcript.views[-1].message.text == "New."


def test_nothing_is_built_below_as_long_as_something_is_above(qtbot: QtBot, ready: Rig) -> None:
    chat, transcript = ready.program.models.chat, ready.program.window.transcript
    chat.open(long_chat(160))
    at_the_end(qtbot, transcript)
    scroll_to(qtbot, transcript, 50)
    settle(qtbot, transcript)
    end = transcript.end
    bar = transcript.verticalScrollBar()
    bar.setValue(0)
    bar.setValue(bar.maximum())
    assert transcript.filling
    assert transcript.end == end < 160
    qtbot.waitUntil(lambda: transcript.end > end)


@pytest.mark.slow
def test_a_question_asked_from_far_above_is_seen(qtbot: QtBot, ready: Rig) -> None:
    chat, transcript = ready.program.models.chat, ready.program.window.transcript
    chat.open(long_chat(120))
    at_the_end(qtbot, transcript)
    scroll_to(qtbot, transcript, 20)
    settle(qtbot, transcript)
    assert transcript.hidden_below
    chat.send("And now?")
    assert transcript.end == 122
    assert transcript.following


@pytest.mark.slow
def test_messages_deleted_below_the_views_leave_no_room(qtbot: QtBot, ready: Rig) -> None:
    chat, transcript = ready.program.models.chat, ready.program.window.transcript
    chat.open(long_chat(120))
    at_the_end(qtbot, transcript)
    scroll_to(qtbot, transcript, 20)
    settle(qtbot, transcript)
    for first in (115, transcript.end + 1, transcript.end - 5):
        chat.messages.show(chat.messages.messages[:first])
        assert transcript.end + transcript.hidden_below == first


def test_a_reply_cut_off_before_its_first_word_is_not_waited_for(ready: Rig) -> None:
    chat, transcript = ready.program.models.chat, ready.program.window.transcript
    messages = (
        ChatMessage(id="q", role="user", text="Hello"),
        ChatMessage(id="a", role="assistant", text="", parent="q"),
    )
    chat.open(Chat(id="c", title="t", created=0.0, messages=messages, tip="a"))
    assert last(transcript).wait.isHidden()
    assert last(transcript).footer.text == "no numbers were saved"


def test_new_text_is_painted_once(ready: Rig) -> None:
    """Not once before it has its height, and again with each layout that takes note of it."""
    program = ready.program
    program.models.chat.send("Go")
    reply = ready.request().id
    ready.say(round_of(reply, 0, ["First.\n\n"]))
    QApplication.processEvents()
    bar = program.window.transcript.verticalScrollBar()
    for index in range(1, 30):
        ready.say(round_of(reply, index, ["A paragraph of its own.\n\n"]))
        program.models.chat.streaming.flush()
        maximum = bar.maximum()
        QApplication.processEvents()
        assert bar.maximum() == maximum  # all that grows has grown before the first paint
    assert bar.maximum() > 0


def test_another_width_leaves_what_one_reads_at_its_place(qtbot: QtBot, ready: Rig) -> None:
    window, transcript = ready.program.window, ready.program.window.transcript
    ready.program.models.chat.send("Go")
    ready.write("\n\n".join(f"Paragraph {n}. " + "Words to be wrapped. " * 20 for n in range(30)))
    ready.finish()
    window.page.show_overlay(shown=False)  # in a narrow window it would move the conversation
    settle(qtbot, transcript)
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    reply = last(transcript)
    place = bar.value() - reply.y()
    row = max(row for row in reply.blocks() if (reply.block_top(row) or 0) <= place)
    before = (reply.block_top(row) or 0) - place
    window.resize(640, window.height())
    qtbot.waitUntil(lambda: bar.maximum() > 0 and window.width() == 640)
    settle(qtbot, transcript)
    assert bar.value() - reply.y() > place  # there is more above it
    assert (reply.block_top(row) or 0) - (bar.value() - reply.y()) == before
