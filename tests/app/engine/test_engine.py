"""One state at a time: loading and unloading, deaths, restarts, and an end to restarts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from app.engine.state import BUILT_IN, STARTING, Dead, Loading, Ready, Unloaded
from app.engine.ticket import Failure
from app.engine.worker import Death
from mtp_mlx import wire
from mtp_mlx.api import Bench, CountTokens, Generate, Load, Memory, TokenIds
from mtp_mlx.errors import EngineBusy, NotLoaded
from mtp_mlx.wire import Cancel, Error, Hello, Loaded, LoadProgress, MemoryReport, ask
from mtp_mlx.wire import Unloaded as UnloadedEvent
from tests.app.conftest import Clock, EngineRig
from tests.app.helpers import HELLO, LOADED, MEMORY, PAIR, finished

DEATH = Death(reason="crashed (signal 11)")
REQUEST = Generate(prompt=(TokenIds((1,)),))
FIRST, SECOND = "request 1", "request 2"  # how the engine names them
OTHER = Load(target="/models/other", drafter="/models/drafter", drafter_bits=4)
OTHER_PAIR = replace(PAIR, target="Other")
BUSY_STARTING = Loading(model=BUILT_IN, phase=STARTING)


def dead(rig: EngineRig) -> Dead:
    state = rig.state()
    assert isinstance(state, Dead)
    return state


def test_from_start_to_ready(bare: EngineRig) -> None:
    assert bare.state() == BUSY_STARTING
    bare.engine.start()
    bare.say(HELLO)
    assert bare.worker.sent == [ask(BUILT_IN, "")]
    bare.say(LoadProgress(phase="target", done=1, total=4))
    assert bare.state() == Loading(model=BUILT_IN, phase="target", done=1, total=4)
    bare.say(LOADED)
    assert bare.state() == Ready(pair=PAIR, model=BUILT_IN)
    assert bare.engine.identity.versions == HELLO.versions


def test_nothing_can_be_submitted_before_a_pair_is_loaded(bare: EngineRig) -> None:
    bare.engine.start()
    with pytest.raises(NotLoaded) as refused:
        bare.engine.submit(REQUEST)
    assert refused.value.remedy
    assert bare.worker.sent == []


def test_a_reply_keeps_the_engine_busy_until_its_end(bare: EngineRig) -> None:
    bare.ready()
    bare.engine.submit(REQUEST)
    assert bare.state() == Ready(pair=PAIR, busy="reply")
    for request in (REQUEST, Bench(), CountTokens(text="")):
        with pytest.raises(EngineBusy) as refused:
            bare.engine.submit(request)
        assert refused.value.remedy
    assert bare.worker.sent[-1] == ask(REQUEST, FIRST)
    bare.say(finished("another"))
    assert bare.state() == Ready(pair=PAIR, busy="reply")
    bare.say(finished(FIRST))
    assert bare.state() == Ready(pair=PAIR)


def test_it_says_what_keeps_it_busy(bare: EngineRig) -> None:
    bare.ready()
    bare.engine.submit(REQUEST, "comparison")
    assert bare.state() == Ready(pair=PAIR, busy="comparison")
    bare.say(finished(FIRST))
    bare.engine.submit(Bench())
    assert bare.state() == Ready(pair=PAIR, busy="benchmark")


def test_a_count_keeps_nobody_waiting(bare: EngineRig) -> None:
    bare.ready()
    bare.engine.submit(CountTokens(text="one"))
    assert bare.state() == Ready(pair=PAIR)
    bare.engine.submit(REQUEST)
    assert bare.state() == Ready(pair=PAIR, busy="reply")


# Loading and unloading


def test_another_pair_takes_the_place_of_the_loaded_one(bare: EngineRig) -> None:
    bare.ready()
    bare.engine.load(OTHER)
    assert bare.state() == Loading(model=OTHER)
    assert bare.worker.sent[-1] == ask(OTHER, "")
    bare.say(Loaded(pair=OTHER_PAIR, memory=MEMORY))
    assert bare.state() == Ready(pair=OTHER_PAIR, model=OTHER)
    assert bare.worker.starts == 1


def test_another_pair_ends_what_is_being_written(bare: EngineRig) -> None:
    bare.ready()
    ticket = bare.engine.submit(REQUEST)
    ended: list[object] = []
    ticket.finished.connect(ended.append)
    bare.engine.load(OTHER)
    assert bare.worker.sent[-2] == Cancel(id=FIRST)
    assert isinstance(bare.worker.sent[-1], wire.Load)
    event = finished(FIRST, "cancelled")
    bare.say(event)
    assert ended == [event]
    assert bare.state() == Loading(model=OTHER)


def test_another_pair_while_one_is_loaded_begins_with_a_new_process(bare: EngineRig) -> None:
    bare.engine.start()
    bare.say(HELLO)
    bare.engine.load(OTHER)
    assert bare.state() == Loading(model=OTHER, phase=STARTING)
    assert bare.worker.starts == 2
    assert not any(isinstance(state, Dead) for state in bare.states)
    bare.say(HELLO)
    assert bare.worker.sent[-1] == ask(OTHER, "")
    bare.say(Loaded(pair=OTHER_PAIR, memory=MEMORY))
    assert bare.state() == Ready(pair=OTHER_PAIR, model=OTHER)


def test_what_a_worker_that_is_given_up_still_says_changes_nothing(bare: EngineRig) -> None:
    bare.worker.dies_slowly = True
    bare.engine.start()
    bare.say(HELLO)
    bare.engine.load(OTHER)
    bare.say(LOADED)
    assert bare.state() == Loading(model=OTHER, phase=STARTING)
    bare.say(Death(reason="was killed"), HELLO)
    assert isinstance(bare.worker.sent[-1], wire.Load)
    assert bare.worker.sent[-1].target == OTHER.target


def test_a_pair_chosen_before_the_worker_speaks_is_the_one_it_loads(bare: EngineRig) -> None:
    bare.engine.start()
    bare.engine.load(OTHER)
    assert bare.worker.sent == []
    bare.say(HELLO)
    (load,) = bare.worker.sent
    assert isinstance(load, wire.Load)
    assert load.target == OTHER.target
    assert bare.worker.starts == 1


def test_a_failed_load_leaves_a_state_that_says_why(bare: EngineRig) -> None:
    bare.engine.start()
    bare.say(HELLO, Error(code="damaged", message="A file is cut short.", remedy="Fetch it again."))
    why = Failure(message="A file is cut short.", remedy="Fetch it again.", code="damaged")
    assert bare.state() == Unloaded(failure=why)
    with pytest.raises(NotLoaded):
        bare.engine.submit(REQUEST)
    bare.engine.load(OTHER)
    assert bare.state() == Loading(model=OTHER)
    assert bare.worker.starts == 1


def test_after_a_failed_load_a_restart_is_a_new_process(qtbot: QtBot, bare: EngineRig) -> None:
    bare.engine.start()
    bare.say(HELLO, Error(code="damaged", message="A file is cut short.", remedy="Fetch it again."))
    bare.engine.restart()
    assert dead(bare).by_user
    qtbot.waitUntil(lambda: bare.worker.starts == 2)
    bare.say(HELLO)
    assert bare.worker.sent[-1] == ask(BUILT_IN, "")


def test_unloading_frees_the_pair_and_stays_that_way(qtbot: QtBot, bare: EngineRig) -> None:
    bare.ready()
    ticket = bare.engine.submit(REQUEST)
    bare.engine.unload()
    assert bare.state() == Unloaded()
    assert bare.worker.sent[-2:] == [Cancel(id=FIRST), wire.Unload()]
    bare.say(finished(FIRST, "cancelled"), UnloadedEvent())
    assert not ticket.open
    assert bare.state() == Unloaded()
    bare.say(DEATH)
    qtbot.waitUntil(lambda: bare.worker.starts == 2)
    bare.say(HELLO)
    assert bare.state() == Unloaded()
    assert bare.worker.sent[-1] == wire.Unload()
    bare.engine.load(BUILT_IN)
    bare.say(LOADED)
    assert bare.state() == Ready(pair=PAIR)


def test_unloading_what_is_being_loaded_ends_the_load(bare: EngineRig) -> None:
    bare.engine.start()
    bare.say(HELLO)
    bare.engine.unload()
    assert bare.worker.starts == 2
    bare.say(HELLO)
    assert bare.state() == Unloaded()
    assert bare.worker.sent == [ask(BUILT_IN, "")]


def test_loading_brings_a_dead_worker_back(bare: EngineRig) -> None:
    bare.engine.start()
    bare.say(Death(reason="could not be started: no such file", can_restart=False))
    bare.engine.load(OTHER)
    assert bare.state() == Loading(model=OTHER, phase=STARTING)
    assert bare.worker.starts == 2


# Memory


def test_memory_is_told_until_the_process_is_gone(bare: EngineRig) -> None:
    told: list[Memory | None] = []
    bare.engine.memory_changed.connect(told.append)
    bare.ready()
    bare.say(MemoryReport(active=1, peak=2, limit=3), DEATH)
    assert told == [MEMORY, Memory(active=1, peak=2, limit=3), None]


# Deaths


def test_a_death_is_followed_by_a_start_and_a_load(qtbot: QtBot, bare: EngineRig) -> None:
    bare.ready()
    bare.say(DEATH)
    assert dead(bare).restarting
    assert dead(bare).failure.died_of == DEATH.reason
    qtbot.waitUntil(lambda: bare.worker.starts == 2)
    bare.say(HELLO)
    assert bare.worker.sent[-1] == ask(BUILT_IN, "")
    bare.say(LOADED)
    assert bare.state() == Ready(pair=PAIR)


def test_three_deaths_in_a_minute_end_the_restarts(bare: EngineRig, clock: Clock) -> None:
    bare.engine.start()
    for _ in range(2):
        bare.say(DEATH)
        assert dead(bare).restarting
        clock.tick(20)
    bare.say(DEATH)
    assert not dead(bare).restarting
    assert "three times" in dead(bare).failure.message
    assert DEATH.reason in dead(bare).failure.message
    bare.engine.restart()
    assert bare.state() == BUSY_STARTING
    bare.say(DEATH)
    assert dead(bare).restarting


def test_three_deaths_in_longer_do_not(bare: EngineRig, clock: Clock) -> None:
    bare.engine.start()
    for _ in range(6):
        bare.say(DEATH)
        assert dead(bare).restarting
        clock.tick(31)


def test_a_restart_the_user_asked_for_is_no_failure(bare: EngineRig) -> None:
    bare.ready()
    for _ in range(5):
        bare.engine.restart()
        assert dead(bare).restarting
        assert dead(bare).by_user
        assert dead(bare).failure.died_of == "was restarted by you"
        bare.engine.restart()
        assert bare.state() == BUSY_STARTING


def test_a_worker_that_cannot_start_is_not_started_again(bare: EngineRig) -> None:
    bare.engine.start()
    bare.say(Death(reason="could not be started: no such file", can_restart=False))
    assert not dead(bare).restarting
    assert dead(bare).failure.remedy
    assert bare.worker.starts == 1


def test_another_protocol_is_refused(bare: EngineRig) -> None:
    bare.engine.start()
    bare.say(Hello(protocol=99, versions={}, device={}))
    assert not dead(bare).restarting
    assert "99" in dead(bare).failure.message
    assert bare.worker.sent == []
    bare.engine.restart()
    assert bare.worker.starts == 2


def test_closing_stops_a_restart_under_way(bare: EngineRig) -> None:
    bare.engine.start()
    bare.say(DEATH)
    timers = bare.engine.findChildren(QTimer)
    assert any(timer.isActive() for timer in timers)
    bare.engine.close()
    assert not any(timer.isActive() for timer in timers)
    assert bare.worker.starts == 1
    assert bare.worker.closed
