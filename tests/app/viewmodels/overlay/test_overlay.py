from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.domain.conversation import RoundRecord
from app.domain.numbers import Numbers, Plain, numbers
from app.domain.tally import tally_of
from app.engine.worker import Death
from app.viewmodels.overlay import live as reducer
from app.viewmodels.overlay.live import Live
from app.viewmodels.overlay.overlay import NUMBERS_MS, OverlayNumbers, overlay_numbers
from mtp_mlx.wire import MemoryReport, PromptProgress
from tests.app.conftest import Clock, Rig
from tests.app.helpers import MEMORY, finished, round_of
from tests.app.records import a_round, drafted_reply

ROUNDS = [a_round(i, (i + 1) * 0.1, depth=1 if i else 0) for i in range(20)]


def decoding(rounds: list[RoundRecord] = ROUNDS) -> Live:
    live = reducer.requested(Live(), 0.0)
    for record in rounds:
        live = reducer.recorded(live, record)
    return live


def shown(live: Live, now: float) -> OverlayNumbers:
    return overlay_numbers(live, numbers(tally_of(ROUNDS, "auto")), now)


def test_nothing_measured_is_nothing_said() -> None:
    said = overlay_numbers(Live(), Numbers(), 0.0)
    assert said == OverlayNumbers()


def test_a_running_reply() -> None:
    said = shown(decoding(), 2.0)
    assert (said.rate, said.rate_note, said.live) == ("10.0", "tok/s now", True)
    assert (said.acceptance, said.tau) == ("0 %", "1.00")


def test_a_speed_up_says_what_it_is_against() -> None:
    plain = Plain(tps=30.0, day="2026-11-24")
    measured = numbers(tally_of(drafted_reply(40), "auto"), plain)
    said = overlay_numbers(decoding(), measured, 2.0)
    assert said.speed_up == "2.00\u00d7"
    assert said.speed_up_note == "30.0 tok/s, measured on 2026-11-24"


def test_a_frozen_reply_shows_no_rate_but_a_clock() -> None:
    said = shown(decoding(), 7.0)
    assert (said.rate, said.live) == ("", False)
    assert said.rate_note == "no token for 5 s"


def test_the_first_token_is_no_rate_yet() -> None:
    assert shown(decoding(ROUNDS[:1]), 0.2).rate_note == "first token"


def test_an_ended_reply_shows_its_own_speed_and_not_as_live() -> None:
    said = overlay_numbers(reducer.ended(decoding()), Numbers(decode_tps=61.3), 2.0)
    assert (said.rate, said.rate_note) == ("61.3", "tok/s, last reply")
    assert not said.live


def test_the_prompt_has_a_clock() -> None:
    live = reducer.requested(Live(), 10.0)
    assert shown(live, 12.5).prompt == "Waiting for the engine · 2 s"
    live = reducer.reduce(live, PromptProgress(id="r", done=512, total=2048, reused=0))
    said = shown(live, 14.2)
    assert said.prompt == "Reading the prompt: 512 of 2\u2009048 · 4 s"
    assert said.prompt_share == 0.25


def test_memory_without_a_limit_has_no_share() -> None:
    live = reducer.reduce(Live(), MemoryReport(active=512 << 20, peak=0, limit=0))
    said = shown(live, 0)
    assert (said.memory, said.memory_share) == ("512 MB", 0.0)


def test_timers_run_only_while_a_reply_does(ready: Rig) -> None:
    overlay = ready.program.models.overlay
    assert not any(pace.running for pace in overlay._paces)
    assert overlay.live.memory == MEMORY
    ready.program.models.chat.send("Hello")
    assert all(pace.running for pace in overlay._paces)
    ready.write("Hi.")
    ready.finish()
    assert not any(pace.running for pace in overlay._paces)
    assert overlay.numbers.rate == "61.3"


def test_a_death_stops_the_clock(ready: Rig) -> None:
    overlay = ready.program.models.overlay
    ready.program.models.chat.send("Hello")
    ready.say(round_of(ready.request().id, 0, ["x"]))
    ready.engine.say(Death(reason="crashed"))
    assert not any(pace.running for pace in overlay._paces)
    assert overlay.live.phase == "ended"
    assert overlay.numbers.rate == ""


def test_a_dead_engine_holds_no_memory(ready: Rig) -> None:
    overlay = ready.program.models.overlay
    overlay.publish()
    assert overlay.numbers.memory
    ready.engine.say(Death(reason="could not be started", can_restart=False))
    assert overlay.numbers.memory == ""


def test_a_death_before_the_first_token_stops_it_too(ready: Rig) -> None:
    overlay = ready.program.models.overlay
    ready.program.models.chat.send("Hello")
    ready.engine.say(Death(reason="crashed"))
    assert not any(pace.running for pace in overlay._paces)
    assert overlay.numbers.prompt == ""


def test_numbers_wait_for_their_pace(ready: Rig) -> None:
    overlay = ready.program.models.overlay
    ready.program.models.chat.send("Hello")
    seen: list[object] = []
    overlay.numbers_changed.connect(seen.append)
    for index in range(200):
        ready.say(round_of(ready.request().id, index, ["x"]))
    assert len(seen) <= 1  # the first token, and then none before its time


def test_numbers_and_plot_come_with_the_text(ready: Rig, qtbot: QtBot) -> None:
    overlay, chat = ready.program.models.overlay, ready.program.models.chat
    chat.send("Hello")
    ready.say(*(round_of(ready.request().id, index, ["x"]) for index in range(2)))
    for pace in overlay._paces:
        pace._timer.setInterval(60_000)  # not by themselves
    seen: list[str] = []
    overlay.numbers_changed.connect(lambda _: seen.append("numbers"))
    overlay.history_changed.connect(lambda _: seen.append("plot"))
    chat.streamed.connect(lambda _: seen.append("text"))
    qtbot.wait(NUMBERS_MS + 5)
    assert seen in ([], ["text"])  # the second of the two rounds
    seen.clear()
    ready.say(round_of(ready.request().id, 2, ["x"]))
    assert sorted(seen) == ["numbers", "plot", "text"]


def test_the_plot_gains_a_point_for_each_look_at_it(ready: Rig, clock: Clock) -> None:
    overlay = ready.program.models.overlay
    ready.program.models.chat.streaming._clock = clock
    overlay._clock = clock
    ready.program.models.chat.send("Hello")
    seen: list[int] = []
    overlay.history_changed.connect(lambda history: seen.append(len(history)))
    overlay.sample()
    for index in range(4):
        clock.tick(0.1)
        ready.say(round_of(ready.request().id, index, ["x"]))
    overlay.sample()
    assert seen == [1]
    assert overlay.live.history[-1].tps == pytest.approx(10)


def test_what_another_asked_for_is_not_shown(ready: Rig) -> None:
    overlay = ready.program.models.overlay
    ready.program.models.chat.send("Hello")
    ready.write("Hi.")
    ready.finish()
    before = overlay.numbers
    ready.say(round_of("another", 1, ["x"] * 4, depth=3), finished("another", decode_tps=1.0))
    assert overlay.numbers == before
