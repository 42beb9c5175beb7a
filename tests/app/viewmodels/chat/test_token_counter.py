"""Counts come when the engine has time, and only for what is still asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from app.engine.scripted import ScriptedWorker
from app.engine.supervisor import Supervisor
from app.engine.worker import Death
from app.viewmodels.chat.token_counter import TokenCounter
from mtp_mlx.wire import CountTokens, Error, Generate, Loaded, TokenCount
from tests.app.helpers import HELLO, LOADED, MEMORY, PAIR, finished


class Counting:
    def __init__(self) -> None:
        self.engine = ScriptedWorker()
        self.supervisor = Supervisor(self.engine)
        self.counter = TokenCounter(self.supervisor)
        self.counted: list[tuple[str, int]] = []
        self.counter.counted.connect(lambda key, tokens: self.counted.append((key, tokens)))
        self.supervisor.start()

    def ready(self) -> None:
        self.engine.say(HELLO)
        self.engine.say(LOADED)

    @property
    def asked(self) -> list[CountTokens]:
        return [sent for sent in self.engine.sent if isinstance(sent, CountTokens)]

    def answer(self, number: int, tokens: int | None) -> None:
        self.engine.say(TokenCount(id=self.asked[number].id, tokens=tokens))


@pytest.fixture
def counting(qtbot: QtBot) -> Counting:
    return Counting()


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
    counting.supervisor.generate(Generate(id="r", prompt_ids=[1]))
    counting.counter.ask("b", "there")
    assert [question.text for question in counting.asked] == ["hello"]
    counting.engine.say(finished("r"))
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
    counting.engine.say(Death(reason="crashed"))
    counting.ready()
    counting.answer(1, 1)
    assert counting.counted == [("a", 1)]
    counting.engine.say(Loaded(pair=replace(PAIR, target="Another"), memory=MEMORY))
    counting.answer(2, 4)
    assert counting.counted == [("a", 1), ("a", 4)]
    counting.supervisor.close()


def test_a_model_that_cannot_count_is_left_alone(counting: Counting) -> None:
    counting.ready()
    counting.counter.ask("a", "one")
    counting.answer(0, None)
    assert counting.counted == []
    counting.counter.ask("b", "two")
    counting.engine.say(Error(code="not_loaded", message="No.", remedy="", id=counting.asked[1].id))
    counting.answer(1, 7)
    assert counting.counted == []
