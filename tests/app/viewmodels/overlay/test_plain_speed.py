"""Plain speed is learned where it is measured, and comes back after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.domain.conversation import ReplyRecord
from app.domain.numbers import Plain
from app.domain.tally import Tally, tally_of
from app.services.baselines import BaselineStore
from app.viewmodels.overlay.plain_speed import PlainSpeed, today
from tests.app.helpers import PAIR
from tests.app.records import ENGINE, drafted_reply, plain_rounds, reply_of

DAY = "2026-11-24"
PLAIN = reply_of(plain_rounds(61), mtp="off")


def plain_speed(path: Path) -> PlainSpeed:
    return PlainSpeed(BaselineStore(path), lambda: DAY)


def learn(speed: PlainSpeed, reply: ReplyRecord) -> None:
    speed.learn(reply, tally_of(reply.rounds, reply.mtp, reply.switches))


def test_it_is_unknown_until_measured(qtbot: QtBot, tmp_path: Path) -> None:
    speed = plain_speed(tmp_path / "speeds.json")
    assert speed.of(PAIR, ENGINE, Tally()) is None
    learn(speed, reply_of(drafted_reply(40)))
    assert speed.of(PAIR, ENGINE, Tally()) is None
    learn(speed, PLAIN)
    known = speed.of(PAIR, ENGINE, Tally())
    assert known is not None
    assert known.tps == pytest.approx(20)
    assert plain_speed(tmp_path / "speeds.json").of(PAIR, ENGINE, Tally()) == known


def test_a_replys_own_plain_rounds_count_already(qtbot: QtBot, tmp_path: Path) -> None:
    speed = plain_speed(tmp_path / "speeds.json")
    tally = tally_of(PLAIN.rounds, "off")
    during = speed.of(PAIR, ENGINE, tally)
    learn(speed, PLAIN)
    assert during == speed.of(PAIR, ENGINE, Tally())
    assert during == Plain(tps=during.tps if during else 0, day=DAY)


def test_a_disk_that_refuses_is_said_and_nothing_is_lost(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    speed = plain_speed(tmp_path / "file" / "speeds.json")
    with qtbot.waitSignal(speed.trouble) as said:
        learn(speed, PLAIN)
    assert said.args is not None
    assert "It will be measured again after a restart." in said.args[0]
    assert speed.of(PAIR, ENGINE, Tally()) is not None


def test_today_is_a_date() -> None:
    assert len(today()) == len(DAY)
