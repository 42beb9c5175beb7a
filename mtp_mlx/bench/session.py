"""A benchmark from start to end: warm up, measure in turns, compare texts, report.

After every run there is a whole report of those made so far. Cancelling drops the run at hand and
keeps the others; an earlier report's runs are kept and only the rest is made.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from mtp_mlx.bench.examine import Examiner
from mtp_mlx.bench.identity import comparisons, key
from mtp_mlx.bench.pace import Pace, Progress
from mtp_mlx.bench.plan import Key, Plan, Turn, turns
from mtp_mlx.bench.report import Subject, report
from mtp_mlx.bench.report import run as reported
from mtp_mlx.bench.runs import Bench
from mtp_mlx.engine import Engine
from mtp_mlx.errors import MtpMlxError
from mtp_mlx.report.model import Comparison, Report, Run
from mtp_mlx.wire import BenchPhase

STEP_S = 0.1  # of a pause, after which cancelling is noticed


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who looks on. The clock and the pause are the machine's, save in tests."""

    cancelled: Callable[[], bool] = lambda: False
    progress: Callable[[Progress], None] = lambda _: None
    made: Callable[[Run, Report], None] = lambda _run, _report: None  # after every run
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Session:
    """Measures one plan on one engine."""

    def __init__(self, engine: Engine, subject: Subject, plan: Plan, watch: Watch) -> None:
        self._engine = engine
        self._subject = subject
        self._plan = plan
        self._watch = watch
        self._bench = Bench(engine, plan, watch.cancelled)
        self._order = turns(plan, subject.suite.prompts)
        self._pace = Pace(plan.cooldown_s)
        self._started = watch.clock()
        self._runs: dict[Key, Run] = {}
        self._texts: dict[Key, tuple[int, ...]] = {}
        self._known: tuple[Comparison, ...] = ()
        self.failure: MtpMlxError | None = None

    def measure(self, earlier: Report | None = None) -> Report | None:
        """The report of all runs, of an `earlier` one as well; None where none was finished.

        What stops it is raised where there is no run to keep, and is `failure` where there is.
        """
        if earlier is not None:
            self._runs = {key(run): run for run in earlier.runs if not run.cut}
            self._known = earlier.identity.comparisons if earlier.identity else ()
        left = [turn for turn in self._order if turn.key not in self._runs]
        try:
            self._make(left)
            compared = self._examined()
        except MtpMlxError as error:
            if not self._runs:
                raise
            self.failure = error
            compared = self._compared()
        return self._report(compared) if self._runs else None

    def _make(self, left: list[Turn]) -> None:
        if left:
            self._tell("warming up")
            self._bench.warm_up(left[0].prompt)
        for i, turn in enumerate(left):
            if i > 0:
                self._cool_down(left[i:])
            if self._watch.cancelled() or not self._take(turn, left[i:]):
                return

    def _take(self, turn: Turn, left: list[Turn]) -> bool:
        """One run; False where it was cut short, and so not kept."""
        self._tell("measuring", left)
        started = self._watch.clock()
        made = self._bench.run(turn)
        if made.cut:
            return False
        self._pace.took(turn.mode, self._watch.clock() - started)
        self._texts[turn.key] = made.tokens
        told = reported(made, include_text=self._plan.include_text)
        self._runs[turn.key] = told
        self._watch.made(told, self._report(self._compared()))
        return True

    def _cool_down(self, left: list[Turn]) -> None:
        if self._plan.cooldown_s <= 0:
            return
        self._tell("cooling down", left)
        end = self._watch.clock() + self._plan.cooldown_s
        while not self._watch.cancelled() and (rest := end - self._watch.clock()) > 0:
            self._watch.sleep(min(STEP_S, rest))

    def _compared(self) -> tuple[Comparison, ...] | None:
        if not self._plan.same_text:
            return None
        return comparisons(tuple(self._runs.values()), self._texts, self._known)

    def _examined(self) -> tuple[Comparison, ...] | None:
        """With what is to be known of each difference; a benchmark that is stopped leaves it."""
        found = self._compared()
        if found is None or all(one.identical for one in found):
            return found
        self._tell("comparing")
        examiner = Examiner(self._engine, self._bench, self._plan, self._order)
        return tuple(
            one
            if one.identical or one.margin is not None or self._watch.cancelled()
            else examiner.examined(one, self._runs, self._texts)
            for one in found
        )

    def _report(self, compared: tuple[Comparison, ...] | None) -> Report:
        return report(self._subject, self._plan, tuple(self._runs.values()), compared)

    def _tell(self, phase: BenchPhase, left: list[Turn] | None = None) -> None:
        now = self._watch.clock()
        self._watch.progress(
            Progress(
                phase=phase,
                done=len(self._runs),
                total=len(self._order),
                turn=left[0] if left else None,
                elapsed_s=now - self._started,
                left_s=self._pace.left(left) if left else None,
            )
        )
