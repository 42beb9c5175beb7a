""""""

from __future__ import annotations

from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from app.viewmodels.common.throttle import GRACE_MS, Pace, Throttle
from tests.app.conftest import Clock


def test_the_first_request_is_answered_at_once(qtbot: QtBot) -> None:
    calls: list[int] = []
    throttle = Throttle(50, lambda: calls.append(1))
    throttle.request()
    assert len(calls) == 1
    throttle.cancel()


def test_many_requests_make_few_calls_and_the_last_is_not_lost(qtbot: QtBot) -> None:
    calls: list[int] = []
    asked: list[int] = []
    throttle = Throttle(40, lambda: calls.append(len(asked)))
    for number in range(100):
        asked.append(number)
        throttle.request()
    assert calls == [1]
    qtbot.waitUntil(lambda: len(calls) == 2)
    assert calls == [1, 100]
    qtbot.waitUntil(lambda: not throttle.waiting)
    assert calls == [1, 100]


def test_flush_answers_what_was_asked_and_nothing_else(qtbot: QtBot) -> None:
    calls: list[int] = []
    throttle = Throttle(10_000, lambda: calls.append(1))
    throttle.flush()
    assert calls == []
    throttle.request()
    throttle.request()
    throttle.flush()
    assert len(calls) == 2
    throttle.cancel()


def test_cancel_forgets(qtbot: QtBot) -> None:
    calls: list[int] = []
    throttle = Throttle(20, lambda: calls.append(1))
    throttle.request()
    throttle.request()
    throttle.cancel()
    assert not throttle.waiting
    throttle.flush()
    assert len(calls) == 1


def test_another_interval_holds_from_the_next_call_on(qtbot: QtBot) -> None:
    calls: list[int] = []
    throttle = Throttle(10_000, lambda: calls.append(1))
    throttle.set_interval(20)
    throttle.request()
    throttle.request()
    throttle.set_interval(10_000)
    qtbot.waitUntil(lambda: len(calls) == 2)
    throttle.request()
    (timer,) = throttle.findChildren(QTimer)
    assert timer.interval() == 10_000
    assert len(calls) == 2
    throttle.cancel()


def test_it_waits_for_a_good_moment(qtbot: QtBot, clock: Clock) -> None:
    calls: list[int] = []
    pace = Pace(60_000, lambda: calls.append(1), clock)
    pace.offer()
    pace.start()
    pace.offer()
    assert calls == []
    clock.tick(59)
    pace.offer()
    assert calls == []
    clock.tick(1)
    pace.offer()
    assert len(calls) == 1
    pace.offer()
    assert len(calls) == 1
    pace.stop()


def test_it_does_not_wait_for_long(qtbot: QtBot) -> None:
    calls: list[int] = []
    pace = Pace(10, lambda: calls.append(1))
    assert not pace.running
    pace.start()
    (timer,) = pace.findChildren(QTimer)
    assert timer.interval() == 10 + GRACE_MS
    qtbot.waitUntil(lambda: len(calls) == 2)
    pace.stop()
    assert not pace.running
    pace.offer()
    assert len(calls) == 2
