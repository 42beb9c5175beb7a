"""What is being written: its files, its tokens, and what stands in its way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.domain.conversation import Attachment
from app.engine.worker import Death
from app.viewmodels.chat.composing import ComposingViewModel, file_detail
from app.viewmodels.chat.token_counter import TokenCounter
from mtp_mlx.api import Generate, Load, TokenIds
from mtp_mlx.wire import CountTokens, Error, Loaded, TokenCount
from tests.app.conftest import EngineRig, Rig
from tests.app.helpers import MEMORY, PAIR, finished, round_of
from tests.app.viewmodels.sidebar.test_chat_list import talk


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("Some notes.\n")
    return path


def composing_of(rig: Rig) -> ComposingViewModel:
    return rig.program.models.composing


def count(rig: Rig, text: str, tokens: int) -> None:
    """The engine's answer to the last question about this text."""
    asked = [c for c in rig.engine.sent if isinstance(c, CountTokens) and c.text == text]
    rig.say(TokenCount(id=asked[-1].id, tokens=tokens))


def test_files_go_with_the_message_and_are_counted(ready: Rig, notes: Path) -> None:
    composing = composing_of(ready)
    assert not composing.send()
    composing.attach([notes])
    ready.settle()
    (file,) = composing.attachments.values()
    assert file_detail(file) == "12 bytes"
    assert composing.can_send
    count(ready, "Some notes.\n", 1204)
    (file,) = composing.attachments.values()
    assert file_detail(file) == "12 bytes · 1\u2009204 tokens"
    assert composing.note.text == "1\u2009204 / 32\u2009768 tokens"
    composing.write("What is this?")
    assert composing.send()
    assert composing.attachments == {}
    assert ready.program.models.chat.messages.at(0).attachments == (file,)
    ready.finish()
    stored = ready.stored(ready.program.models.chat.chat.id)
    assert stored is not None
    assert stored.messages[0].attachments == (file,)


def test_a_file_that_cannot_be_attached_is_said(ready: Rig, notes: Path, tmp_path: Path) -> None:
    composing = composing_of(ready)
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\0")
    composing.attach([picture, notes, tmp_path / "gone.txt"])
    ready.settle()
    assert [file.name for file in composing.attachments.values()] == ["notes.txt"]
    assert composing.note.warns
    assert "“picture.png” is not a text file" in composing.note.text
    assert "“gone.txt” is no longer there" in composing.note.text
    composing.write("Never mind")
    assert not composing.note.warns


def test_files_can_be_taken_off(ready: Rig, notes: Path) -> None:
    composing = composing_of(ready)
    composing.attach([notes, notes])
    ready.settle()
    first, second = composing.attachments
    composing.remove(first)
    assert list(composing.attachments) == [second]
    composing.remove("never there")


def test_files_wait_with_their_chat(ready: Rig, notes: Path) -> None:
    composing, chat = composing_of(ready), ready.program.models.chat
    first = talk(ready, "Hello")
    composing.attach([notes])
    ready.settle()
    count(ready, "Some notes.\n", 3)
    chat.new_chat()
    assert composing.attachments == {}
    assert composing.used == 0
    notes.unlink()
    ready.program.models.chats.open(first)
    assert [file.tokens for file in composing.attachments.values()] == [3]
    count(ready, "Some notes.\n", 5)
    assert [file.tokens for file in composing.attachments.values()] == [5]


def test_files_wait_while_a_reply_goes_on_elsewhere(ready: Rig, notes: Path) -> None:
    composing, chat = composing_of(ready), ready.program.models.chat
    chat.send("Hello")
    composing.attach([notes])
    ready.settle()
    chat.new_chat()
    chat.open_written()
    assert [file.name for file in composing.attachments.values()] == ["notes.txt"]
    ready.finish()
    assert composing.send()
    assert composing.attachments == {}


def test_the_context_with_what_is_typed(qtbot: QtBot, ready: Rig) -> None:
    composing, chat = composing_of(ready), ready.program.models.chat
    assert composing.note.text == ""
    chat.send("Hello")
    assert "Esc" in composing.note.text
    assert not composing.note.warns
    reply = ready.request().id
    ready.say(
        round_of(reply, 0, ["So"], thought=True),
        round_of(reply, 1, ["Hi"]),
        finished(reply, generated_tokens=2),
    )
    assert composing.used == 42 + 1
    composing.write("And more")
    count(ready, "And more", 2)
    assert composing.note.text == "45 / 32\u2009768 tokens"
    composing.write("")
    qtbot.waitUntil(lambda: composing.used == 43)


def test_typing_is_not_counted_letter_by_letter(qtbot: QtBot, ready: Rig) -> None:
    composing = composing_of(ready)
    for end in range(1, 9):
        composing.write("eightlet"[:end])
        composing.write("eightlet"[:end])

    def asked() -> list[str]:
        return [sent.text for sent in ready.engine.sent if isinstance(sent, CountTokens)]

    assert asked() == ["e"]
    qtbot.waitUntil(lambda: asked() == ["e", "eightlet"], timeout=3000)


def test_nothing_is_sent_while_a_file_is_read(ready: Rig, notes: Path) -> None:
    composing = composing_of(ready)
    composing.write("Look at this")
    composing.attach([notes])
    assert composing.obstacle == "A file is being read…"
    assert not composing.send()
    ready.settle()
    assert composing.send()
    assert len(ready.program.models.chat.messages.at(0).attachments) == 1


def test_a_file_that_is_read_after_its_chat_was_left_is_attached_to_no_other(
    ready: Rig, notes: Path
) -> None:
    composing = composing_of(ready)
    talk(ready, "Hello")
    composing.attach([notes])
    ready.program.models.chat.new_chat()
    ready.settle()
    assert composing.attachments == {}
    assert composing.obstacle == ""


def test_more_than_the_context_holds_is_not_sent(ready: Rig, notes: Path) -> None:
    composing = composing_of(ready)
    composing.attach([notes])
    ready.settle()
    count(ready, "Some notes.\n", 40_000)
    assert not composing.can_send
    assert composing.note.warns
    assert "needs 40\u2009000 tokens" in composing.note.text
    assert "can read 32\u2009768" in composing.note.text
    assert not composing.send()
    assert len(composing.attachments) == 1


def test_before_the_engine_is_ready(rig: Rig, notes: Path) -> None:
    composing = composing_of(rig)
    composing.attach([notes])
    rig.settle()
    assert composing.obstacle == "The engine is starting…"
    assert rig.program.models.chat.pair is None
    rig.ready()
    count(rig, "Some notes.\n", 3)
    assert composing.note.text == "3 / 32\u2009768 tokens"


def test_a_model_that_is_not_loaded_has_no_context(rig: Rig, notes: Path) -> None:
    composing = composing_of(rig)
    composing.attach([notes])
    rig.settle()
    rig.ready()
    count(rig, "Some notes.\n", 40_000)
    rig.engine.say(Death(reason="crashed", can_restart=False))
    assert composing.obstacle == "The engine is not running."
    assert not composing.note.warns


def test_sizes() -> None:
    assert file_detail(Attachment(name="a", text="é" * 2048)) == "4 KB"


class Counting:
    def __init__(self, bare: EngineRig) -> None:
        self.rig = bare
        self.ready = bare.ready
        self.counter = TokenCounter(bare.engine)
        self.counted: list[tuple[str, int]] = []
        self.counter.counted.connect(lambda key, tokens: self.counted.append((key, tokens)))

    @property
    def asked(self) -> list[CountTokens]:
        return [sent for sent in self.rig.worker.sent if isinstance(sent, CountTokens)]

    def answer(self, number: int, tokens: int | None) -> None:
        self.rig.say(TokenCount(id=self.asked[number].id, tokens=tokens))


@pytest.fixture
def counting(bare: EngineRig) -> Counting:
    return Counting(bare)


def test_a_text_is_counted(counting: Counting) -> None:
    counting.ready()
    counting.counter.ask("a", "hello")
    assert counting.asked[0].text == "hello"
    counting.answer(0, 2)
    assert counting.counted == [("a", 2)]
    counting.answer(0, 3)
    assert counting.counted == [("a", 2)]


def test_what_is_asked_too_early_waits(counting: Counting) -> None:
    counting.counter.ask("a", "hello")
    assert counting.asked == []
    counting.ready()
    counting.rig.engine.submit(Generate(prompt=(TokenIds((1,)),)))
    counting.counter.ask("b", "there")
    assert [question.text for question in counting.asked] == ["hello"]
    counting.rig.say(finished("request 2"))
    assert [question.text for question in counting.asked] == ["hello", "there"]


def test_only_the_last_text_of_a_key_counts(counting: Counting) -> None:
    counting.ready()
    counting.counter.ask("a", "one")
    counting.counter.ask("a", "one two")
    counting.answer(0, 1)
    assert counting.counted == []
    counting.answer(1, 2)
    assert counting.counted == [("a", 2)]


def test_what_is_forgotten_is_not_told(counting: Counting) -> None:
    counting.ready()
    counting.counter.ask("a", "one")
    counting.counter.forget("a")
    counting.answer(0, 1)
    assert counting.counted == []
    counting.counter.forget("never asked")


def test_a_death_and_another_pair_mean_asking_again(counting: Counting) -> None:
    counting.ready()
    counting.counter.ask("a", "one")
    counting.rig.say(Death(reason="crashed"))
    counting.ready()
    counting.answer(1, 1)
    assert counting.counted == [("a", 1)]
    counting.rig.engine.load(Load(target="another"))
    counting.rig.say(Loaded(pair=replace(PAIR, target="Another"), memory=MEMORY))
    counting.answer(2, 4)
    assert counting.counted == [("a", 1), ("a", 4)]


def test_a_model_that_cannot_count_is_left_alone(counting: Counting) -> None:
    counting.ready()
    counting.counter.ask("a", "one")
    counting.answer(0, None)
    assert counting.counted == []
    counting.counter.ask("b", "two")
    counting.rig.say(Error(code="not_loaded", message="No.", remedy="", id=counting.asked[1].id))
    counting.answer(1, 7)
    assert counting.counted == []
