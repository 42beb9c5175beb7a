from __future__ import annotations

from app.engine.port import Death
from app.viewmodels import live as reducer
from app.viewmodels.live import Live
from app.viewmodels.overlay import overlay_numbers
from mtp_mlx.wire import MemoryReport, PromptProgress
from tests.app.conftest import Rig
from tests.app.helpers import MEMORY, finished, round_of


def decoding(count: int = 20, gap: float = 0.1) -> Live:
    live = reducer.requested(Live(), "auto", 0.0)
    for index in range(count):
        event = round_of("r", index, ["x"], depth=1 if index else 0, state="drafting")
        live = reducer.reduce(live, event, (index + 1) * gap)
    return live


def test_nothing_measured_is_nothing_said() -> None:
    numbers = overlay_numbers(Live(), 0.0)
    assert (numbers.rate, numbers.speed_up, numbers.acceptance, numbers.tau) == ("", "", "", "")
    assert numbers.memory == ""
    assert not numbers.live


def test_a_running_reply() -> None:
    numbers = overlay_numbers(decoding(), 2.0)
    assert (numbers.rate, numbers.rate_note, numbers.live) == ("10.0", "tok/s now", True)
    assert (numbers.acceptance, numbers.tau) == ("0 %", "1.00")


def test_a_frozen_reply_shows_no_rate_but_a_clock() -> None:
    numbers = overlay_numbers(decoding(), 7.0)
    assert (numbers.rate, numbers.live) == ("", False)
    assert numbers.rate_note == "no token for 5 s"


def test_an_ended_reply_shows_its_own_speed_and_not_as_live() -> None:
    live = reducer.reduce(decoding(), finished("r"), 2.0)
    numbers = overlay_numbers(live, 2.0)
    assert (numbers.rate, numbers.rate_note) == ("61.3", "tok/s, last reply")
    assert not numbers.live


def test_the_prompt_has_a_clock() -> None:
    live = reducer.requested(Live(), "auto", 10.0)
    assert overlay_numbers(live, 12.5).prompt == "Waiting for the engine · 2 s"
    live = reducer.reduce(live, PromptProgress(id="r", done=512, total=2048, reused=0), 13.0)
    numbers = overlay_numbers(live, 14.2)
    assert numbers.prompt == "Reading the prompt: 512 of 2\u2009048 · 4 s"
    assert numbers.prompt_share == 0.25


def test_memory_without_a_limit_has_no_share() -> None:
    live = reducer.reduce(Live(), MemoryReport(active=512 << 20, peak=0, limit=0), 0)
    numbers = overlay_numbers(live, 0)
    assert (numbers.memory, numbers.memory_share) == ("512 MB", 0.0)


def test_timers_run_only_while_a_reply_does(ready: Rig) -> None:
    overlay = ready.program.models.overlay
    assert not overlay._plots.isActive()
    assert overlay.live.memory == MEMORY
    ready.program.models.chat.send("Hello")
    assert overlay._plots.isActive()
    assert overlay._pace.isActive()
    ready.write("Hi.")
    ready.finish()
    assert not overlay._plots.isActive()
    assert not overlay._pace.isActive()
    assert overlay.numbers.rate == "61.3"


def test_a_death_stops_the_clock(ready: Rig) -> None:
    overlay = ready.program.models.overlay
    ready.program.models.chat.send("Hello")
    ready.say(round_of(ready.request().id, 0, ["x"]))
    ready.engine.say(Death(reason="crashed"))
    assert not overlay._plots.isActive()
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
    assert not overlay._plots.isActive()
    assert overlay.numbers.prompt == ""


def test_numbers_wait_for_their_pace(ready: Rig) -> None:
    overlay = ready.program.models.overlay
    ready.program.models.chat.send("Hello")
    seen: list[object] = []
    overlay.numbers_changed.connect(seen.append)
    for index in range(200):
        ready.say(round_of(ready.request().id, index, ["x"]))
    assert len(seen) <= 1  # the first token, and then none before its time
