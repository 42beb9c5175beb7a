"""A race in true time: from both first tokens on."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.viewmodels.compare.race import Lane, Race, Shown
from tests.app.conftest import Clock
from tests.app.records import a_round, drafted_reply, plain_rounds


@pytest.fixture
def race(qtbot: QtBot, clock: Clock) -> Race:
    race = Race(clock)
    race.set_runs(plain_rounds(121), drafted_reply(40))
    return race


def plays(race: Race) -> bool:
    return race.playing


def test_a_lane_is_a_function_of_time() -> None:
    rounds = [
        a_round(0, 5.0, texts=["\nOne"]),
        a_round(1, 6.0, texts=[" two", " three"], depth=3),
        a_round(2, 7.5, texts=[" four"]),
    ]
    lane = Lane(rounds)
    assert lane.duration == 2.5
    assert lane.at(-0.1) == Shown()
    assert lane.at(0) == Shown(text="One", tokens=1)
    assert lane.at(1.6) == Shown(text="One two three", tokens=3, tps=1.25)
    assert lane.at(99) == Shown(text="One two three four", tokens=4, tps=1.2, done=True)
    assert Lane(()).at(3) == Shown(done=True)
    assert Lane(()).duration == 0


def test_it_stands_at_its_end_until_it_is_played(race: Race, clock: Clock) -> None:
    assert race.duration == race.position == pytest.approx(6.0)
    assert not plays(race)
    race.play()
    assert plays(race)
    clock.tick(1.0)
    race.tick()
    assert race.position == pytest.approx(1.0)
    assert race.shown("off").tokens == 21
    assert race.shown("on").tokens == 61
    clock.tick(60)
    race.tick()
    assert race.position == race.duration
    assert not plays(race)


def test_a_pause_costs_no_time(race: Race, clock: Clock) -> None:
    race.play()
    clock.tick(1.0)
    race.tick()
    race.pause()
    clock.tick(100)
    assert not plays(race)
    race.play()
    clock.tick(0.5)
    race.tick()
    assert race.position == pytest.approx(1.5)


def test_it_can_be_put_anywhere(race: Race) -> None:
    race.play()
    for wanted, got in ((2.0, 2.0), (-1.0, 0.0), (99.0, race.duration)):
        race.seek(wanted)
        assert race.position == got
        assert not plays(race)


def test_every_move_is_told(qtbot: QtBot, race: Race) -> None:
    for move in (race.play, race.tick, race.pause, lambda: race.seek(1)):
        with qtbot.waitSignal(race.moved):
            move()


def test_an_empty_race_is_over(qtbot: QtBot) -> None:
    race = Race()
    assert race.duration == 0
    assert race.shown("on") == Shown(done=True)
