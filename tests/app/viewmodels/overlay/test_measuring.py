"""One click measures plain speed beside a reply; what is old or of another pair cannot be."""

from __future__ import annotations

import time
from dataclasses import replace

from app.services.data_folder import BaselineStore
from app.viewmodels.overlay.measuring import TOKENS, PlainMeasuring
from app.viewmodels.overlay.plain_speed import PlainSpeed
from mtp_mlx.wire import Error
from tests.app.conftest import Clock, Rig
from tests.app.helpers import PAIR, finished, round_of

TEXT = "word " * 60


def drafted(rig: Rig, clock: Clock) -> None:
    """A reply of 3 tokens a round at 60 tokens a second, with no plain speed near it."""
    rig.program.models.chat.send("Draft something")
    rig.say(round_of(rig.request().id, 0, ["w "]))
    for index in range(1, 41):
        clock.tick(0.05)
        rig.say(round_of(rig.request().id, index, ["w "] * 3, depth=3, state="drafting"))
    rig.say(finished(rig.request().id, decode_tps=60.0, generated_tokens=121, draft_rounds=40))


def plain(rig: Rig, clock: Clock, gap: float = 0.04) -> None:
    for index in range(TOKENS):
        clock.tick(gap)
        rig.say(round_of(rig.request().id, index, ["w "]))
    rig.say(finished(rig.request().id, draft_n=0, acceptance_rate=None, decode_tps=1 / gap))


def test_a_click_measures_what_the_reply_is_against(timed: Rig, clock: Clock) -> None:
    models = timed.program.models
    drafted(timed, clock)
    assert models.overlay.numbers.speed_up == ""
    assert models.overlay.numbers.lacks_plain
    timed.program.window.overlay.measure.click()
    request = timed.request()
    assert (request.mtp, request.max_tokens, request.ignore_eos) == ("off", TOKENS, True)
    assert request.continue_reply
    plain(timed, clock)
    assert models.overlay.numbers.speed_up == "2.40\u00d7 faster"
    assert timed.program.window.overlay.measure.isHidden()
    footer = timed.program.window.transcript.views[-1].footer.text  # type: ignore[union-attr]
    assert "2.40\u00d7 faster" in footer
    stored = timed.stored()
    assert stored is not None
    reply = stored.messages[-1].reply
    assert reply is not None
    assert reply.plain_tps is not None
    assert len(stored.messages) == 2  # nothing of it is in the chat


def test_an_old_reply_is_compared_anew(timed: Rig, clock: Clock) -> None:
    drafted(timed, clock)
    program = timed.program
    plain_speed = PlainSpeed(BaselineStore(program.store, {}))
    later = PlainMeasuring(
        program.engine, program.models.chat, plain_speed, clock, lambda: time.time() + 3600
    )
    assert not later.begin()
    assert not later.running


def test_a_reply_of_another_pair_cannot_be_measured(timed: Rig, clock: Clock) -> None:
    drafted(timed, clock)
    timed.load(replace(PAIR, target="Other"))
    assert not timed.program.models.measuring.begin()


def test_a_measurement_that_fails_leaves_the_reply_as_it_was(timed: Rig, clock: Clock) -> None:
    models = timed.program.models
    drafted(timed, clock)
    before = models.chat.last_reply
    assert models.measuring.begin()
    timed.say(Error(code="x", message="No.", remedy="", id=timed.request().id))
    assert not models.measuring.running
    assert models.chat.last_reply is before
