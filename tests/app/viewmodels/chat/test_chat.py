"""Send, stop, come back: nothing written is ever lost."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.domain.conversation import Died, Failed
from app.domain.settings import MtpChoice, ReplySettings
from app.engine.worker import Death
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.reply import Piece
from mtp_mlx.api import Message, Sampling
from mtp_mlx.wire import Cancel, Error
from tests.app.conftest import Rig
from tests.app.helpers import PAIR, finished, round_of, rounds


def chat_of(rig: Rig) -> ChatViewModel:
    return rig.program.models.chat


def test_nothing_can_be_sent_before_the_engine_is_ready(rig: Rig) -> None:
    chat = chat_of(rig)
    assert chat.obstacle == "The engine is starting…"
    assert not chat.send("Hello")
    assert len(chat.messages) == 0
    rig.ready()
    assert chat.obstacle == ""
    assert not chat.send("  \n ")
    assert chat.send("Hello")
    assert "Esc" in chat.obstacle
    assert not chat.send("Again")


def test_a_reply_from_the_question_to_its_record(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.send("How are you?\nReally?")
    request = ready.request()
    assert request.messages == [Message(role="user", content="How are you?\nReally?")]
    assert (request.mtp, request.sampling, request.max_tokens) == ("auto", None, 2048)
    said = ready.write("I am well, and this is said in rounds of several words.")
    ready.finish()
    question, reply = chat.messages.messages
    assert question.text == "How are you?\nReally?"
    assert chat.chat.title == "How are you?"
    assert reply.text == "I am well, and this is said in rounds of several words."
    record = reply.reply
    assert record is not None
    assert [r.depth for r in record.rounds] == [r.depth for r in said]
    assert "".join(t.text for r in record.rounds for t in r.tokens) == reply.text
    assert sum(r.accepted for r in record.rounds) == sum(r.accepted for r in said)
    assert record.rounds[1].tokens[0].source == "draft"
    assert record.finish == "finished"
    assert record.seed == 7
    assert record.sampling == PAIR.recommended
    assert record.engine.device["name"] == "A test"
    assert record.pair == PAIR
    assert not chat.writing


def test_streaming_is_coalesced_and_complete(qtbot: QtBot, ready: Rig) -> None:
    chat = chat_of(ready)
    pieces: list[Piece] = []
    chat.streamed.connect(pieces.append)
    chat.send("Go")
    text = "word " * 400
    said = list(rounds(ready.request().id, text))
    ready.say(*said)
    assert len(pieces) <= 3
    ready.finish()
    assert "".join(piece.answer for piece in pieces) == text
    assert len(pieces) <= 4 < len(said)


def test_thoughts_are_kept_apart(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.send("Think")
    reply = ready.request().id
    ready.say(
        round_of(reply, 0, ["Let", " me"], thought=True),
        round_of(reply, 1, [" see."], thought=True),
        round_of(reply, 2, ["\n\nDone."]),
        finished(reply),
    )
    message = chat.messages.at(1)
    assert (message.thought, message.text) == ("Let me see.", "Done.")
    assert message.thought_seconds is not None
    chat.send("And?")
    turns = ready.request().messages
    assert turns is not None
    assert turns[1] == Message(role="assistant", content="Done.")


def test_stop_keeps_what_was_written(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.send("Count")
    reply = ready.request().id
    ready.say(round_of(reply, 0, ["One"]), round_of(reply, 1, [" two"]))
    chat.stop()
    assert ready.engine.sent[-1] == Cancel(id=reply)
    ready.say(round_of(reply, 2, [" three"]), finished(reply, "cancelled"))
    message = chat.messages.at(1)
    assert message.text == "One two three"
    assert message.reply is not None
    assert message.reply.finish == "cancelled"
    assert message.reply.stats is not None


def test_a_death_keeps_the_partial_reply_and_says_why(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.send("Count")
    reply = ready.request().id
    ready.say(round_of(reply, 0, ["One"]), round_of(reply, 1, [" two"]))
    ready.engine.say(Death(reason="crashed (signal 11)"))
    message = chat.messages.at(1)
    assert message.text == "One two"
    assert message.reply is not None
    assert message.reply.finish == Died(text="crashed (signal 11)")
    assert message.reply.stats is None
    assert len(message.reply.rounds) == 2
    stored = ready.stored(chat.chat.id)
    assert stored is not None
    assert stored.messages[1] == message
    ready.say(round_of(reply, 2, [" ghost"]))
    assert chat.messages.at(1).text == "One two"


def test_rounds_of_another_reply_are_not_mixed_in(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.send("Count")
    reply = ready.request().id
    ready.say(round_of(reply, 0, ["One"]), round_of("stale", 9, [" ghost"]), finished("stale"))
    assert chat.writing
    ready.say(finished(reply))
    assert chat.messages.at(1).text == "One"


def test_an_error_ends_the_reply_it_names(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.send("Long")
    ready.say(
        Error(code="prompt_too_long", message="Too long.", remedy="Shorten.", id=ready.request().id)
    )
    message = chat.messages.at(1)
    assert message.reply is not None
    assert message.reply.finish == Failed(code="prompt_too_long", text="Too long.")
    assert chat.obstacle == ""
    banner = ready.program.models.engine.banner
    assert banner is not None
    assert banner.message == "Too long. Shorten."


def test_a_question_whose_reply_failed_is_asked_with_the_next(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.send("First")
    ready.say(Error(code="x", message="No.", remedy="", id=ready.request().id))
    chat.send("Second")
    assert ready.request().messages == [Message(role="user", content="First\n\nSecond")]


def test_settings_are_sent(ready: Rig) -> None:
    chat = chat_of(ready)
    law = Sampling(temperature=0.5, top_k=10)
    chat.set_settings(
        ReplySettings(
            system="Be brief.",
            sampling=law,
            seed=5,
            max_tokens=64,
            thinking=True,
            verify="block",
            mtp=MtpChoice(on=True, depth=4),
        )
    )
    chat.send("Hello")
    request = ready.request()
    assert request.messages is not None
    assert request.messages[0] == Message(role="system", content="Be brief.")
    assert (request.sampling, request.seed, request.max_tokens) == (law, 5, 64)
    assert request.thinking
    assert (request.verify, request.mtp) == ("block", 4)
    ready.write("Hi.")
    ready.finish()
    record = chat.messages.at(1).reply
    assert record is not None
    assert record.verify == "block"


def test_the_switch_is_recorded_where_it_was_turned(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.send("Hello")
    reply = ready.request().id
    ready.say(round_of(reply, 0, ["a"]))
    ready.program.models.mtp.turn(on=False)
    ready.say(round_of(reply, 1, ["b"]), finished(reply))
    record = chat.messages.at(1).reply
    assert record is not None
    assert record.mtp == "auto"
    assert [switch.mtp for switch in record.switches] == ["off"]


def test_a_long_first_line_makes_a_short_title(ready: Rig) -> None:
    chat_of(ready).send("word " * 40)
    assert len(chat_of(ready).chat.title or "") <= 60


def test_a_chat_is_opened_as_it_was_left(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.set_settings(ReplySettings(system="Be brief."))
    chat.send("Hello")
    ready.write("Hi there.")
    ready.finish()
    left = ready.stored(chat.chat.id)
    assert left is not None
    chat.new_chat()
    chat.open(left)
    assert chat.messages.messages == left.messages
    assert chat.chat == left


def test_between_replies_nothing_is_being_written(ready: Rig) -> None:
    chat = chat_of(ready)
    assert chat.streaming.part() is None
    chat.send("Go")
    part = chat.streaming.part()
    assert part is not None
    assert part.reply is not None
    assert part.reply.finish == "interrupted"
    ready.finish()
    assert chat.streaming.part() is None
