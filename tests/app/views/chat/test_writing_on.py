"""Ways on from the composer: a queue, a long paste, a full context, and what is set otherwise."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app import strings
from app.domain.conversation import Attachment
from app.domain.settings import MtpChoice, PairChoice, ReplySettings
from app.views.chat.composer import Composer
from app.views.chat.message_text import MessageEditor
from app.views.chat.user_view import UserView
from mtp_mlx.api import Sampling
from mtp_mlx.wire import CountTokens, Error, Generate, Load, Loaded
from tests.app.conftest import Rig, opened
from tests.app.helpers import MEMORY, PAIR, finished
from tests.app.viewmodels.chat.test_branching import ask, chat_of, sent, shown
from tests.app.viewmodels.chat.test_composing import count
from tests.app.viewmodels.sidebar.test_chat_list import talk


def composer_of(rig: Rig) -> Composer:
    return rig.program.window.composer


def enter(rig: Rig, text: str) -> None:
    composer = composer_of(rig)
    composer.text.setPlainText(text)
    QTest.keyClick(composer.text, Qt.Key.Key_Return)


def test_a_message_waits_for_the_end_of_the_reply(ready: Rig) -> None:
    composer, chat = composer_of(ready), chat_of(ready)
    enter(ready, "One?")
    assert not composer.send.isVisible()
    ready.write("First.")
    composer.text.setPlainText("Two?")
    assert composer.send.isVisible()
    assert composer.send.text() == "Send next"
    QTest.mouseClick(composer.send, Qt.MouseButton.LeftButton)
    enter(ready, "And three?")
    assert composer.text.toPlainText() == ""
    assert composer.queued.isVisible()
    assert composer.queued.words.text() == "Next: Two? And three?"
    assert chat.chat.draft == "Two?\n\nAnd three?"  # it is kept, should the program end now
    ready.finish()
    assert shown(ready)[2] == "Two?\n\nAnd three?"
    assert not composer.queued.isVisible()
    assert chat.chat.draft == ""
    ready.write("Second.")
    ready.finish()
    assert shown(ready)[3] == "Second."


def test_what_waits_is_taken_back_and_does_not_follow_a_reply_that_was_stopped(ready: Rig) -> None:
    composer, chat = composer_of(ready), chat_of(ready)
    enter(ready, "One?")
    enter(ready, "Two?")
    composer.text.setPlainText("three")
    QTest.mouseClick(composer.take_back, Qt.MouseButton.LeftButton)
    assert composer.text.toPlainText() == "Two?\n\nthree"
    QTest.keyClick(composer.text, Qt.Key.Key_Return)
    ready.say(finished(ready.request().id, "cancelled"))
    assert composer.text.toPlainText() == "Two?\n\nthree"
    assert len(shown(ready)) == 2
    QTest.keyClick(composer.text, Qt.Key.Key_Return)
    enter(ready, "Four?")
    ready.say(Error(id=ready.request().id, code="x", message="It failed.", remedy="Try again."))
    assert composer.text.toPlainText() == "Four?"
    assert len(chat.messages) == 4


def test_what_waits_is_sent_whichever_chat_is_open(ready: Rig) -> None:
    """The text written in each chat stays in that chat."""
    composer, chat, chats = composer_of(ready), chat_of(ready), ready.program.models.chats
    other = talk(ready, "Another chat")
    chat.new_chat()
    enter(ready, "One?")
    enter(ready, "Two?")
    composer.text.setPlainText("and three")
    left = chat.chat.id
    chats.open(other)
    ready.settle()
    assert not composer.queued.isVisible()
    assert composer.text.toPlainText() == ""
    chats.open(left)
    assert composer.queued.words.text() == "Next: Two?"
    assert composer.text.toPlainText() == "and three"
    chats.open(other)
    ready.settle()
    composer.text.setPlainText("begun here")
    ready.write("First.")
    ready.finish()
    assert [text for _role, text in sent(ready)] == ["One?", "First.", "Two?"]
    assert chat.chat.id == other
    assert chat.background.chat is not None
    assert chat.background.chat.id == left
    assert composer.text.toPlainText() == "begun here"
    assert shown(ready) == ["Another chat", "An answer."]
    assert not chat.writing
    told = len(ready.engine.sent)
    ready.program.models.mtp.toggle()  # the switch is the open chat's
    assert len(ready.engine.sent) == told
    ready.settle()
    marks = {row.id: row.mark for row in chats.rows.chats}
    assert marks == {left: "writing", other: ""}
    ready.write("Second.")
    ready.finish()
    ready.settle()
    assert {row.id: row.mark for row in chats.rows.chats} == {left: "unseen", other: ""}
    chats.open(left)
    ready.settle()
    assert shown(ready) == ["One?", "First.", "Two?", "Second."]
    assert composer.text.toPlainText() == "and three"
    stored = ready.stored(left)
    assert stored is not None
    assert (len(stored.messages), stored.draft) == (4, "and three")


@pytest.mark.parametrize("end", ["stopped", "failed", "the program ends"])
def test_what_waits_elsewhere_is_unsent_text_where_its_reply_does_not_end_well(
    ready: Rig, qtbot: QtBot, tmp_path: Path, end: str
) -> None:
    composer, chat = composer_of(ready), chat_of(ready)
    enter(ready, "One?")
    enter(ready, "Two?")
    composer.text.setPlainText("and three")
    left = chat.chat.id
    chat.new_chat()
    request = ready.request().id
    if end == "stopped":
        ready.say(finished(request, "cancelled"))
    elif end == "failed":
        ready.say(Error(id=request, code="x", message="It failed.", remedy="Try again."))
    else:
        ready.program.close()
        with opened(qtbot, tmp_path / "data", time.monotonic) as again:
            again.program.models.chats.open(left)
            again.settle()
            assert composer_of(again).text.toPlainText() == "Two?\n\nand three"
        return
    assert ready.request().id == request
    ready.program.models.chats.open(left)
    ready.settle()
    assert not composer.queued.isVisible()
    assert composer.text.toPlainText() == "Two?\n\nand three"
    assert len(shown(ready)) == 2


def editor_of(question: UserView) -> MessageEditor:
    assert question.editor is not None
    return question.editor


def test_an_edited_question_is_counted_before_it_is_asked(ready: Rig) -> None:
    """With what it follows, which took 42 + 347 tokens, and with its files."""
    file = Attachment(name="a.txt", text="notes")
    ask(ready, "Hello", "Hi.")
    chat_of(ready).send("Two", (file,))
    ready.write("Second.")
    ready.finish()
    question = ready.program.window.transcript.views[2]
    assert isinstance(question, UserView)
    question.edit()
    editor = editor_of(question)
    assert "Enter asks again" in editor.note.text()
    count(ready, "a.txt:\n```\nnotes\n```\n\nTwo", 20)
    assert editor.note.text().endswith("409 / 32\u2009768 tokens")
    asked = ready.request().id
    editor.text.setPlainText("x" * 100_000)  # as after a paste: asked before it is counted
    QTest.keyClick(editor.text, Qt.Key.Key_Return)
    assert editor.note.text() == "Counting its tokens before it is sent…"
    assert ready.request().id == asked
    count(ready, f"a.txt:\n```\nnotes\n```\n\n{'x' * 100_000}", 33_000)
    assert "needs 33\u2009389 tokens" in editor.note.text()
    assert not editor.ask.isEnabled()
    QTest.keyClick(editor.text, Qt.Key.Key_Return)
    assert ready.request().id == asked
    editor.text.setPlainText("y" * 50_000)
    QTest.keyClick(editor.text, Qt.Key.Key_Return)
    ready.program.models.rewriting.ask(question.message.id, "y" * 50_000)  # refused: it is counted
    count(ready, f"a.txt:\n```\nnotes\n```\n\n{'y' * 50_000}", 17_000)
    assert ready.request().id != asked
    assert shown(ready)[2] == "y" * 50_000
    ready.finish()


def test_up_in_an_empty_composer_edits_the_last_question(ready: Rig) -> None:
    composer, window = composer_of(ready), ready.program.window
    ask(ready, "Hello", "Hi.")
    composer.text.setPlainText("x")
    QTest.keyClick(composer.text, Qt.Key.Key_Up)
    question = window.transcript.views[0]
    assert isinstance(question, UserView)
    assert question.editor is None
    composer.text.clear()
    QTest.keyClick(composer.text, Qt.Key.Key_Up)
    editor = editor_of(question)
    assert editor.text.hasFocus()
    editor.text.setPlainText("Hello again")
    QTest.keyClick(editor.text, Qt.Key.Key_Return)
    assert shown(ready)[0] == "Hello again"
    assert composer.text.hasFocus()


def paste(composer: Composer, text: str) -> None:
    mime = QMimeData()
    mime.setText(text)
    composer.text.insertFromMimeData(mime)


def test_a_long_paste_may_become_a_file(ready: Rig) -> None:
    composer = composer_of(ready)
    QTest.keyClicks(composer.text, "Look: ")
    paste(composer, "short\ntext ")
    assert not composer.pasted.isVisible()
    log = "\n".join(f"line {i}" for i in range(200))
    paste(composer, log)
    assert composer.pasted.words.text() == "200 lines pasted"
    QTest.mouseClick(composer.attach_pasted, Qt.MouseButton.LeftButton)
    assert composer.text.toPlainText() == "Look: short\ntext "
    (file,) = ready.program.models.composing.attachments.values()
    assert (file.name, file.text) == ("pasted text 1.txt", log)
    assert not composer.pasted.isVisible()
    assert composer.text.hasFocus()
    QTest.keyClick(composer.text, Qt.Key.Key_Return)
    assert "line 199" in sent(ready)[0][1]


def test_paste_and_enter_at_once_are_checked(ready: Rig) -> None:
    """A text that might be too long is counted before it is sent."""
    composer = composer_of(ready)
    text = "word " * 20_000
    enter(ready, text)
    assert not [c for c in ready.engine.sent if isinstance(c, Generate)]
    assert composer.note.text() == "Counting its tokens before it is sent…"
    count(ready, text, 40_000)
    assert not [c for c in ready.engine.sent if isinstance(c, Generate)]
    assert (
        "needs 40\u2009000 tokens, and this model can read 32\u2009768 at most"
        in composer.full.text()
    )
    assert composer.text.toPlainText() == text
    other = "short " * 20_000
    enter(ready, other)
    count(ready, other, 20_000)
    assert sent(ready) == [("user", other.strip())]
    assert composer.text.toPlainText() == ""


def test_a_count_that_fails_holds_nothing_up(ready: Rig) -> None:
    enter(ready, "word " * 20_000)
    asked = [c for c in ready.engine.sent if isinstance(c, CountTokens)][-1]
    ready.say(Error(id=asked.id, code="x", message="It failed.", remedy="Try again."))
    assert len(shown(ready)) == 2


def fill(rig: Rig) -> None:
    """Three turns that take 32 000 of 32 768 tokens."""
    for turn in ("one", "two", "three"):
        assert chat_of(rig).send(turn * 300)
        rig.write(f"Reply to {turn}. " * 100)
        event = finished(rig.request().id, generated_tokens=0)
        rig.say(msgspec.structs.replace(event, prompt_tokens=32_000))


def counted(qtbot: QtBot, rig: Rig, text: str, tokens: int) -> None:
    """Answer the count of a text, which is asked for after a pause in typing."""

    def asked() -> bool:
        return any(isinstance(c, CountTokens) and c.text == text for c in rig.engine.sent)

    qtbot.waitUntil(asked)
    count(rig, text, tokens)


def test_a_full_context_is_no_end(qtbot: QtBot, ready: Rig) -> None:
    composer, chat, window = composer_of(ready), chat_of(ready), ready.program.window
    fill(ready)
    text = "And this? " * 40
    enter(ready, text)
    assert not composer.leave_out.isVisible()
    chat.stop()
    stopped = finished(ready.request().id, "cancelled", generated_tokens=0)
    ready.say(msgspec.structs.replace(stopped, prompt_tokens=32_100))
    text = "Or this? " * 40
    composer.text.setPlainText(text)
    counted(qtbot, ready, text, 900)
    assert "needs 33\u2009000 tokens" in composer.full.text()
    assert composer.leave_out.isVisible()
    assert composer.go_on.isVisible()
    QTest.mouseClick(composer.leave_out, Qt.MouseButton.LeftButton)
    assert not composer.leave_out.isVisible()
    assert composer.text.hasFocus()
    before = len(shown(ready))
    QTest.keyClick(composer.text, Qt.Key.Key_Return)
    assert len(shown(ready)) == before + 2  # all that was said is still there
    assert "one" not in sent(ready)[0][1]
    assert sent(ready)[0][0] == "user"
    ready.say(finished(ready.request().id))
    stored = ready.stored()
    assert stored is not None
    assert stored.sent_from == chat.chat.sent_from
    grey = window.theme.current.color("text_muted")
    views = window.transcript.views

    def greyed() -> list[bool]:
        return [view.palette().color(QPalette.ColorRole.Text) == grey for view in views]

    qtbot.waitUntil(lambda: greyed()[0])
    cut = greyed().index(False)
    assert cut > 0
    assert not any(greyed()[cut:])
    first = views[cut]
    assert isinstance(first, UserView)
    assert first.cut is not None
    assert f"{cut} messages above" in first.cut.words.text()
    QTest.mouseClick(first.cut.again, Qt.MouseButton.LeftButton)
    assert chat.chat.sent_from is None


def test_a_full_context_may_be_a_longer_one(qtbot: QtBot, ready: Rig) -> None:
    composer = composer_of(ready)
    fill(ready)
    text = "And this? " * 40
    composer.text.setPlainText(text)
    counted(qtbot, ready, text, 900)
    assert composer.leave_out.isVisible()
    assert not composer.lengthen.isVisible()  # the model was made for no more
    pair = replace(PAIR, longest_context=131_072)
    ready.program.models.pairs.load(PairChoice(target="/models/long"))
    ready.say(Loaded(pair=pair, memory=replace(MEMORY, context=65_536)))
    assert composer.lengthen.isVisible()
    assert composer.lengthen.text() == strings.LONGER_CONTEXT.format(tokens="65\u2009536")
    QTest.mouseClick(composer.lengthen, Qt.MouseButton.LeftButton)
    load = ready.engine.sent[-1]
    assert isinstance(load, Load)
    assert (load.target, load.context) == ("/models/long", 65_536)
    ready.say(Loaded(pair=replace(pair, context_length=65_536), memory=MEMORY))
    assert composer.text.toPlainText() == text  # still to be sent
    assert not composer.full.isVisible()
    assert not composer.lengthen.isVisible()


def test_what_the_engine_finds_too_long_has_ways_on_too(ready: Rig) -> None:
    composer, chat = composer_of(ready), chat_of(ready)
    ask(ready, "Hello " * 50, "Hi. " * 50)
    chat.send("And now?")
    too_long = {"code": "prompt_too_long", "message": "Too long.", "remedy": "Shorten it."}
    ready.say(Error(id=ready.request().id, **too_long))
    assert composer.leave_out.isVisible()
    QTest.mouseClick(composer.leave_out, Qt.MouseButton.LeftButton)
    chat.regenerate()
    assert sent(ready) == [("user", "And now?")]
    ready.write("Yes.")
    ready.finish()
    assert not composer.leave_out.isVisible()


def test_a_full_chat_goes_on_in_a_new_one(qtbot: QtBot, ready: Rig) -> None:
    composer, chat = composer_of(ready), chat_of(ready)
    chat.set_settings(ReplySettings(system="Be brief."))
    fill(ready)
    old = chat.chat
    text = "And this? " * 40
    composer.text.setPlainText(text)
    counted(qtbot, ready, text, 900)
    QTest.mouseClick(composer.go_on, Qt.MouseButton.LeftButton)
    assert chat.chat.id != old.id
    assert chat.chat.settings.system == "Be brief."
    assert composer.text.toPlainText() == text
    assert shown(ready)[0].startswith("three")
    assert not {message.id for message in chat.chat.messages} & {m.id for m in old.messages}
    QTest.keyClick(composer.text, Qt.Key.Key_Return)
    assert [role for role, _ in sent(ready)] == ["system", "user", "assistant", "user"]
    ready.say(finished(ready.request().id))
    stored, before = ready.stored(), ready.stored(old.id)
    assert stored is not None
    assert before is not None
    assert len(stored.messages) == 4
    assert len(before.messages) == 6


def test_settings_that_differ_are_shown_and_do_not_pass_silently(ready: Rig) -> None:
    composer, chat = composer_of(ready), chat_of(ready)
    assert not composer.differs.isVisible()
    chat.set_settings(
        ReplySettings(
            system="Be brief.",
            sampling=Sampling(temperature=0.3, top_k=64, top_p=0.95),
            seed=9,
            mtp=MtpChoice(depth=3),
        )
    )
    assert composer.differs.text() == "system prompt · T 0.3 +1"
    assert composer.differs.accessibleName().endswith("system prompt, T 0.3, seed 9")
    talk(ready, "Hello")
    chat.new_chat()
    assert chat.chat.settings == ReplySettings(mtp=MtpChoice(depth=3))
    assert not composer.differs.isVisible()
    assert composer.as_before.isVisible()
    QTest.mouseClick(composer.as_before, Qt.MouseButton.LeftButton)
    assert chat.chat.settings.system == "Be brief."
    assert composer.differs.isVisible()
    assert not composer.as_before.isVisible()
    own = PAIR.recommended
    chat.set_settings(ReplySettings(sampling=own))
    assert not composer.differs.isVisible()  # the model's own, however they were chosen


def test_an_error_belongs_to_its_chat(ready: Rig) -> None:
    window, chat = ready.program.window, chat_of(ready)
    other = talk(ready, "Other")
    chat.new_chat()
    chat.send("Too much")
    failed = chat.chat.id
    ready.program.models.chats.open(other)
    ready.settle()
    ready.say(Error(id=ready.request().id, code="x", message="It failed.", remedy="Try again."))
    assert not window.banner.isVisible()
    ready.program.models.chats.open(failed)
    ready.settle()
    assert window.banner.text.text() == "It failed. Try again."
    ready.program.models.chats.open(other)
    ready.settle()
    assert not window.banner.isVisible()
    ready.program.models.chats.open(failed)
    ready.settle()
    assert window.banner.isVisible()
    chat.send("Again")
    assert not window.banner.isVisible()


def test_a_file_that_was_refused_is_no_news_in_another_chat(ready: Rig, tmp_path: Path) -> None:
    composing = ready.program.models.composing
    composing.attach([tmp_path / "gone.txt"])
    ready.settle()
    assert composing.note.warns
    talk(ready, "Hello")
    chat_of(ready).new_chat()
    assert composing.note.text == ""
