"""Editing, writing again, continuing, deleting: what was there stays beside what is new."""

from __future__ import annotations

import sqlite3

import msgspec
import pytest

from app.domain.conversation import Attachment, ChatMessage, ReplyRecord
from app.domain.settings import ReplySettings
from app.domain.tree import Place
from app.engine.worker import Death
from app.services.chat_store import ChatStore
from app.viewmodels.chat.asking import Variant
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.history import Removed
from mtp_mlx.api import Message, Sampling
from mtp_mlx.wire import Error
from tests.app.conftest import Rig
from tests.app.helpers import finished, round_of
from tests.app.viewmodels.sidebar.test_chat_list import banner


def chat_of(rig: Rig) -> ChatViewModel:
    return rig.program.models.chat


def ask(rig: Rig, question: str, answer: str) -> str:
    """The reply's id."""
    assert chat_of(rig).send(question)
    rig.write(answer)
    rig.finish()
    return tip(rig)


def tip(rig: Rig) -> str:
    """The id of the last message that is read."""
    return chat_of(rig).chat.tip or ""


def shown(rig: Rig) -> list[str]:
    return [message.text for message in chat_of(rig).messages.messages]


def stored(rig: Rig) -> tuple[ChatMessage, ...]:
    chat = rig.stored(chat_of(rig).chat.id)
    assert chat is not None
    return chat.messages


def sent(rig: Rig) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in rig.request().messages or []]


def test_writing_again_stands_beside_the_first_reply(ready: Rig) -> None:
    chat = chat_of(ready)
    assert not chat.can_regenerate
    assert not chat.regenerate()
    first = ask(ready, "Hello", "First answer.")
    asked = ready.request()
    assert chat.regenerate()
    assert not chat.can_regenerate
    assert ready.request().messages == asked.messages
    assert ready.request().seed != asked.seed
    ready.write("Second answer.")
    ready.finish()
    assert shown(ready) == ["Hello", "Second answer."]
    assert chat.history.place(tip(ready)) == Place(2, 2)
    chat.branches.show_sibling(tip(ready), -1)
    assert shown(ready) == ["Hello", "First answer."]
    assert [m.text for m in stored(ready)] == ["Hello", "First answer.", "Second answer."]
    chat.branches.show_sibling(first, -1)
    assert shown(ready) == ["Hello", "First answer."]


def test_the_branch_one_reads_is_the_one_opened_again(ready: Rig) -> None:
    chat = chat_of(ready)
    ask(ready, "Hello", "First answer.")
    chat.regenerate()
    ready.write("Second answer.")
    ready.finish()
    chat.branches.show_sibling(tip(ready), -1)
    again = ready.stored(chat.chat.id)
    assert again is not None
    chat.new_chat()
    chat.open(again)
    assert shown(ready) == ["Hello", "First answer."]


def test_any_reply_can_be_written_again(ready: Rig) -> None:
    chat = chat_of(ready)
    first = ask(ready, "One", "A.")
    ask(ready, "Two", "B.")
    assert chat.regenerate(first)
    assert sent(ready) == [("user", "One")]
    ready.write("A again.")
    ready.finish()
    assert shown(ready) == ["One", "A again."]
    chat.branches.show_sibling(tip(ready), -1)
    assert shown(ready) == ["One", "A.", "Two", "B."]


def test_an_edited_question_is_asked_at_once_on_a_branch_of_its_own(ready: Rig) -> None:
    chat = chat_of(ready)
    ask(ready, "One", "A.")
    ask(ready, "Two", "B.")
    question = chat.messages.at(2)
    assert chat.edit(question.id, " Two, but better ")
    assert sent(ready) == [("user", "One"), ("assistant", "A."), ("user", "Two, but better")]
    ready.write("C.")
    ready.finish()
    assert shown(ready) == ["One", "A.", "Two, but better", "C."]
    chat.branches.show_sibling(chat.messages.at(2).id, -1)
    assert shown(ready) == ["One", "A.", "Two", "B."]
    opening = chat.messages.at(0).id
    assert chat.edit(opening, "Zero")
    ready.finish()
    assert sent(ready) == [("user", "Zero")]
    assert chat.chat.title == "One"


def test_what_cannot_be_edited(ready: Rig) -> None:
    chat = chat_of(ready)
    reply = ask(ready, "One", "A.")
    question = chat.messages.at(0).id
    assert not chat.edit(reply, "x")
    assert not chat.edit("gone", "x")
    assert not chat.edit(question, "  ")
    ready.engine.say(Death(reason="crashed"))
    assert not chat.edit(question, "x")
    assert not chat.regenerate(reply)
    assert shown(ready) == ["One", "A."]


def test_an_edited_question_keeps_its_files(ready: Rig) -> None:
    chat = chat_of(ready)
    notes = Attachment(name="notes.txt", text="Text")
    assert chat.send("", [notes])
    assert chat.chat.title == "notes.txt"
    ready.finish()
    assert chat.edit(chat.messages.at(0).id, "What is this?")
    assert chat.messages.at(0).attachments == (notes,)
    assert sent(ready) == [("user", "notes.txt:\n```\nText\n```\n\nWhat is this?")]
    ready.finish()
    assert chat.edit(chat.messages.at(0).id, "")


@pytest.mark.parametrize(
    ("variant", "mtp", "same_seed"),
    [
        ("plain", 4, False),
        ("mtp_off", "off", True),
        ("mtp_on", 4, True),
        ("same_seed", 4, True),
        ("another_seed", 4, False),
    ],
)
def test_variants_of_writing_again(
    ready: Rig, variant: Variant, mtp: object, *, same_seed: bool
) -> None:
    ready.program.models.mtp.choose(4)
    reply = ask(ready, "Hello", "A.")
    record = chat_of(ready).messages.at(1).reply
    assert record is not None
    assert chat_of(ready).regenerate(reply, variant)
    assert ready.request().mtp == mtp
    assert (ready.request().seed == record.seed) is same_seed


def test_a_fixed_seed_holds_but_for_another_one(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.set_settings(ReplySettings(seed=5))
    reply = ask(ready, "Hello", "A.")
    chat.regenerate(reply)
    assert ready.request().seed == 5
    ready.finish()
    chat.regenerate(reply, "another_seed")
    assert ready.request().seed != 5


def test_a_reply_to_compare_leaves_the_switch_alone(ready: Rig) -> None:
    mtp = ready.program.models.mtp
    reply = ask(ready, "Hello", "A.")
    chat_of(ready).regenerate(reply, "mtp_off")
    assert mtp.wish.on
    assert mtp.effect.text == "off"
    ready.finish()
    chat_of(ready).regenerate(reply, "mtp_on")
    assert mtp.effect.text == "on once the prompt is read"
    mtp.turn(on=False)
    assert mtp.effect.text == "off"


def stop_early(rig: Rig) -> str:
    chat = chat_of(rig)
    chat.send("Count")
    reply = rig.request().id
    rig.say(
        round_of(reply, 0, ["Hm"], thought=True),
        round_of(reply, 1, ["One,"], depth=1),
        finished(reply, "cancelled"),
    )
    return tip(rig)


def test_a_stopped_reply_goes_on_in_its_place(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.set_settings(ReplySettings(system="Be brief.", thinking=True))
    reply = stop_early(ready)
    before = chat.messages.at(1)
    assert before.reply is not None
    chat.set_settings(ReplySettings(sampling=Sampling(temperature=0.1)))
    assert chat.continue_reply()
    request = ready.request()
    assert (request.continue_reply, tip(ready)) == (True, reply)
    assert request.messages == [
        Message(role="user", content="Count"),
        Message(role="assistant", content="One,"),
    ]
    assert (request.seed, request.sampling) == (before.reply.seed, before.reply.sampling)
    kept = stored(ready)[1]
    assert kept.text == "One,"
    ready.say(
        round_of(ready.request().id, 0, [" two"]),
        round_of(ready.request().id, 1, [", three"]),
        finished(ready.request().id),
    )
    after = chat.messages.at(1)
    assert (after.text, after.thought) == ("One, two, three", "Hm")
    assert after.thought_seconds == before.thought_seconds
    assert after.reply is not None
    assert [r.index for r in after.reply.rounds] == [0, 1, 0, 2]
    assert after.reply.finish == "finished"
    assert stored(ready)[1] == after
    assert len(chat.chat.messages) == 2
    assert not chat.continue_reply()


def test_a_continued_reply_is_measured_as_a_whole_and_learned_from_once(ready: Rig) -> None:
    chat = chat_of(ready)
    learned: list[ReplyRecord] = []
    chat.streaming.measured.connect(lambda record, _tally: learned.append(record))
    stop_early(ready)
    chat.continue_reply()
    ready.say(
        round_of(ready.request().id, 0, [" two"]),
        round_of(ready.request().id, 1, [", three"], depth=2),
    )
    assert [len(record.tokens) for record in chat.streaming.rounds] == [1, 1, 1, 1]
    assert chat.streaming.numbers.generated_tokens == 4
    assert chat.streaming.numbers.draft_rounds == 2
    ready.program.models.mtp.turn(on=False)
    ready.say(finished(ready.request().id))
    assert chat.streaming.rounds == ()
    whole = chat.messages.at(1).reply
    assert whole is not None
    assert len(whole.rounds) == 4
    assert [switch.mtp for switch in whole.switches] == ["off"]
    assert [len(record.rounds) for record in learned] == [2, 2]


def test_what_died_while_continuing_keeps_both_parts(ready: Rig) -> None:
    chat = chat_of(ready)
    stop_early(ready)
    chat.continue_reply()
    ready.say(round_of(ready.request().id, 0, [" two"]))
    ready.engine.say(Death(reason="crashed"))
    assert chat.messages.at(1).text == "One, two"
    assert not chat.continue_reply()
    ready.ready()
    assert chat.continue_reply()
    ready.say(Error(code="x", message="No.", remedy="", id=ready.request().id))
    assert not chat.writing
    assert chat.messages.at(1).text == "One, two"


def test_a_thought_that_goes_on_is_added_to_the_first(ready: Rig) -> None:
    chat = chat_of(ready)
    stop_early(ready)
    chat.continue_reply()
    ready.say(
        round_of(ready.request().id, 0, ["So"], thought=True),
        round_of(ready.request().id, 1, [" two"]),
        finished(ready.request().id),
    )
    assert chat.messages.at(1).thought == "Hm\n\nSo"


def test_half_a_character_is_written_again_as_a_whole(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.send("Emoji?")
    ready.say(
        round_of(ready.request().id, 0, ["Yes \ufffd"]), finished(ready.request().id, "length")
    )
    chat.continue_reply()
    assert sent(ready)[-1] == ("assistant", "Yes ")
    ready.say(round_of(ready.request().id, 0, ["🙂"]), finished(ready.request().id))
    assert chat.messages.at(1).text == "Yes 🙂"


def test_what_cannot_be_continued(ready: Rig) -> None:
    chat = chat_of(ready)
    assert not chat.continue_reply()
    ask(ready, "One", "A.")
    assert not chat.continue_reply()
    stop_early(ready)
    stopped = chat.messages.at(3)
    assert chat.can_continue(stopped)
    assert chat.can_continue(msgspec.structs.replace(stopped, reply=None))
    assert not chat.can_continue(msgspec.structs.replace(stopped, text=""))
    chat.send("And?")
    ready.finish()
    assert not chat.can_continue(stopped)
    assert not chat.can_continue(chat.messages.at(4))


def test_deleting_takes_what_follows_and_can_be_undone(ready: Rig) -> None:
    chat = chat_of(ready)
    gone: list[Removed] = []
    chat.branches.removed.connect(gone.append)
    ask(ready, "One", "A.")
    ask(ready, "Two", "B.")
    chat.branches.delete(chat.messages.at(1).id)
    assert shown(ready) == ["One"]
    assert [m.text for m in stored(ready)] == ["One"]
    assert len(gone[0].ids) == 3
    chat.branches.restore(gone[0])
    assert shown(ready) == ["One", "A.", "Two", "B."]
    assert [m.text for m in stored(ready)] == ["One", "A.", "Two", "B."]


def test_a_deleted_version_gives_way_to_the_one_before(ready: Rig) -> None:
    chat = chat_of(ready)
    ask(ready, "Hello", "A.")
    for text in ("B.", "C."):
        chat.regenerate()
        ready.write(text)
        ready.finish()
    chat.branches.show_sibling(chat.messages.at(1).id, -1)
    assert shown(ready)[1] == "B."
    chat.branches.delete(chat.messages.at(1).id)
    assert shown(ready)[1] == "A."
    chat.branches.delete(chat.messages.at(1).id)
    assert shown(ready)[1] == "C."
    chat.branches.delete(chat.messages.at(0).id)
    assert shown(ready) == []
    assert chat.send("Anew")


def test_undo_leaves_alone_what_was_written_since(ready: Rig) -> None:
    chat = chat_of(ready)
    gone: list[Removed] = []
    chat.branches.removed.connect(gone.append)
    ask(ready, "One", "A.")
    chat.branches.delete(chat.messages.at(1).id)
    assert chat.regenerate()
    ready.write("B.")
    chat.branches.restore(gone[0])
    assert shown(ready) == ["One", ""]
    assert chat.history.place(tip(ready)) == Place(2, 2)
    ready.finish()
    assert shown(ready) == ["One", "B."]
    chat.branches.restore(gone[0])
    assert [m.text for m in chat.chat.messages] == ["One", "A.", "B."]
    assert shown(ready) == ["One", "A."]


def test_undo_brings_back_only_what_that_deletion_took(ready: Rig) -> None:
    chat = chat_of(ready)
    gone: list[Removed] = []
    chat.branches.removed.connect(gone.append)
    ask(ready, "One", "A.")
    chat.regenerate()
    ready.write("B.")
    ready.finish()
    first, second = (message.id for message in chat.chat.messages[1:])
    chat.branches.delete(first)
    chat.branches.delete(second)
    chat.branches.restore(gone[0])
    assert [m.text for m in chat.chat.messages] == ["One", "A."]
    assert [m.text for m in stored(ready)] == ["One", "A."]


def test_undo_after_another_chat_was_opened(ready: Rig) -> None:
    chat = chat_of(ready)
    gone: list[Removed] = []
    chat.branches.removed.connect(gone.append)
    ask(ready, "One", "A.")
    old = chat.chat.id
    chat.branches.delete(chat.messages.at(1).id)
    chat.new_chat()
    chat.branches.restore(gone[0])
    assert shown(ready) == []
    again = ready.stored(old)
    assert again is not None
    chat.open(again)
    assert shown(ready) == ["One", "A."]


def test_while_a_reply_is_written_branches_stand_still(ready: Rig) -> None:
    chat = chat_of(ready)
    first = ask(ready, "One", "A.")
    chat.regenerate()
    chat.branches.delete(first)
    chat.branches.show_sibling(tip(ready), -1)
    assert chat.messages.at(1).id == tip(ready)
    assert len(chat.chat.messages) == 3
    chat.branches.delete("gone")


def test_the_switch_belongs_to_the_chat(ready: Rig) -> None:
    chat, mtp = chat_of(ready), ready.program.models.mtp
    ask(ready, "One", "A.")
    mtp.choose(5)
    first = chat.chat
    chat.new_chat()
    assert mtp.wish.depth == 5
    mtp.turn(on=False)
    ask(ready, "Two", "B.")
    assert ready.request().mtp == "off"
    chat.open(first)
    assert (mtp.wish.on, mtp.wish.depth) == (True, 5)
    again = ready.stored(first.id)
    assert again is not None
    assert again.settings.mtp.depth == 5


def test_what_the_disk_does_not_delete_is_deleted_later(
    ready: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    ask(ready, "One", "A.")
    with monkeypatch.context() as refusing:
        refusing.setattr(ChatStore, "delete_messages", refuse)
        chat_of(ready).branches.delete(chat_of(ready).messages.at(1).id)
        assert "database is locked" in banner(ready)
        assert shown(ready) == ["One"]
    kept = ready.stored()
    assert kept is not None
    assert [message.text for message in kept.messages] == ["One"]
    assert banner(ready) == ""


def test_a_deletion_is_offered_to_be_taken_back(ready: Rig) -> None:
    ask(ready, "One", "A.")
    undo = ready.program.models.undo
    chat_of(ready).branches.delete(chat_of(ready).messages.at(1).id)
    assert undo.current is not None
    assert undo.current.text == "Message deleted"
    chat_of(ready).branches.delete(chat_of(ready).messages.at(0).id)
    undo.undo()
    assert shown(ready) == ["One"]
    undo.undo()
    assert shown(ready) == ["One", "A."]
    chat_of(ready).branches.delete(chat_of(ready).messages.at(0).id)
    assert undo.current is not None
    assert undo.current.text == "2 messages deleted"
