"""A benchmark from start to end: it warms up, measures in turns, compares texts and reports.

After every run there is a report of all runs so far, and it is saved; a disk that refuses it costs
no run. Cancelling drops the current run and keeps the others. A resumed report keeps its runs, and
only the missing ones are made.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from mtp_mlx.api import Bench
from mtp_mlx.bench.environment import conditions, finished
from mtp_mlx.bench.identity import Examiner, comparisons, key
from mtp_mlx.bench.keeping import Keeper, RunLines
from mtp_mlx.bench.order import order
from mtp_mlx.bench.plan import Key, Plan, Turn, turns
from mtp_mlx.bench.report import Subject, report
from mtp_mlx.bench.report import run as reported
from mtp_mlx.bench.runs import Runner
from mtp_mlx.engine import Engine
from mtp_mlx.errors import MtpMlxError, ReportNotSaved
from mtp_mlx.events import BenchFinished, BenchPhase, BenchProgress, BenchRun
from mtp_mlx.report.model import Comparison, Report, Run
from mtp_mlx.text.codec import ReadingCancelledError

STEP_S = 0.1  # seconds of a pause between two looks at `cancelled`


def benchmark(
    engine: Engine, asked: Bench, cancelled: Callable[[], bool]
) -> Iterator[BenchProgress | BenchRun | BenchFinished]:
    """Measure the runs of `asked`, and save the report after each.

    Raises UsageError or ReportError before the first run. Later problems are in the events, unless
    no run was finished.
    """
    yield BenchProgress(phase="hashing", done=0, total=0, elapsed_s=0.0)
    given = order(engine, asked, cancelled)
    if given is None:
        yield BenchFinished(reason="cancelled", report=None, saved=None, warnings=())
        return
    warnings: list[str] = []
    keeper = None if given.out is None else Keeper(given.out, warnings.append)
    lines = None if given.jsonl is None else RunLines(given.jsonl, warnings.append)
    if lines is not None and given.earlier is not None:
        lines.add(given.earlier, given.earlier.runs)
    session = Session(engine, given.subject, given.plan, Circumstances(cancelled=cancelled))
    for event in session.measure(given.earlier):
        if isinstance(event, BenchRun) and session.report is not None:
            before = len(warnings)
            if keeper is not None:
                keeper.keep(session.report)
            if lines is not None:
                lines.add(session.report, [event.run])
            yield msgspec.structs.replace(event, warning=" ".join(warnings[before:]) or None)
        else:
            yield event
    yield _finished(session, keeper, lines, warnings, cancelled=cancelled())


def _finished(
    session: Session,
    keeper: Keeper | None,
    lines: RunLines | None,
    warnings: list[str],
    *,
    cancelled: bool,
) -> BenchFinished:
    made, saved, failure = session.report, None, session.failure
    if lines is not None:
        try:
            lines.finish()
        except ReportNotSaved as error:
            failure = failure or error
    if made is not None:
        environment = finished(made.environment, conditions())
        made = msgspec.structs.replace(made, environment=environment)
    if made is not None and keeper is not None:
        try:
            keeper.finish(made)
            saved = keeper.out
        except ReportNotSaved as error:
            saved, failure = keeper.spare, error
    complete = made is not None and len(made.runs) >= (made.settings.planned_runs or 0)
    return BenchFinished(
        reason="done" if complete else "cancelled" if cancelled else "failed",
        report=made,
        saved=None if saved is None else str(saved.resolve()),
        warnings=(*warnings, *([] if failure is None else [str(failure)])),
        failure=None if failure is None else str(failure),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """The flag that stops a benchmark, and the clock, which tests replace."""

    cancelled: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Pace:
    """Estimates the time left from the seconds that runs took, by mode and context."""

    cooldown_s: float
    _seconds: defaultdict[Key, list[float]] = field(default_factory=lambda: defaultdict(list))

    def took(self, turn: Turn, seconds: float) -> None:
        self._seconds[_kind(turn)].append(seconds)

    def left(self, ahead: Sequence[Turn]) -> float | None:
        """Return the estimated seconds of the turns `ahead` and the pause before each.

        None before the first run.
        """
        medians = {kind: statistics.median(took) for kind, took in self._seconds.items()}
        if not medians:
            return None
        usual = statistics.fmean(medians.values())
        return sum(medians.get(_kind(turn), usual) + self.cooldown_s for turn in ahead)


def _kind(turn: Turn) -> Key:
    """Return the mode and the context of a turn, on which its time depends most."""
    return replace(turn.key, prompt_id=None, repeat=0)


Step = BenchProgress | BenchRun


class Session:
    """Measures one plan on one engine."""

    def __init__(
        self, engine: Engine, subject: Subject, plan: Plan, circumstances: Circumstances
    ) -> None:
        self._engine = engine
        self._subject = subject
        self._plan = plan
        self._cancelled = circumstances.cancelled
        self._clock = circumstances.clock
        self._sleep = circumstances.sleep
        self._runner = Runner(engine, plan, circumstances.cancelled)
        self._order = turns(plan, subject.suite.prompts)
        self._pace = Pace(plan.cooldown_s)
        self._started = self._clock()
        self._runs: dict[Key, Run] = {}
        self._texts: dict[Key, tuple[int, ...]] = {}
        self._compared_before: tuple[Comparison, ...] = ()  # in the report that is resumed
        self.report: Report | None = None  # of the runs so far; None before the first
        self.failure: MtpMlxError | None = None

    def measure(self, earlier: Report | None = None) -> Iterator[Step]:
        """Measure the runs that an `earlier` report does not hold; `report` has the runs of both.

        An error that ends it is raised where there is no run, else it becomes `failure`.
        """
        if earlier is not None:
            self._runs = {key(run): run for run in earlier.runs if not run.cut}
            self._compared_before = earlier.identity.comparisons if earlier.identity else ()
        ahead = [turn for turn in self._order if turn.key not in self._runs]
        compared = None
        try:
            yield from self._make(ahead)
            compared = self._compared()
            if any(not comparison.identical for comparison in compared or ()):
                yield self._progress("comparing")
                compared = self._examined(compared or ())
        except MtpMlxError as error:
            if not self._runs:
                raise
            self.failure = error
            compared = self._compared()
        if self._runs:
            self.report = self._reported(compared)

    def _make(self, ahead: Sequence[Turn]) -> Iterator[Step]:
        if ahead:
            yield self._progress("warming up")
            try:
                self._runner.warm_up(ahead)
            except ReadingCancelledError:
                return
        for i, turn in enumerate(ahead):
            if i > 0 and self._plan.cooldown_s > 0:
                yield self._progress("cooling down", ahead[i:])
                self._cool_down()
            if self._cancelled():
                return
            yield self._progress("measuring", ahead[i:])
            run = self._take(turn)
            if run is None:
                return
            yield run

    def _take(self, turn: Turn) -> BenchRun | None:
        """Measure one run and keep it; return None where it was cut short."""
        started = self._clock()
        try:
            made = self._runner.run(turn)
        except ReadingCancelledError:
            return None
        if made.cut:
            return None
        self._pace.took(turn, self._clock() - started)
        self._texts[turn.key] = made.tokens
        run = reported(made, include_text=self._plan.include_text)
        self._runs[turn.key] = run
        self.report = self._reported(self._compared())
        return BenchRun(
            done=len(self._runs), total=len(self._order), run=run, summary=self.report.summary
        )

    def _cool_down(self) -> None:
        end = self._clock() + self._plan.cooldown_s
        while not self._cancelled() and (rest := end - self._clock()) > 0:
            self._sleep(min(STEP_S, rest))

    def _compared(self) -> tuple[Comparison, ...] | None:
        if not self._plan.same_text:
            return None
        return comparisons(tuple(self._runs.values()), self._texts, self._compared_before)

    def _examined(self, compared: Sequence[Comparison]) -> tuple[Comparison, ...]:
        """Examine each difference until the benchmark is cancelled."""
        examiner = Examiner(self._engine, self._runner, self._plan, self._order)
        return tuple(
            comparison
            if comparison.identical or comparison.margin is not None or self._cancelled()
            else examiner.examined(comparison, self._runs, self._texts)
            for comparison in compared
        )

    def _reported(self, compared: Sequence[Comparison] | None) -> Report:
        return report(self._subject, self._plan, tuple(self._runs.values()), compared)

    def _progress(self, phase: BenchPhase, ahead: Sequence[Turn] = ()) -> BenchProgress:
        turn = ahead[0] if ahead else None
        return BenchProgress(
            phase=phase,
            done=len(self._runs),
            total=len(self._order),
            mode=turn.mode if turn else None,
            category=turn.prompt.category if turn else None,
            prompt_id=turn.prompt.id if turn else None,
            repeat=turn.repeat if turn else None,
            context_tokens=turn.context_tokens if turn else None,
            elapsed_s=self._clock() - self._started,
            left_s=self._pace.left(ahead) if ahead else None,
        )
