"""One state at a time, restarts, and an end to restarts."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.engine.scripted import ScriptedWorker
from app.engine.state import (
    EngineState,
    Failed,
    Generating,
    Loading,
    Ready,
    Restarting,
    Starting,
)
from app.engine.supervisor import Supervisor
from app.engine.worker import Death
from mtp_mlx.wire import (
    Bench,
    BenchFinished,
    Cancel,
    Error,
    Event,
    Generate,
    Hello,
    Load,
    LoadProgress,
    SetMtp,
)
from tests.app.conftest import Clock
from tests.app.helpers import HELLO, LOADED, PAIR, finished

DEATH = Death(reason="crashed (signal 11)")
REQUEST = Generate(id="r", prompt_ids=[1])


class Kept:
    """A supervisor, its engine, and what it has said."""

    def __init__(self, clock: Clock) -> None:
        self.engine = ScriptedWorker()
        self.supervisor = Supervisor(self.engine, clock=clock)
        self.states: list[EngineState] = []
        self.lost: list[str] = []
        self.supervisor.state_changed.connect(self.states.append)
        self.supervisor.reply_lost.connect(self.lost.append)

    def state(self) -> EngineState:
        return self.supervisor.state

    def ready(self) -> None:
        self.supervisor.start()
        self.engine.say(HELLO)
        self.engine.say(LOADED)


@pytest.fixture
def kept(qapp: object, clock: Clock) -> Kept:
    return Kept(clock)


def test_from_start_to_ready(kept: Kept) -> None:
    kept.supervisor.start()
    assert kept.state() == Starting()
    kept.engine.say(HELLO)
    assert kept.engine.sent == [Load(target="demo")]
    kept.engine.say(LoadProgress(phase="target", done=1, total=4))
    assert kept.state() == Loading(phase="target", done=1, total=4)
    kept.engine.say(LOADED)
    assert kept.state() == Ready(pair=PAIR)
    assert kept.supervisor.identity.versions == HELLO.versions


def test_a_reply_and_its_end(kept: Kept) -> None:
    kept.ready()
    assert kept.supervisor.generate(REQUEST)
    assert kept.state() == Generating(pair=PAIR, reply_id="r")
    kept.engine.say(finished("another"))
    assert isinstance(kept.state(), Generating)
    kept.engine.say(finished("r"))
    assert kept.state() == Ready(pair=PAIR)


def test_nothing_is_sent_to_an_engine_that_is_not_ready(kept: Kept) -> None:
    kept.supervisor.start()
    assert not kept.supervisor.generate(REQUEST)
    kept.supervisor.cancel()
    kept.supervisor.set_mtp("off")
    assert kept.engine.sent == []


def test_stop_is_sent_once(kept: Kept) -> None:
    kept.ready()
    kept.supervisor.generate(REQUEST)
    kept.supervisor.cancel()
    kept.supervisor.cancel()
    assert kept.engine.sent[-2:] == [REQUEST, Cancel(id="r")]
    assert kept.state() == Generating(pair=PAIR, reply_id="r", stopping=True)


def test_the_switch_reaches_a_running_reply(kept: Kept) -> None:
    kept.ready()
    kept.supervisor.generate(REQUEST)
    kept.supervisor.set_mtp(3)
    assert kept.engine.sent[-1] == SetMtp(mtp=3)


def test_death_in_mid_reply_restarts_and_loads_again(qtbot: QtBot, kept: Kept) -> None:
    kept.ready()
    kept.supervisor.generate(REQUEST)
    kept.engine.say(DEATH)
    assert kept.state() == Restarting(reason=DEATH.reason)
    assert kept.lost == [DEATH.reason]
    qtbot.waitUntil(lambda: kept.engine.starts == 2)
    kept.engine.say(HELLO)
    kept.engine.say(LOADED)
    assert kept.state() == Ready(pair=PAIR)


def test_death_while_idle_loses_no_reply(kept: Kept) -> None:
    kept.ready()
    kept.engine.say(DEATH)
    assert kept.lost == []


def test_three_deaths_in_a_minute_end_the_restarts(kept: Kept, clock: Clock) -> None:
    kept.supervisor.start()
    for _ in range(2):
        kept.engine.say(DEATH)
        assert isinstance(kept.state(), Restarting)
        clock.tick(20)
    kept.engine.say(DEATH)
    state = kept.state()
    assert isinstance(state, Failed)
    assert "three times" in state.message
    assert DEATH.reason in state.message
    kept.supervisor.restart()
    assert kept.state() == Starting()
    kept.engine.say(DEATH)
    assert isinstance(kept.state(), Restarting)


def test_three_deaths_in_longer_do_not(kept: Kept, clock: Clock) -> None:
    kept.supervisor.start()
    for _ in range(6):
        kept.engine.say(DEATH)
        assert isinstance(kept.state(), Restarting)
        clock.tick(31)


def test_a_restart_the_user_asked_for_is_no_failure(kept: Kept) -> None:
    kept.ready()
    for _ in range(5):
        kept.supervisor.restart()
        assert kept.state() == Restarting(reason="was restarted by you")
        kept.supervisor.restart()
        assert kept.state() == Starting()


def test_an_engine_that_cannot_start_is_not_started_again(kept: Kept) -> None:
    kept.supervisor.start()
    kept.engine.say(Death(reason="could not be started: no such file", can_restart=False))
    assert isinstance(kept.state(), Failed)
    assert kept.engine.starts == 1


def test_after_a_failed_load_a_restart_is_a_new_process(qtbot: QtBot, kept: Kept) -> None:
    kept.supervisor.start()
    kept.engine.say(HELLO)
    kept.engine.say(Error(code="damaged", message="A file is cut short.", remedy="Fetch it again."))
    state = kept.state()
    assert state == Failed(message="A file is cut short.", remedy="Fetch it again.", alive=True)
    kept.supervisor.restart()
    assert kept.state() == Restarting(reason="was restarted by you")
    qtbot.waitUntil(lambda: kept.engine.starts == 2)


def test_an_error_ends_the_reply_it_names(kept: Kept) -> None:
    kept.ready()
    kept.supervisor.generate(REQUEST)
    kept.engine.say(Error(code="usage", message="No.", remedy="Else."))
    assert isinstance(kept.state(), Generating)
    kept.engine.say(Error(code="usage", message="No.", remedy="Else.", id="r"))
    assert kept.state() == Ready(pair=PAIR)


def test_a_request_that_could_not_be_read_ends_its_reply(kept: Kept) -> None:
    kept.ready()
    kept.supervisor.generate(REQUEST)
    heard: list[Event] = []
    kept.supervisor.received.connect(heard.append)
    kept.engine.say(Error(code="bad_message", message="Too long.", remedy="Shorten."))
    assert kept.state() == Ready(pair=PAIR)
    assert heard == [Error(code="bad_message", message="Too long.", remedy="Shorten.", id="r")]


def test_another_protocol_is_refused(qtbot: QtBot, kept: Kept) -> None:
    kept.supervisor.start()
    kept.engine.say(Hello(protocol=99, versions={}, device={}))
    assert isinstance(kept.state(), Failed)
    assert kept.engine.sent == []
    kept.supervisor.restart()
    qtbot.waitUntil(lambda: kept.engine.starts == 2)


def test_closing_stops_a_restart_under_way(qtbot: QtBot, kept: Kept) -> None:
    kept.supervisor.start()
    kept.engine.say(DEATH)
    kept.supervisor.close()
    qtbot.wait(500)
    assert kept.engine.starts == 1
    assert kept.engine.closed


def test_a_benchmark_keeps_the_engine_busy_until_its_end(kept: Kept) -> None:
    kept.ready()
    asked = Bench(id="b")
    assert kept.supervisor.generate(asked)
    assert kept.engine.sent[-1] is asked
    assert kept.state() == Generating(pair=PAIR, reply_id="b", measuring=True)
    kept.supervisor.set_mtp("off")
    assert kept.engine.sent[-1] is asked
    assert not kept.supervisor.generate(REQUEST)
    kept.engine.say(BenchFinished(id="b", reason="done", report=None, saved=None, warnings=()))
    assert kept.state() == Ready(pair=PAIR)
