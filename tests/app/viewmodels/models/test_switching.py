"""Pairs are remembered, give way where they fail, and are offered where one wrote the chat."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import strings
from app.domain.settings import PairChoice
from app.engine.state import Loading, Ready, Unloaded
from app.engine.worker import Death
from app.viewmodels.models.switching import BUILT_IN, MOST_REMEMBERED, PairSwitching
from mtp_mlx.api import Load
from mtp_mlx.wire import Error, Loaded
from tests.app.conftest import Rig, opened
from tests.app.helpers import HELLO, LOADED, MEMORY, PAIR
from tests.app.viewmodels.sidebar.test_chat_list import talk

OTHER = PairChoice(target="/models/other")
REFUSED = Error(id=None, code="damaged-model", message="Its header is cut.", remedy="Copy it anew.")


def pairs(rig: Rig) -> PairSwitching:
    return rig.program.models.pairs


def loads(rig: Rig) -> list[str]:
    return [one.target for one in rig.engine.sent if isinstance(one, Load)]


def other(name: str = "other") -> Loaded:
    return Loaded(pair=replace(PAIR, target=name, drafter=None), memory=MEMORY)


def load_other(rig: Rig) -> None:
    pairs(rig).load(OTHER)
    rig.engine.say(other())


def test_a_pair_is_loaded_in_place_of_the_present_one_and_remembered(ready: Rig) -> None:
    load_other(ready)
    assert loads(ready)[-1] == OTHER.target
    loaded = pairs(ready).loaded
    assert loaded is not None
    assert (loaded.target, loaded.name, loaded.drafter_name) == (OTHER.target, "other", None)
    assert [one.target for one in ready.program.settings.current.pairs] == [
        OTHER.target, BUILT_IN.target,
    ]  # fmt: skip


def test_the_last_pair_is_loaded_at_the_next_start(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(qtbot, tmp_path, time.monotonic) as first:
        first.ready()
        load_other(first)
        first.settle()
    with opened(qtbot, tmp_path, time.monotonic) as second:
        second.engine.say(HELLO)
        assert loads(second) == [OTHER.target]


def test_a_failed_load_brings_the_old_pair_back(ready: Rig) -> None:
    pairs(ready).load(OTHER)
    ready.engine.say(REFUSED)
    QApplication.processEvents()
    assert loads(ready)[-1] == BUILT_IN.target
    ready.engine.say(LOADED)
    assert isinstance(ready.program.engine.state, Ready)
    banner = ready.program.models.engine.banner
    assert banner is not None
    assert banner.message == strings.PAIR_FAILED.format(
        name="other", reason="Its header is cut. Copy it anew", other=strings.BUILT_IN
    )
    assert [one.target for one in ready.program.settings.current.pairs] == [BUILT_IN.target]


def test_a_load_that_kills_the_engine_brings_the_old_pair_back(ready: Rig) -> None:
    pairs(ready).load(OTHER)
    ready.engine.say(Death(reason="killed by signal 9"))
    QApplication.processEvents()
    ready.engine.say(HELLO)
    assert loads(ready)[-1] == BUILT_IN.target


def test_a_pair_that_is_not_there_at_the_start_gives_way_and_is_tried_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(qtbot, tmp_path, time.monotonic) as first:
        first.ready()
        load_other(first)
        first.settle()
    with opened(qtbot, tmp_path, time.monotonic) as second:
        second.say(HELLO, REFUSED)
        QApplication.processEvents()
        assert loads(second) == [OTHER.target, BUILT_IN.target]
        second.engine.say(LOADED)
        second.settle()
    with opened(qtbot, tmp_path, time.monotonic) as third:
        third.engine.say(HELLO)
        assert loads(third) == [OTHER.target]


def test_a_built_in_pair_that_fails_is_left_to_the_engines_banner(ready: Rig) -> None:
    ready.program.engine.load(BUILT_IN.load())
    ready.engine.say(REFUSED)
    QApplication.processEvents()
    assert isinstance(ready.program.engine.state, Unloaded)


def test_loading_can_be_stopped(ready: Rig) -> None:
    pairs(ready).load(OTHER)
    assert pairs(ready).loading == OTHER
    pairs(ready).cancel()
    ready.engine.say(HELLO)
    assert loads(ready)[-1] == BUILT_IN.target
    state = ready.program.engine.state
    assert isinstance(state, Loading)
    assert state.model == BUILT_IN.load()


def test_unloading_frees_the_pair_and_it_can_be_loaded_again(ready: Rig) -> None:
    pairs(ready).unload()
    assert pairs(ready).loaded is None
    pairs(ready).load_again()
    ready.engine.say(LOADED)
    loaded = pairs(ready).loaded
    assert loaded is not None
    assert loaded.target == BUILT_IN.target


def test_of_many_pairs_the_oldest_is_forgotten(ready: Rig) -> None:
    for i in range(MOST_REMEMBERED + 3):
        pairs(ready).load(PairChoice(target=f"/models/{i}"))
        ready.engine.say(other(str(i)))
    kept = ready.program.settings.current.pairs
    assert [one.name for one in kept] == [str(i) for i in reversed(range(3, MOST_REMEMBERED + 3))]
    assert pairs(ready).remembered[-1] == BUILT_IN  # always one of them


def test_a_chat_offers_the_pair_that_wrote_it(ready: Rig) -> None:
    talk(ready, "Hello")
    written = ready.program.models.chat.chat
    load_other(ready)
    offer = pairs(ready).offer
    assert offer is not None
    assert offer.target == BUILT_IN.target
    window = ready.program.window
    assert not window.pair_offer.isHidden()
    ready.program.models.chat.new_chat()
    assert pairs(ready).offer is None
    assert window.pair_offer.isHidden()
    ready.program.models.chat.open(written)
    assert loads(ready)[-1] == OTHER.target  # nothing is loaded unasked
    window.pair_offer.load.click()
    assert loads(ready)[-1] == BUILT_IN.target
    ready.engine.say(LOADED)
    assert pairs(ready).offer is None


def test_an_offer_that_was_turned_down_does_not_come_back(ready: Rig) -> None:
    talk(ready, "Hello")
    written = ready.program.models.chat.chat
    load_other(ready)
    ready.program.window.pair_offer.keep.click()
    ready.program.models.chat.new_chat()
    ready.program.models.chat.open(written)
    assert pairs(ready).offer is None


@pytest.mark.parametrize("bits", [None, 4, 8])
def test_a_choice_is_the_request_that_loads_it(bits: int | None) -> None:
    choice = PairChoice(target="t", drafter="d", use_drafter=False, drafter_bits=bits)  # type: ignore[arg-type]
    expected = Load(target="t", drafter="d", use_drafter=False, drafter_bits=bits)
    assert choice.load() == expected
