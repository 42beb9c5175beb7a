"""What is offered with a message, and when it is grey."""

from __future__ import annotations

from app.domain.conversation import Attachment, ChatMessage
from app.domain.tree import Place
from app.viewmodels.chat.message_acts import VARIANTS, Act, copied, perform, row
from mtp_mlx.wire import Generate
from tests.app.conftest import Rig
from tests.app.viewmodels.chat.test_branching import ask, chat_of, shown, stop_early


def test_a_reply_and_a_question(ready: Rig) -> None:
    chat = chat_of(ready)
    ask(ready, "Hello", "A.")
    question, reply = (row(chat, message) for message in chat.messages.messages)
    assert question.offered == question.enabled == {Act.COPY, Act.EDIT, Act.DELETE}
    assert reply.offered == reply.enabled == {Act.COPY, Act.COPY_PLAIN, Act.DELETE, *VARIANTS}
    assert (reply.place, reply.obstacle) == (Place(1, 1), "")


def test_while_a_reply_is_written_one_can_only_copy(ready: Rig) -> None:
    chat = chat_of(ready)
    ask(ready, "Hello", "A.")
    chat.regenerate()
    question = row(chat, chat.messages.at(0))
    assert question.enabled == {Act.COPY}
    assert "Esc" in question.obstacle
    first = chat.chat.messages[1]
    assert row(chat, first).enabled == {Act.COPY, Act.COPY_PLAIN}
    assert {Act.PREVIOUS, Act.NEXT} <= row(chat, first).offered


def test_versions_have_ends(ready: Rig) -> None:
    chat = chat_of(ready)
    ask(ready, "Hello", "A.")
    for _ in range(2):
        chat.regenerate()
        ready.finish()
    replies = chat.chat.messages[1:]
    steps = [row(chat, reply).enabled & {Act.PREVIOUS, Act.NEXT} for reply in replies]
    assert steps == [{Act.NEXT}, {Act.PREVIOUS, Act.NEXT}, {Act.PREVIOUS}]


def test_only_a_stopped_reply_can_be_continued(ready: Rig) -> None:
    chat = chat_of(ready)
    stop_early(ready)
    assert Act.CONTINUE in row(chat, chat.messages.at(1)).enabled


def test_a_question_without_a_reply_can_be_asked_again(ready: Rig) -> None:
    chat = chat_of(ready)
    ask(ready, "Hello", "A.")
    chat.branches.delete(chat.messages.at(1).id)
    assert Act.AGAIN in row(chat, chat.messages.at(0)).enabled
    perform(chat, Act.AGAIN, chat.messages.at(0).id)
    assert chat.writing


def test_each_act_is_done(ready: Rig) -> None:
    chat = chat_of(ready)
    stop_early(ready)
    perform(chat, Act.CONTINUE, chat.messages.at(1).id)
    assert ready.request().continue_reply
    ready.finish()
    perform(chat, Act.AGAIN_MTP_OFF, chat.messages.at(1).id)
    assert ready.request().mtp == "off"
    ready.write("B.")
    ready.finish()
    perform(chat, Act.PREVIOUS, chat.messages.at(1).id)
    assert shown(ready) == ["Count", "One,"]
    perform(chat, Act.NEXT, chat.messages.at(1).id)
    assert shown(ready) == ["Count", "B."]
    before = len([sent for sent in ready.engine.sent if isinstance(sent, Generate)])
    perform(chat, Act.COPY, chat.messages.at(1).id)
    assert len([sent for sent in ready.engine.sent if isinstance(sent, Generate)]) == before
    perform(chat, Act.DELETE, chat.messages.at(1).id)
    assert shown(ready) == ["Count", "One,"]


def test_what_is_copied() -> None:
    reply = ChatMessage(id="r", role="assistant", text="**So** it is.", thought="Hm")
    assert copied(Act.COPY, reply) == "**So** it is."
    assert copied(Act.COPY_PLAIN, reply) == "So it is."
    notes = Attachment(name="a.txt", text="x")
    question = ChatMessage(id="q", role="user", text="Why?", attachments=(notes,))
    assert copied(Act.COPY, question) == "a.txt:\n```\nx\n```\n\nWhy?"
