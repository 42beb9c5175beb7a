"""A reply goes on in the chat that was left: nothing of it is lost, doubled or put elsewhere."""

from __future__ import annotations

import sqlite3

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from app.domain.conversation import Chat, ChatMessage, Died, ReplyRecord
from app.domain.settings import MtpChoice, ReplySettings
from app.engine.worker import Death
from app.services.chat_store import ChatStore
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.reply import Piece
from mtp_mlx.wire import Cancel, Command, SetMtp
from tests.app.conftest import Rig
from tests.app.helpers import finished, round_of
from tests.app.viewmodels.chat.test_branching import stop_early
from tests.app.viewmodels.sidebar.test_chat_list import talk


def chat_of(rig: Rig) -> ChatViewModel:
    return rig.program.models.chat


def stored(rig: Rig, chat_id: str) -> Chat:
    chat = rig.stored(chat_id)
    assert chat is not None
    return chat


def record_of(message: ChatMessage) -> ReplyRecord:
    assert message.reply is not None
    return message.reply


def since(rig: Rig, before: int) -> list[Command]:
    return rig.engine.sent[before:]


def leave_in_mid_reply(rig: Rig, question: str = "Trip to Kyoto") -> tuple[str, str]:
    """The ids of the chat that was left and of its reply; a new chat is open."""
    chat = chat_of(rig)
    chat.send(question)
    left, reply = chat.chat.id, rig.request().id
    rig.say(round_of(reply, 0, ["One"]))
    chat.new_chat()
    return left, reply


def test_it_goes_on_and_is_whole_at_its_end(ready: Rig) -> None:
    chat = chat_of(ready)
    left, reply = leave_in_mid_reply(ready)
    sent = len(ready.engine.sent)
    ready.say(round_of(reply, 1, [" two", " three"], depth=3, state="drafting"))
    assert chat.streaming.numbers.draft_n == 3
    ready.say(finished(reply))
    assert not any(isinstance(command, Cancel) for command in since(ready, sent))
    assert len(chat.messages) == 0
    question, message = stored(ready, left).messages
    record = record_of(message)
    assert (question.text, message.text) == ("Trip to Kyoto", "One two three")
    assert [len(r.tokens) for r in record.rounds] == [1, 2]
    assert (record.finish, record.seed, record.stats) == ("finished", 7, finished(reply).stats)
    assert chat.obstacle == ""


def test_meanwhile_the_open_chat_says_where_one_is_written(ready: Rig) -> None:
    chat = chat_of(ready)
    left, _reply = leave_in_mid_reply(ready)
    assert chat.obstacle == (
        "A reply is being written in “Trip to Kyoto”. Wait for it, or stop it there."
    )
    assert not chat.send("Hello")
    before = len(ready.engine.sent)
    chat.stop()
    assert since(ready, before) == []
    for _ in range(2):
        chat.open_written()
        assert chat.chat.id == left
        assert "Esc" in chat.obstacle
    chat.stop()
    assert since(ready, before) == [Cancel(id=ready.request().id)]


def test_it_is_saved_as_it_streams_under_its_own_chat(qtbot: QtBot, ready: Rig) -> None:
    left, reply = leave_in_mid_reply(ready)
    ready.say(round_of(reply, 1, [" two"]))
    qtbot.waitUntil(lambda: stored(ready, left).messages[1].text == "One two", timeout=2000)
    assert record_of(stored(ready, left).messages[1]).finish == "interrupted"
    assert ready.stored(chat_of(ready).chat.id) is None


def test_who_comes_back_misses_nothing_and_gets_nothing_twice(qtbot: QtBot, ready: Rig) -> None:
    chat = chat_of(ready)
    chat.send("Think")
    left, reply = chat.chat.id, ready.request().id
    ready.say(round_of(reply, 0, ["Hm\n"], thought=True), round_of(reply, 1, ["so"], thought=True))
    pieces: list[Piece] = []
    chat.streamed.connect(pieces.append)
    chat.new_chat()
    ready.say(round_of(reply, 2, ["\nOne"]), round_of(reply, 3, [" two"]))
    chat.streaming.flush()
    ready.say(round_of(reply, 4, [" three"]))
    assert pieces == []
    ready.program.models.chats.open(left)
    ready.settle()
    assert chat.writing
    ready.say(round_of(reply, 5, [" four"]), finished(reply))
    assert "".join(piece.answer for piece in pieces) == " four"
    message = chat.messages.at(1)
    assert (message.text, message.thought) == ("One two three four", "Hm\nso")
    assert stored(ready, left).messages[1] == message


def test_a_view_made_in_mid_reply_begins_with_all_of_it(ready: Rig) -> None:
    streaming = chat_of(ready).streaming
    assert streaming.catch_up() == Piece(answer="", thought="")
    chat_of(ready).send("Think")
    reply = ready.request().id
    ready.say(round_of(reply, 0, ["Hm\n"], thought=True), round_of(reply, 1, ["\nOne"]))
    ready.say(round_of(reply, 2, [" two"]))
    begun = streaming.catch_up()
    assert (begun.answer, begun.thought) == ("\nOne two", "Hm\n")
    pieces: list[Piece] = []
    streaming.streamed.connect(pieces.append)
    ready.say(round_of(reply, 3, [" three"]), finished(reply))
    assert [piece.answer for piece in pieces] == [" three"]


def test_what_ended_meanwhile_is_there_though_the_store_was_read_before(ready: Rig) -> None:
    chat = chat_of(ready)
    left, reply = leave_in_mid_reply(ready)
    before = stored(ready, left)
    ready.say(round_of(reply, 1, [" two"]), finished(reply))
    chat.open(before)
    message = chat.messages.at(1)
    assert message.text == "One two"
    assert record_of(message).finish == "finished"
    assert not chat.writing


def test_a_full_disk_costs_no_reply_that_ended_meanwhile(
    ready: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise sqlite3.OperationalError("disk full")

    left, reply = leave_in_mid_reply(ready)
    with monkeypatch.context() as full:
        full.setattr(ChatStore, "save_chat", refuse)
        ready.say(round_of(reply, 1, [" two"]), finished(reply))
    ready.program.models.chats.open(left)
    ready.settle()
    assert chat_of(ready).messages.at(1).text == "One two"


def test_opening_the_same_chat_anew_leaves_its_reply_running(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.send("Hello")
    left, reply = chat.chat.id, ready.request().id
    chat.open(stored(ready, left))
    assert chat.writing
    ready.say(round_of(reply, 0, ["Hi"]), finished(reply))
    assert chat.messages.at(1).text == "Hi"


def test_a_continued_reply_goes_on_too(ready: Rig) -> None:
    chat = chat_of(ready)
    stop_early(ready)
    left = chat.chat.id
    chat.continue_reply()
    reply = ready.request().id
    chat.new_chat()
    ready.say(round_of(reply, 0, [" two"]))
    ready.program.models.chats.open(left)
    ready.settle()
    ready.say(round_of(reply, 1, [", three"]), finished(reply))
    message = chat.messages.at(1)
    assert (message.text, message.thought) == ("One, two, three", "Hm")
    assert [r.index for r in record_of(message).rounds] == [0, 1, 0, 2]


def test_deleting_its_chat_stops_it_and_undo_brings_back_what_was_written(ready: Rig) -> None:
    chat, chats = chat_of(ready), ready.program.models.chats
    left, reply = leave_in_mid_reply(ready)
    ready.say(round_of(reply, 1, [" two"]))
    chats.delete(left)
    assert ready.engine.sent[-1] == Cancel(id=reply)
    assert chat.obstacle == "Stopping the last reply…"
    ready.say(round_of(reply, 2, [" more"]), finished(reply, "cancelled"))
    assert chat.obstacle == ""
    assert ready.stored(left) is None
    ready.program.models.undo.undo()
    message = stored(ready, left).messages[1]
    assert (message.text, record_of(message).finish) == ("One two", "cancelled")


def test_deleting_another_chat_stops_nothing(ready: Rig) -> None:
    other = talk(ready, "Other")
    chat_of(ready).new_chat()
    leave_in_mid_reply(ready)
    before = len(ready.engine.sent)
    ready.program.models.chats.delete(other)
    assert since(ready, before) == []


def test_a_title_and_a_pin_given_meanwhile_stay(ready: Rig) -> None:
    chat, chats = chat_of(ready), ready.program.models.chats
    left, reply = leave_in_mid_reply(ready)
    chats.rename(left, "Kyoto in spring")
    chats.pin(left, pinned=True)
    ready.settle()
    assert "“Kyoto in spring”" in chat.obstacle
    ready.say(round_of(reply, 1, [" two"]))
    chats.open(left)
    ready.settle()
    assert (chat.chat.title, chat.chat.pinned) == ("Kyoto in spring", True)
    chat.new_chat()
    chats.rename(left, "Kyoto")
    ready.finish()
    after = stored(ready, left)
    assert (after.title, after.pinned, after.messages[1].text) == ("Kyoto", True, "One two")


def test_a_title_given_while_a_search_hides_the_chat(ready: Rig) -> None:
    chats = ready.program.models.chats
    left, _reply = leave_in_mid_reply(ready)
    chats.search("zebra")
    chats.search_now()
    chats.rename(left, "Spring")
    chats.open(left)
    ready.settle()
    assert chat_of(ready).chat.title == "Spring"


def test_settings_and_drafts_stay_with_their_chats(ready: Rig) -> None:
    chat, chats = chat_of(ready), ready.program.models.chats
    chat.send("Trip to Kyoto")
    left = chat.chat.id
    chat.set_settings(ReplySettings(system="Be brief."))
    chat.drafts.write("And")
    chat.drafts.write("And then")
    chat.new_chat()
    chat.set_settings(ReplySettings(system="Be long."))
    chat.drafts.write("An")
    chat.drafts.write("Another")
    other = chat.chat.id
    chats.open(left)
    ready.settle()
    assert stored(ready, other).draft == "Another"
    assert (chat.chat.settings.system, chat.chat.draft) == ("Be brief.", "And then")
    chat.new_chat()
    ready.finish()
    after = stored(ready, left)
    assert (after.settings.system, after.draft) == ("Be brief.", "And then")


def test_the_end_of_the_program_keeps_it(ready: Rig) -> None:
    left, reply = leave_in_mid_reply(ready)
    ready.say(round_of(reply, 1, [" two"]))
    chat_of(ready).leave()
    assert ready.engine.sent[-1] == Cancel(id=reply)
    message = stored(ready, left).messages[1]
    assert message.text == "One two"
    assert record_of(message).finish == "interrupted"


def test_a_death_leaves_the_part_in_its_chat(ready: Rig) -> None:
    chat = chat_of(ready)
    left, reply = leave_in_mid_reply(ready)
    ready.say(round_of(reply, 1, [" two"]))
    ready.engine.say(Death(reason="crashed (signal 11)"))
    message = stored(ready, left).messages[1]
    assert (message.text, record_of(message).finish) == (
        "One two",
        Died(text="crashed (signal 11)"),
    )
    assert len(chat.messages) == 0
    banner = ready.program.models.engine.banner
    assert banner is not None
    assert "crashed (signal 11)" in banner.message


def test_both_ends_are_told_apart(ready: Rig) -> None:
    chat = chat_of(ready)
    here: list[ChatMessage] = []
    elsewhere: list[tuple[Chat, ChatMessage]] = []
    chat.reply_ended.connect(here.append)
    chat.ended_elsewhere.connect(lambda *told: elsewhere.append(told))
    left, _reply = leave_in_mid_reply(ready)
    ready.finish()
    ((ended_in, message),) = elsewhere
    assert here == []
    assert (ended_in.id, ended_in.messages[-1]) == (left, message)
    chat.send("Hello")
    ready.finish()
    assert (len(here), len(elsewhere)) == (1, 1)


def test_branches_of_the_open_chat_do_not_wait_for_another_ones_reply(ready: Rig) -> None:
    other = talk(ready, "Other")
    chat_of(ready).new_chat()
    leave_in_mid_reply(ready)
    chat = chat_of(ready)
    ready.program.models.chats.open(other)
    ready.settle()
    chat.branches.delete(chat.messages.at(1).id)
    assert [m.text for m in stored(ready, other).messages] == ["Other"]
    ready.program.models.undo.undo()
    assert [m.text for m in chat.messages.messages] == ["Other", "An answer."]


def test_messages_deleted_before_are_brought_back_meanwhile(ready: Rig) -> None:
    chat = chat_of(ready)
    left = talk(ready, "Hello")
    chat.branches.delete(chat.messages.at(1).id)
    chat.regenerate()
    chat.new_chat()
    ready.program.models.undo.undo()
    ready.program.models.chats.open(left)
    ready.settle()
    assert [m.text for m in chat.chat.messages] == ["Hello", "An answer.", ""]
    ready.write("Another.")
    ready.finish()
    assert [m.text for m in chat.messages.messages] == ["Hello", "Another."]
    assert stored(ready, left).messages == chat.chat.messages


def test_plain_speed_is_learned_in_the_background_and_the_overlay_is_the_open_chats(
    ready: Rig,
) -> None:
    overlay = ready.program.models.overlay
    learned: list[ReplyRecord] = []
    chat_of(ready).streaming.measured.connect(lambda record, _tally: learned.append(record))
    left, reply = leave_in_mid_reply(ready)
    ready.say(round_of(reply, 1, [" two", " three"], depth=3, state="drafting"))
    overlay.publish()
    assert overlay.numbers.acceptance == ""
    ready.say(finished(reply))
    assert not overlay.live.running
    assert overlay.numbers.rate == ""
    ready.program.models.chats.open(left)
    ready.settle()
    assert overlay.numbers.rate == "61.3"
    assert [len(record.rounds) for record in learned] == [2]


# The switch


def test_a_switch_in_another_chat_does_not_touch_it(ready: Rig) -> None:
    chat, mtp = chat_of(ready), ready.program.models.mtp
    left, reply = leave_in_mid_reply(ready)
    before = len(ready.engine.sent)
    ready.say(round_of(reply, 1, [" two"], depth=3, state="drafting"))
    mtp.turn(on=False)
    assert mtp.wish == MtpChoice(on=False)
    assert mtp.effect.text == "in another chat: drafting, K 3"
    ready.program.models.chats.open(left)
    ready.settle()
    assert mtp.wish == MtpChoice()
    assert mtp.effect.text == "drafting, K 3"
    assert since(ready, before) == []
    mtp.choose(2)
    assert since(ready, before) == [SetMtp(mtp=2)]
    assert mtp.effect.text == "drafting, K 3 (changes with the next round)"
    chat.new_chat()
    mtp.turn(on=False)
    ready.say(finished(reply))
    assert mtp.effect.text == "off"
    after = stored(ready, left)
    assert [switch.mtp for switch in record_of(after.messages[1]).switches] == [2]
    assert after.settings.mtp == MtpChoice(depth=2)


def test_the_switch_is_the_next_replys_once_the_one_elsewhere_has_ended(ready: Rig) -> None:
    _, reply = leave_in_mid_reply(ready)
    ready.say(finished(reply))
    chat_of(ready).send("Another")
    before = len(ready.engine.sent)
    ready.program.models.mtp.choose(2)
    assert since(ready, before) == [SetMtp(mtp=2)]


def test_a_reply_written_to_compare_stays_what_it_is(ready: Rig) -> None:
    chat, mtp = chat_of(ready), ready.program.models.mtp
    left = talk(ready, "Hello")
    chat.regenerate(variant="mtp_off")
    before = len(ready.engine.sent)
    chat.new_chat()
    mtp.choose(4)
    assert mtp.effect.text == "in another chat: off"
    ready.program.models.chats.open(left)
    ready.settle()
    assert mtp.effect.text == "off"
    ready.finish()
    assert since(ready, before) == []
    assert record_of(chat.messages.at(1)).switches == ()


def test_another_chat_opened_in_mid_comparison_spoils_nothing(ready: Rig) -> None:
    chat, compare = chat_of(ready), ready.program.models.compare
    chat.set_settings(msgspec.structs.replace(chat.chat.settings, mtp=MtpChoice(depth=2)))
    talk(ready, "Hello")
    other = msgspec.structs.replace(chat.chat, id="other", settings=ReplySettings())
    compare.begin("Count!")
    chat.open(other)
    assert compare.state.running
    assert compare.depth == 2
    for depth in ("off", 2):
        ready.say(finished(ready.request().id))
        assert ready.request().mtp == depth
    assert not any(isinstance(command, SetMtp | Cancel) for command in ready.engine.sent)
    assert chat.obstacle == "A comparison is running."


# What the list says of it


def marks(rig: Rig) -> dict[str, str]:
    rig.settle()
    rows = rig.program.models.chats.rows
    chats = (rows.chat_at(row) for row in range(rows.rowCount()))
    return {chat.title or "": chat.mark for chat in chats if chat is not None}


def test_the_list_marks_where_one_is_written_and_where_one_waits(ready: Rig) -> None:
    chat, chats = chat_of(ready), ready.program.models.chats
    left, _reply = leave_in_mid_reply(ready)
    assert marks(ready) == {"Trip to Kyoto": "writing"}
    ready.finish()
    assert marks(ready) == {"Trip to Kyoto": "unseen"}
    chat.send("Hello")
    assert marks(ready) == {"Trip to Kyoto": "unseen", "Hello": "writing"}
    ready.finish()
    assert marks(ready) == {"Trip to Kyoto": "unseen", "Hello": ""}
    chats.open(left)
    ready.settle()
    assert set(marks(ready).values()) == {""}
    chat.new_chat()
    assert set(marks(ready).values()) == {""}
