from __future__ import annotations

import pytest

from app.engine.scripted import ScriptedWorker
from app.engine.worker import Death, Watch
from mtp_mlx.wire import Ping, Pong
from tests.app.conftest import Clock
from tests.app.helpers import HELLO


class Watched:
    def __init__(self, clock: Clock) -> None:
        self.worker = ScriptedWorker()
        self.watch = Watch(self.worker, clock)
        self.said: list[float] = []
        self.watch.silent.connect(self.said.append)
        self.worker.say(HELLO)


@pytest.fixture
def watched(qapp: object, clock: Clock) -> Watched:
    return Watched(clock)


def test_an_answering_worker_is_not_silent(watched: Watched, clock: Clock) -> None:
    for _ in range(10):
        clock.tick(5)
        watched.watch.look()
        assert watched.worker.sent[-1] == Ping()
        watched.worker.say(Pong())
    assert watched.said == []


def test_silence_is_said_and_so_is_its_end(watched: Watched, clock: Clock) -> None:
    clock.tick(19)
    watched.watch.look()
    assert watched.said == []
    clock.tick(2)
    watched.watch.look()
    assert watched.said == [21]
    watched.worker.say(Pong())
    assert watched.said == [21, 0]


def test_a_dead_worker_is_not_asked(watched: Watched, clock: Clock) -> None:
    watched.worker.say(Death(reason="crashed"))
    assert not watched.watch.watching
    watched.worker.say(HELLO)
    assert watched.watch.watching


def test_a_worker_that_has_not_begun_is_not_asked(qapp: object, clock: Clock) -> None:
    assert not Watch(ScriptedWorker(), clock).watching
