"""A benchmark in simulated time: what is measured, paused, kept, resumed and believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from mtp_mlx.api import Mtp, Sampling, Verify
from mtp_mlx.bench.session import Session
from mtp_mlx.errors import OutOfMemory
from mtp_mlx.events import BenchProgress, BenchRun
from mtp_mlx.report.derived import groups
from mtp_mlx.report.model import Report, Run
from mtp_mlx.report.warnings import notes
from tests.bench.simulated import LENGTH, PLAN, PROMPTS, Simulated, made, session


def measured(engine: Simulated, **more: object) -> Report:
    found = made(session(engine, replace(PLAN, **more)))  # type: ignore[arg-type]
    assert found is not None
    return found


def speedup(report: Report) -> tuple[float, float, float]:
    (group,) = (g for g in report.summary if g.category is None and g.mode == 3)
    assert group.speedup is not None
    low, high = group.speedup_low, group.speedup_high
    return group.speedup, low or group.speedup, high or group.speedup


def fading(gain: float) -> Callable[[Mtp, float], float]:
    """A machine that loses half its speed in the time of the benchmark."""
    return lambda mode, now: (20.0 if mode == "off" else 20.0 * gain) / (1 + now / 120)


def in_sequence(engine: Simulated) -> list[Run]:
    """As it must not be done: one mode after the other."""
    bare = {mode: measured(engine, modes=(mode,)).runs for mode in (3, "off")}
    return [*bare["off"], *bare[3]]


def test_a_machine_that_slows_down_fakes_no_gain() -> None:
    """Both modes are alike. Measured one after the other, the first seems faster by far."""
    apart = next(g for g in groups(in_sequence(Simulated(fading(1.0)))) if g.mode == 3)
    assert apart.speedup is not None
    assert apart.speedup > 1.3
    assert apart.speedup_low is not None
    assert apart.speedup_low > 1.2
    ratio, low, high = speedup(measured(Simulated(fading(1.0))))
    assert ratio == pytest.approx(1, abs=0.03)
    assert low < 1 < high


def test_a_real_gain_is_seen_on_a_machine_that_slows_down() -> None:
    ratio, low, high = speedup(measured(Simulated(fading(1.5))))
    assert ratio == pytest.approx(1.5, rel=0.05)
    assert low < 1.5 < high


def test_a_slowed_mode_is_told_as_slower() -> None:
    report = measured(Simulated(lambda mode, _: 20.0 if mode == "off" else 15.0))
    assert speedup(report)[0] == pytest.approx(0.75)


def test_a_drift_is_told_and_steadiness_is_not() -> None:
    faded = measured(Simulated(fading(1.0)))
    assert faded.plain_drift is not None
    assert faded.plain_drift < -0.2
    (told,) = notes(faded)
    assert "slower in the last third" in told
    steady = measured(Simulated())
    assert steady.plain_drift == 0
    assert list(notes(steady)) == []


def test_slow_prompts_at_the_end_are_no_drift() -> None:
    """One repeat has no drift to tell: its prompts differ by themselves."""
    report = measured(Simulated(fading(1.0)), repeats=1)
    assert report.plain_drift is None


DEEP = replace(PLAN, repeats=2, context_tokens=(0, 16))


def test_every_context_is_warmed_up_and_resumed_without_a_run_twice() -> None:
    engine = Simulated()
    whole = measured(engine, repeats=2, context_tokens=(0, 16))
    assert len(whole.runs) == 2 * 2 * 2 * len(PROMPTS)
    lengths = [len(part.ids) for request in engine.asked for part in request.prompt]  # type: ignore[union-attr]
    assert lengths[:4] == [2, 2, 18, 18]
    stop = Stop(9, within=False)
    first = stop.report(lambda cancelled: session(Simulated(), DEEP, cancelled))
    assert first is not None
    again = Simulated()
    report = made(session(again, DEEP), first)
    assert report is not None
    assert len(again.asked) == 4 + len(whole.runs) - 9
    assert [run.prompt_sha256 for run in report.runs] == [run.prompt_sha256 for run in whole.runs]
    assert report.by_context == whole.by_context is not None


def test_the_time_left_is_by_mode_and_context() -> None:
    """Behind its context a run takes ten times as long."""
    engine = Simulated()
    engine.speed = lambda mode, now: 1.0 if len(engine.last_prompt) > 2 else 10.0
    told = [now for now in session(engine, DEEP).measure() if isinstance(now, BenchProgress)]
    measuring = [now for now in told if now.phase == "measuring"]
    assert [now.context_tokens for now in measuring[4:8]] == [0, 0, 16, 16]
    assert measuring[9].left_s == pytest.approx((3 + 6) * LENGTH + 6 * LENGTH / 10)


def test_texts_are_compared_behind_one_context() -> None:
    """Behind another context plain decoding writes another text, and that parts from nothing."""
    engine = Simulated()
    engine.text = lambda _: [len(engine.last_prompt)]
    report = measured(engine, repeats=1, context_tokens=(0, 16))
    assert report.identity is not None
    compared = report.identity.comparisons
    assert [one.context_tokens for one in compared] == [0, 0, 0, 16, 16, 16]
    assert all(one.identical for one in compared)


def test_every_mode_is_warmed_up_and_every_turn_measured_once() -> None:
    engine = Simulated()
    report = measured(engine)
    assert [request.mtp for request in engine.asked[:2]] == ["off", 3]
    assert len(engine.asked) == 2 + len(report.runs) == 2 + 4 * 2 * len(PROMPTS)
    assert {request.seed for request in engine.asked[2:]} == {0, 1, 2, 3}


def test_pauses_are_between_runs_and_not_in_them() -> None:
    engine = Simulated()
    report = measured(engine, cooldown_s=5.0, repeats=1)
    assert sum(engine.slept) == pytest.approx(5.0 * (len(report.runs) - 1))
    assert measured(Simulated(), cooldown_s=0.0).settings.cooldown_s == 0


def test_progress_tells_what_is_left() -> None:
    engine = Simulated(lambda mode, _: 10.0 if mode == "off" else 50.0)
    plan = replace(PLAN, cooldown_s=3.0, repeats=1)
    told = [now for now in session(engine, plan).measure() if isinstance(now, BenchProgress)]
    assert told[0].phase == "warming up"
    measuring = [now for now in told if now.phase == "measuring"]
    assert [now.done for now in measuring] == list(range(6))
    assert {now.total for now in told} == {6}
    assert measuring[0].left_s is None
    # Two pairs and a half are left: each pair a slow run and a fast one, a pause before each.
    slow, fast = LENGTH / 10 + 3, LENGTH / 50 + 3
    assert measuring[3].left_s == pytest.approx(slow + 2 * fast)
    last = told[-1]
    assert (last.prompt_id, last.category, last.repeat, last.mode) == ("lists", "lists", 0, 3)


class Stop:
    """Cancels after so many runs; with `within` only while the next is being written."""

    def __init__(self, after: int, *, within: bool) -> None:
        self.after = after
        self.within = within
        self.made = 0
        self.asked = 0

    def report(self, benchmark: Callable[[Callable[[], bool]], Session]) -> Report | None:
        stopped = benchmark(self.cancelled)
        for event in stopped.measure():
            self.made += isinstance(event, BenchRun)
        return stopped.report

    def cancelled(self) -> bool:
        if self.made < self.after:
            return False
        self.asked += 1
        return self.asked > 1 if self.within else True


@pytest.mark.parametrize("within", [False, True])
def test_cancelling_keeps_finished_runs(within: bool) -> None:
    stop = Stop(5, within=within)
    report = stop.report(lambda cancelled: session(Simulated(), cancelled=cancelled))
    assert report is not None
    assert len(report.runs) == 5
    assert report.title.endswith("(cut short: 5 of 24 runs)")


def test_cancelled_before_a_run_is_finished_there_is_no_report() -> None:
    assert made(session(Simulated(), cancelled=lambda: True)) is None


def test_cancelling_ends_a_pause() -> None:
    engine = Simulated()
    stop = Stop(1, within=False)
    plan = replace(PLAN, cooldown_s=500.0)
    stop.report(lambda cancelled: session(engine, plan, cancelled))
    assert sum(engine.slept) < 1


def test_after_every_run_there_is_a_whole_report() -> None:
    benchmark, reports = session(Simulated()), list[Report]()
    for event in benchmark.measure():
        if isinstance(event, BenchRun):
            assert benchmark.report is not None
            reports.append(benchmark.report)
            assert (event.done, event.total) == (len(reports), 24)
            assert event.run == benchmark.report.runs[-1]
            assert event.summary == benchmark.report.summary
    assert [len(report.runs) for report in reports] == list(range(1, 25))
    assert all(report.summary for report in reports)


@pytest.mark.parametrize("cut", [1, 7, 23, 24])
def test_a_resumed_benchmark_makes_the_rest_and_no_more(cut: int) -> None:
    stop = Stop(cut, within=False)
    first = stop.report(lambda cancelled: session(Simulated(), cancelled=cancelled))
    assert first is not None
    engine = Simulated()
    report = made(session(engine), first)
    whole = measured(Simulated())
    assert report is not None
    assert report.runs[:cut] == first.runs
    assert [(r.prompt_id, r.repeat, r.mode) for r in report.runs] == [
        (r.prompt_id, r.repeat, r.mode) for r in whole.runs
    ]
    assert len(engine.asked) == (24 - cut + 2 if cut < 24 else 0)
    assert report.summary == whole.summary
    assert report.identity == whole.identity


def test_a_run_that_was_cut_short_is_made_again() -> None:
    whole = measured(Simulated())
    runs = (*whole.runs[:-1], changed(whole.runs[-1], finish_reason="cancelled"))
    engine = Simulated()
    report = made(session(engine), changed(whole, runs=runs))
    assert report is not None
    assert [run.finish_reason for run in report.runs] == ["length"] * 24
    assert len(engine.asked) == 3


@pytest.mark.parametrize(("verify", "is_compared"), [("coupled", True), ("token", False)])
def test_texts_are_compared_only_where_they_must_be_the_same(
    verify: Verify, is_compared: bool
) -> None:
    """Above temperature 0 a rejection rule keeps the distribution, not the text."""
    engine = Simulated(text=lambda mode: [1, 2, 3] if mode == "off" else [1, 2])
    report = measured(engine, sampling=Sampling(temperature=1.0), verify=verify)
    assert report.identity is not None
    assert report.identity.measured is is_compared
    assert [one.identical for one in report.identity.comparisons] == [False] * 3 * is_compared


def test_what_fails_in_mid_benchmark_keeps_what_was_made() -> None:
    failure = OutOfMemory("The device ran out of memory.", "Choose a smaller model.")
    benchmark = session(Simulated(failure=failure, fails_at=6))
    report = made(benchmark)
    assert report is not None
    assert len(report.runs) == 4
    assert benchmark.failure is failure
    with pytest.raises(OutOfMemory):
        made(session(Simulated(failure=failure, fails_at=1)))
