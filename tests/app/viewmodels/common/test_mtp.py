"""A wish is not an effect: what is shown as effective was said by a round."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from app.domain.settings import MtpChoice
from app.engine.worker import Death
from app.viewmodels.common.mtp import Effect, MtpViewModel, idle_text, round_text
from app.viewmodels.reports.bench_run import Choice
from mtp_mlx.api import Generate, TokenIds
from mtp_mlx.wire import Loaded, SetMtp
from tests.app.conftest import EngineRig, Rig
from tests.app.helpers import HELLO, MEMORY, PAIR, finished, round_of

REPLY = "request 1"


class Switch:
    def __init__(self, bare: EngineRig) -> None:
        self.rig = bare
        self.worker = bare.worker
        self.mtp = MtpViewModel(bare.engine, MtpChoice())

    def generating(self) -> None:
        self.rig.ready()
        ticket = self.rig.engine.submit(Generate(prompt=(TokenIds((1,)),)))
        assert ticket.id == REPLY
        self.mtp.follow(ticket, self.mtp.wish)

    @property
    def text(self) -> str:
        return self.mtp.effect.text


@pytest.fixture
def switch(bare: EngineRig) -> Switch:
    return Switch(bare)


def test_before_a_model_is_loaded(switch: Switch) -> None:
    assert switch.text == "waiting for the engine"


def test_the_choice_is_told_before_a_reply(switch: Switch) -> None:
    switch.rig.ready()
    assert switch.text == "ready, K chosen every round"
    switch.mtp.choose(4)
    assert switch.text == "ready, K 4"
    switch.mtp.toggle()
    assert switch.text == "off"
    assert switch.mtp.wish == MtpChoice(on=False, depth=4)
    switch.mtp.choose("auto")
    assert switch.mtp.wish == MtpChoice(on=True, depth="auto")


def test_a_target_without_a_drafter_says_why(switch: Switch) -> None:
    lone = replace(PAIR, drafter=None, no_drafter_reason="none was published")
    switch.rig.engine.start()
    switch.rig.say(HELLO, Loaded(pair=lone, memory=MEMORY))
    assert switch.text == "off: none was published"
    assert idle_text(MtpChoice(), replace(lone, no_drafter_reason=None)) == (
        "off: this target has no drafter"
    )


def test_turning_it_in_mid_reply(qtbot: QtBot, switch: Switch) -> None:
    switch.generating()
    assert switch.text == "on once the prompt is read"
    switch.worker.say(round_of(REPLY, 0, ["x"]))
    assert switch.text == "on once the prompt is read"
    switch.worker.say(round_of(REPLY, 1, ["x"], depth=3, state="drafting"))
    assert switch.text == "drafting, K 3"
    assert switch.mtp.effect.live
    switch.mtp.turn(on=False)
    assert switch.worker.sent[-1] == SetMtp(mtp="off")
    assert switch.text == "drafting, K 3 (changes with the next round)"
    switch.worker.say(round_of(REPLY, 2, ["x"]))
    qtbot.waitUntil(lambda: switch.text == "off")
    switch.mtp.choose(2)
    assert switch.worker.sent[-1] == SetMtp(mtp=2)
    switch.worker.say(round_of(REPLY, 3, ["x"], depth=2, state="drafting"))
    qtbot.waitUntil(lambda: switch.text == "drafting, K 2")
    switch.worker.say(finished(REPLY))
    assert switch.text == "ready, K 2"
    assert not switch.mtp.effect.live


def test_the_same_wish_twice_is_sent_once(switch: Switch) -> None:
    switch.generating()
    before = len(switch.worker.sent)
    switch.mtp.turn(on=True)
    assert len(switch.worker.sent) == before


def test_fast_rounds_do_not_flicker(qtbot: QtBot, switch: Switch) -> None:
    switch.generating()
    seen: list[str] = []
    switch.mtp.effect_changed.connect(lambda effect: seen.append(effect.text))
    for index in range(1, 101):
        depth = index % 8
        switch.worker.say(round_of(REPLY, index, ["x"], depth=depth, state="probe"))
    assert len(seen) == 1
    qtbot.waitUntil(lambda: len(seen) == 2)


def test_a_death_leaves_nothing_effective(switch: Switch) -> None:
    switch.generating()
    switch.worker.say(round_of(REPLY, 1, ["x"], depth=3, state="drafting"))
    switch.worker.say(Death(reason="crashed"))
    assert switch.text == "waiting for the engine"


def test_what_rounds_say() -> None:
    assert round_text(round_of("r", 1, ["x"], state="parked")) == (
        "parked: plain decoding is faster here"
    )
    assert round_text(round_of("r", 1, ["x"], state="parked", reason="hot")) == "parked: hot"
    assert round_text(round_of("r", 1, ["x"], state="probe", depth=2)) == "probing, K 2"
    assert round_text(round_of("r", 1, ["x"], state="plain", reason="why")) == "off: why"


def test_a_benchmark_is_not_steered_by_the_switch(ready: Rig) -> None:
    mtp = ready.program.models.mtp
    ready.program.models.reports.begin(Choice())
    assert mtp.effect == Effect(text="ready, K chosen every round")
    mtp.turn(on=False)
    assert mtp.effect == Effect(text="off")
    assert not any(isinstance(command, SetMtp) for command in ready.engine.sent)
