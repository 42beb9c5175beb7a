"""Plain speed is learned where it is measured, and comes back after a restart."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from app.domain.conversation import ReplyRecord
from app.domain.numbers import Plain, Tally, tally_of
from app.domain.speeds import Moment
from app.services.data_folder import BaselineStore, DataFolder, SpeedsFile
from app.services.store_thread import StoreThread
from app.viewmodels.overlay.plain_speed import PlainSpeed, moment, today
from tests.app.helpers import PAIR
from tests.app.records import ENGINE, drafted_reply, plain_rounds, reply_of

DAY = "2026-11-24"
CONTEXT = 40  # tokens in the cache in the middle of a reply
PLAIN = reply_of(plain_rounds(61), mtp="off")


@pytest.fixture
def speed(store: StoreThread[DataFolder]) -> PlainSpeed:
    return PlainSpeed(BaselineStore(store, {}), lambda: DAY, at)


def at(context: int) -> Moment:
    return Moment(at=1000.0, context=context, load=1.0)


def learn(speed: PlainSpeed, reply: ReplyRecord) -> None:
    speed.learn(reply, tally_of(reply.rounds, reply.mtp, reply.switches))


def test_it_is_unknown_until_measured(
    speed: PlainSpeed, store: StoreThread[DataFolder], tmp_path: Path
) -> None:
    assert speed.of(PAIR, ENGINE, Tally(), CONTEXT) is None
    learn(speed, reply_of(drafted_reply(40)))
    assert speed.of(PAIR, ENGINE, Tally(), CONTEXT) is None
    learn(speed, PLAIN)
    known = speed.of(PAIR, ENGINE, Tally(), CONTEXT)
    assert known is not None
    assert known.tps == pytest.approx(20)
    assert store.wait()
    kept = SpeedsFile(tmp_path / "data" / "plain speed.json").read()
    again = PlainSpeed(BaselineStore(store, kept), lambda: DAY, at)
    assert again.of(PAIR, ENGINE, Tally(), CONTEXT) == known


def test_a_replys_own_plain_rounds_count_already(speed: PlainSpeed) -> None:
    tally = tally_of(PLAIN.rounds, "off")
    during = speed.of(PAIR, ENGINE, tally, CONTEXT)
    learn(speed, PLAIN)
    assert during == speed.of(PAIR, ENGINE, Tally(), CONTEXT)
    assert during == Plain(tps=during.tps if during else 0, day=DAY)


def test_it_does_not_hold_for_another_context(speed: PlainSpeed) -> None:
    learn(speed, PLAIN)
    assert speed.of(PAIR, ENGINE, Tally(), CONTEXT) is not None
    assert speed.of(PAIR, ENGINE, Tally(), 5_000) is None


def test_a_moment_is_this_one() -> None:
    assert abs(moment(7).at - time.time()) < 60
    assert (moment(7).context, moment(7).cores) == (7, os.cpu_count())


def test_today_is_a_date() -> None:
    assert len(today()) == len(DAY)
