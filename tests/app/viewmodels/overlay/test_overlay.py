"""The reducer: what passes is right, and nothing frozen is shown as live."""

from __future__ import annotations

from itertools import pairwise

import pytest

from app.domain.conversation import RoundRecord
from app.domain.numbers import Numbers, Plain, numbers, tally_of
from app.engine.worker import Death
from app.viewmodels.overlay import overlay as reducer
from app.viewmodels.overlay.overlay import (
    HISTORY_LENGTH,
    NUMBERS_MS,
    PLOT_MS,
    Live,
    OverlayNumbers,
    overlay_numbers,
)
from mtp_mlx.api import Memory
from mtp_mlx.wire import PromptProgress
from tests.app.conftest import Clock, Rig
from tests.app.helpers import MEMORY, finished, round_of
from tests.app.records import a_round, drafted_reply, reply_of

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
    assert said.speed_up == "2.00\u00d7 faster"
    assert said.speed_up_note == (
        "Faster in one run each, which has no interval. Plain speed: 30.0 tok/s, measured on"
        " 2026-11-24."
    )
    assert (said.drafted, said.tokens_per_round) == ("40 of 40 rounds", "3.00")
    assert not said.lacks_plain


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
    live = reducer.reading(live, PromptProgress(id="r", done=512, total=2048, reused=0))
    said = shown(live, 14.2)
    assert said.prompt == "Reading the prompt: 512 of 2\u2009048 · 4 s"
    assert said.prompt_share == 0.25


def test_memory_without_a_limit_has_no_share() -> None:
    live = Live(memory=Memory(active=512 << 20, peak=0, limit=0))
    said = shown(live, 0)
    assert (said.memory, said.memory_share) == ("537 MB", 0.0)


def test_timers_run_only_while_a_reply_does(ready: Rig) -> None:
    overlay = ready.program.models.overlay
    assert not overlay.is_ticking()
    assert overlay.live.memory == MEMORY
    ready.program.models.chat.send("Hello")
    assert overlay.is_ticking()
    ready.write("Hi.")
    ready.finish()
    assert not overlay.is_ticking()
    assert overlay.numbers.rate == "61.3"


def test_a_death_stops_the_clock(ready: Rig) -> None:
    overlay = ready.program.models.overlay
    ready.program.models.chat.send("Hello")
    ready.say(round_of(ready.request().id, 0, ["x"]))
    ready.engine.say(Death(reason="crashed"))
    assert not overlay.is_ticking()
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
    assert not overlay.is_ticking()
    assert overlay.numbers.prompt == ""


def test_numbers_wait_for_their_pace(ready: Rig) -> None:
    overlay = ready.program.models.overlay
    ready.program.models.chat.send("Hello")
    seen: list[object] = []
    overlay.numbers_changed.connect(seen.append)
    for index in range(200):
        ready.say(round_of(ready.request().id, index, ["x"]))
    assert len(seen) <= 1  # the first token, and then none before its time


def test_numbers_and_plot_come_with_the_text(timed: Rig, clock: Clock) -> None:
    overlay, chat = timed.program.models.overlay, timed.program.models.chat
    chat.send("Hello")
    timed.say(*(round_of(timed.request().id, index, ["x"]) for index in range(2)))
    chat.streaming.flush()
    seen: list[str] = []
    overlay.numbers_changed.connect(lambda _: seen.append("numbers"))
    overlay.history_changed.connect(lambda _: seen.append("plot"))
    chat.streamed.connect(lambda _: seen.append("text"))
    clock.tick(PLOT_MS / 2000)
    timed.say(round_of(timed.request().id, 2, ["x"]))
    chat.streaming.flush()
    assert seen == ["text"]
    seen.clear()
    clock.tick(NUMBERS_MS / 1000)
    timed.say(round_of(timed.request().id, 3, ["x"]))
    chat.streaming.flush()
    assert sorted(seen) == ["numbers", "plot", "text"]


def test_the_plot_gains_a_point_for_each_look_at_it(timed: Rig, clock: Clock) -> None:
    overlay = timed.program.models.overlay
    timed.program.models.chat.send("Hello")
    seen: list[int] = []
    overlay.history_changed.connect(lambda history: seen.append(len(history)))
    overlay.sample()
    for index in range(4):
        clock.tick(0.1)
        timed.say(round_of(timed.request().id, index, ["x"]))
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


def run(
    live: Live, count: int, *, tokens: int, gap: float, depth: int = 0, start: float = 0
) -> Live:
    """`count` rounds of `tokens` tokens, `gap` seconds apart."""
    for i in range(count):
        live = reducer.recorded(live, a_round(i, start + (i + 1) * gap, tokens=tokens, depth=depth))
    return live


def begun(at: float = 0.0, live: Live | None = None) -> Live:
    return reducer.requested(live or Live(), at)


def test_nothing_is_known_before_anything_happened() -> None:
    assert reducer.rate(Live(), 0) is None
    assert reducer.rate(begun(), 0) is None


def test_the_rate_is_tokens_over_the_time_they_took() -> None:
    live = run(begun(), 11, tokens=3, gap=0.1, depth=3)
    assert reducer.rate(live, 1.1) == pytest.approx(30)


def test_the_rate_forgets_what_is_older_than_its_window() -> None:
    live = run(begun(), 50, tokens=1, gap=0.1)
    live = run(live, 40, tokens=4, gap=0.1, start=5.0)
    assert reducer.rate(live, 9.0) == pytest.approx(40)


def test_a_slow_engine_is_averaged_over_rounds() -> None:
    live = run(begun(), 6, tokens=2, gap=2.0)
    assert reducer.rate(live, 12.0) == pytest.approx(1.0)


def test_a_frozen_rate_is_none() -> None:
    live = run(begun(at=7.0), 20, tokens=1, gap=0.1)
    assert reducer.rate(live, 7.0 + 2.0 + 0.9) == pytest.approx(10)
    assert reducer.rate(live, 7.0 + 2.0 + 1.1) is None
    assert reducer.silence(live, 7.0 + 2.0 + 1.1) == pytest.approx(1.1)


def test_a_slow_engine_is_not_taken_for_a_frozen_one() -> None:
    live = run(begun(), 6, tokens=2, gap=2.0)
    assert reducer.rate(live, 12.0 + 4.0) is not None
    assert reducer.rate(live, 12.0 + 9.0) is None


def test_an_ended_reply_has_no_rate() -> None:
    live = reducer.ended(run(begun(), 20, tokens=1, gap=0.1))
    assert live.phase == "ended"
    assert reducer.rate(live, 2.1) is None
    assert reducer.ended(Live()) == Live()


def test_prompt_progress_has_its_own_phase() -> None:
    live = begun()
    assert live.phase == "waiting"
    progress = PromptProgress(id="r", done=5, total=9, reused=2)
    live = reducer.reading(live, progress)
    assert live.phase == "prompt"
    assert (live.prompt_done, live.prompt_total, live.prompt_reused) == (5, 9, 2)
    live = reducer.recorded(live, a_round(0, 0.9))
    assert live.phase == "decoding"


def test_samples_are_bounded_and_need_a_rate() -> None:
    live = begun()
    assert reducer.sampled(live, 1.0).history == ()
    live = run(live, 20, tokens=1, gap=0.1)
    for _ in range(HISTORY_LENGTH + 50):
        live = reducer.sampled(live, 2.0)
    assert len(live.history) == HISTORY_LENGTH
    assert live.history[-1].tps == pytest.approx(10)
    assert not live.history[-1].drafting
    assert reducer.sampled(live, 9.0).history == live.history


def test_a_sample_says_whether_it_was_drafted() -> None:
    live = run(begun(), 5, tokens=2, gap=0.1, depth=3)
    assert reducer.sampled(live, 0.5).history[-1].drafting


def test_memory_is_the_engines_and_outlives_a_reply() -> None:
    live = Live(memory=Memory(active=5, peak=6, limit=7))
    fresh = begun(9, run(begun(0, live), 5, tokens=1, gap=0.1))
    assert fresh.memory == Memory(active=5, peak=6, limit=7)
    assert fresh.history == ()


def test_how_far_the_prompt_of_a_reply_is_read(ready: Rig) -> None:
    overlay = ready.program.models.overlay
    ready.program.models.chat.send("Hello")
    ready.say(PromptProgress(id=ready.request().id, done=512, total=2048, reused=0))
    overlay.publish()
    assert overlay.numbers.prompt.startswith("Reading the prompt: 512 of")


def test_a_comparison_is_not_the_reply_being_written(ready: Rig) -> None:
    models = ready.program.models
    before = models.overlay.live
    assert models.compare.begin("Why?")
    reply = ready.request().id
    ready.say(PromptProgress(id=reply, done=1, total=9, reused=0), round_of(reply, 0, ["x"]))
    assert models.overlay.live == before
    assert before.memory == MEMORY


def test_a_reply_that_was_given_up_is_heard_of_no_more(ready: Rig) -> None:
    models = ready.program.models
    models.chat.send("Hello")
    reply = ready.request().id
    models.chat.abandon(models.chat.chat.id)
    left = models.overlay.live
    assert left.phase == "ended"
    ready.say(PromptProgress(id=reply, done=1, total=9, reused=0), round_of(reply, 0, ["x"]))
    assert models.overlay.live == left


def draft(rig: Rig, clock: Clock, question: str, *, gap: float) -> None:
    rig.program.models.chat.send(question)
    rig.say(round_of(rig.request().id, 0, ["w "]))
    for index in range(1, 41):
        clock.tick(gap)
        rig.say(round_of(rig.request().id, index, ["w "] * 3, depth=3, state="drafting"))


def test_the_numbers_are_the_open_chats(timed: Rig, clock: Clock) -> None:
    models = timed.program.models
    draft(timed, clock, "First", gap=0.05)
    timed.say(finished(timed.request().id, decode_tps=60.0))
    first, numbers, history = models.chat.chat, models.overlay.numbers, models.overlay.shown.history
    assert numbers.rate == "60.0"
    models.chat.new_chat()
    assert (models.overlay.numbers.rate, models.overlay.numbers.acceptance) == ("", "")
    assert models.overlay.shown.history == ()
    draft(timed, clock, "Second", gap=0.1)
    timed.say(finished(timed.request().id, decode_tps=30.0))
    assert models.overlay.numbers.rate == "30.0"
    models.chat.open(first)
    assert models.overlay.numbers == numbers
    assert models.overlay.shown.history == history


def test_a_reply_in_another_chat_is_not_shown(timed: Rig, clock: Clock) -> None:
    models = timed.program.models
    draft(timed, clock, "First", gap=0.05)
    models.chat.new_chat()
    models.overlay.publish()
    assert (models.overlay.numbers.rate, models.overlay.numbers.live) == ("", False)
    seen: list[object] = []
    models.overlay.history_changed.connect(seen.append)
    clock.tick(0.05)
    timed.say(round_of(timed.request().id, 41, ["w "] * 3, depth=3, state="drafting"))
    models.overlay.sample()
    assert seen == []
    models.chat.open_written()
    assert models.overlay.numbers.live
    assert models.overlay.shown is models.overlay.live


def test_the_numbers_are_the_versions(timed: Rig, clock: Clock) -> None:
    models = timed.program.models
    draft(timed, clock, "First", gap=0.05)
    timed.say(finished(timed.request().id, decode_tps=60.0))
    assert models.chat.regenerate()
    timed.say(round_of(timed.request().id, 0, ["w "]))
    timed.say(finished(timed.request().id, decode_tps=30.0))
    assert models.overlay.numbers.rate == "30.0"
    models.chat.branches.show_sibling(models.chat.chat.tip or "", -1)
    assert models.overlay.numbers.rate == "60.0"


def test_the_first_sample_is_no_spike() -> None:
    """Rounds that arrive together are no rate: 31 tokens in a millisecond were 31 000 a second."""
    live = run(begun(), 1, tokens=1, gap=0.5)
    for i in range(10):
        live = reducer.recorded(live, a_round(i + 1, 0.5 + i * 1e-4, tokens=3, depth=3))
        assert reducer.rate(live, 0.501) is None
    live = reducer.recorded(live, a_round(11, 0.8, tokens=3, depth=3))
    assert reducer.rate(live, 0.8) == pytest.approx(33 / 0.3)


def test_a_reply_of_a_second_is_replayed_as_one() -> None:
    live = reducer.replayed(reply_of(drafted_reply(20)), MEMORY)
    first, last = live.history[0], live.history[-1]
    assert live.phase == "ended"
    assert 0.65 < last.at - first.at <= 0.75  # the first quarter is the first rate's
    assert {round(sample.tps) for sample in live.history} == {60}
    assert all(sample.drafting for sample in live.history)
    assert reducer.replayed(None, MEMORY) == Live(memory=MEMORY)


def test_of_a_long_reply_the_last_minute_is_replayed() -> None:
    live = reducer.replayed(reply_of(drafted_reply(4000)), None)
    assert 59 < live.history[-1].at - live.history[0].at < 60
    assert len(live.history) <= HISTORY_LENGTH
    slow = reducer.replayed(reply_of(drafted_reply(6, gap=2.0)), None)
    gaps = [b.at - a.at for a, b in pairwise(slow.history)]
    assert max(gaps) < 0.5  # no gap in the line
