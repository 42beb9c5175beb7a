"""Pairs are remembered, give way where they fail, and are offered where one wrote the chat."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import strings
from app.domain.settings import PairChoice
from app.engine.state import Loading, Ready, Unloaded
from app.engine.worker import Death
from app.viewmodels.models.switching import BUILT_IN, MOST_REMEMBERED, PairSwitching
from mtp_mlx.api import Load
from mtp_mlx.errors import TooBig
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


@pytest.mark.parametrize(
    "pair",
    [
        PairChoice(target="google/gemma-4-E2B-it"),
        PairChoice(target="/models/other", drafter="google/gemma-4-E2B-it-assistant"),
    ],
)
def test_what_would_be_fetched_is_not_loaded_at_the_start(
    pair: PairChoice, qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(qtbot, tmp_path, time.monotonic) as first:
        first.ready()
        kept = first.program.settings
        kept.update(msgspec.structs.replace(kept.current, pairs=(pair,)))
        first.settle()
    with opened(qtbot, tmp_path, time.monotonic) as second:
        second.engine.say(HELLO)
        assert loads(second) == [BUILT_IN.target]


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


TOO_BIG = Error(
    id=None,
    code=TooBig.code,
    message="other needs 18.5 GB here, and 16.0 GB are free for it.",
    remedy="Load it with --anyway.",
)


def refuse(rig: Rig) -> None:
    rig.engine.say(TOO_BIG)
    QApplication.processEvents()
    rig.engine.say(LOADED)


def test_a_remembered_pair_that_is_too_big_can_be_loaded_anyway(ready: Rig) -> None:
    offer = ready.program.window.too_big_offer
    assert offer.isHidden()
    pairs(ready).load(OTHER)
    refuse(ready)
    assert loads(ready)[-1] == BUILT_IN.target
    assert not offer.isHidden()
    assert offer.text.text() == strings.PAIR_TOO_BIG.format(
        reason=TOO_BIG.message, other=strings.BUILT_IN
    )
    assert "--anyway" not in offer.text.text()
    assert ready.program.models.engine.banner is None
    offer.load.click()
    (last,) = [one for one in ready.engine.sent[-1:] if isinstance(one, Load)]
    assert (last.target, last.anyway) == (OTHER.target, True)
    assert offer.isHidden()
    ready.engine.say(other())
    assert ready.program.settings.current.pairs[0].anyway


def test_what_is_loaded_anyway_at_once_does_not_give_way(ready: Rig) -> None:
    pairs(ready).load(OTHER)
    ready.engine.say(TOO_BIG)
    pairs(ready).load_anyway()  # before the pair from before is loaded again
    QApplication.processEvents()
    state = ready.program.engine.state
    assert isinstance(state, Loading)
    assert (state.model.target, state.model.anyway) == (OTHER.target, True)


def test_an_offer_to_load_anyway_can_be_turned_down(ready: Rig) -> None:
    pairs(ready).load(OTHER)
    refuse(ready)
    ready.program.window.too_big_offer.keep.click()
    assert ready.program.window.too_big_offer.isHidden()
    assert loads(ready)[-1] == BUILT_IN.target


def test_the_last_pair_that_is_too_big_today_is_offered_at_the_start(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(qtbot, tmp_path, time.monotonic) as first:
        first.ready()
        pairs(first).load(msgspec.structs.replace(OTHER, context=65_536))
        first.engine.say(other())
        first.settle()
    with opened(qtbot, tmp_path, time.monotonic) as second:
        second.say(HELLO)
        refuse(second)
        assert loads(second) == [OTHER.target, BUILT_IN.target]
        assert not second.program.window.too_big_offer.isHidden()
        second.program.window.too_big_offer.load.click()
        last = second.engine.sent[-1]
        assert isinstance(last, Load)
        assert (last.target, last.anyway, last.context) == (OTHER.target, True, 65_536)


LONG = replace(PAIR, context_length=8192, longest_context=131_072)


@pytest.mark.parametrize(
    ("tokens", "fitting", "offered"),
    [
        (8192, 131_072, 16_384),
        (5, 131_072, 16_384),
        (16_384, 131_072, 32_768),  # a reply needs room too
        (16_383, 131_072, 16_384),
        (8192, 16_384, 16_384),
        (8192, 8192, None),  # memory does not allow it
        (8192, None, None),
        (131_072, 262_144, None),  # nor does the model
    ],
)
def test_a_longer_context_is_offered_where_model_and_memory_allow(
    ready: Rig, tokens: int, fitting: int | None, offered: int | None
) -> None:
    pairs(ready).load(msgspec.structs.replace(OTHER, context=8192))
    memory = replace(MEMORY, context=fitting)
    ready.engine.say(Loaded(pair=LONG, memory=memory))
    assert pairs(ready).longer_context(tokens) == offered


def test_a_longer_context_is_the_same_pair_and_is_kept(ready: Rig) -> None:
    pairs(ready).load(msgspec.structs.replace(OTHER, context=8192))
    ready.engine.say(Loaded(pair=LONG, memory=replace(MEMORY, context=131_072)))
    assert [one.context for one in pairs(ready).remembered] == [8192, None]
    pairs(ready).lengthen(16_384)
    load = ready.engine.sent[-1]
    assert isinstance(load, Load)
    assert (load.target, load.context) == (OTHER.target, 16_384)
    ready.engine.say(Loaded(pair=replace(LONG, context_length=16_384), memory=MEMORY))
    assert [one.context for one in pairs(ready).remembered] == [16_384, None]
    chooser = ready.program.window.toolbar.chooser
    chooser.list.aboutToShow.emit()
    first = chooser.list.actions()[0]
    assert first.text() == "Demo + MTP · 16\u2009384 tokens"
    assert first.isChecked()


@pytest.mark.parametrize("bits", [None, 4, 8])
def test_a_choice_is_the_request_that_loads_it(bits: int | None) -> None:
    given = {
        "target": "t",
        "drafter": "d",
        "use_drafter": False,
        "drafter_bits": bits,
        "context": 9,
    }
    choice = PairChoice(**given)  # type: ignore[arg-type]
    expected = Load(**given)  # type: ignore[arg-type]
    assert choice.load() == expected
