from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.viewmodels.chat.pace import GRACE_MS, Pace


def test_it_waits_for_a_good_moment(qtbot: QtBot) -> None:
    calls: list[int] = []
    pace = Pace(60, lambda: calls.append(1))
    pace._timer.setInterval(60_000)
    pace.offer()
    pace.start()
    pace.offer()
    assert calls == []
    qtbot.wait(65)
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
    assert pace._timer.interval() == 10 + GRACE_MS
    qtbot.waitUntil(lambda: len(calls) == 2)
    pace.stop()
    assert not pace.running
    qtbot.wait(2 * (10 + GRACE_MS))
    assert len(calls) == 2
    pace.offer()
    assert len(calls) == 2
