"""Trying a size before its download: random weights of its true shape, measured on this machine.

A child process makes and measures them, never the engine. Its memory counts beside the loaded
pair's, so the user is told where both do not fit, and decides which gives way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app import strings
from app.domain.models import Reported, Trial, TrialEstimate, TrialStatus
from app.engine.engine import Engine
from app.engine.state import Ready
from app.services.data_folder import DataFolder
from app.services.model_tool import ModelTool, Run
from app.services.report_files import ReportFiles
from app.services.store_thread import StoreThread
from app.viewmodels.common.format import left, memory, rate, span
from app.viewmodels.models.jobs import JobRow
from app.viewmodels.models.switching import PairSwitching
from app.viewmodels.models.switching import title as title_of
from mtp_mlx.report.naming import day

KEY = "trial"
MODES, REPEATS = "off,auto", "2"
_LANE = "trials"  # of the store's writes
_TICK_MS = 1000
_MOST_SHARE = 0.99  # of the bar, until the result is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A pair of the catalogue in a precision."""

    pair: str  # "E4B"
    bits: int
    title: str  # "Gemma 4 E4B 4-bit"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOrder:
    """A trial that the user is asked about."""

    size: Size
    estimate: TrialEstimate
    unloads: bool = False  # the loaded pair gives way first


class Trying(QObject):
    """One trial at a time, and the results of all."""

    changed = Signal()
    asked = Signal(object, str, str)  # TrialOrder, the question, and what its button says
    said = Signal(str)  # why nothing is tried, or what came of it

    def __init__(
        self,
        tool: ModelTool,
        engine: Engine,
        pairs: PairSwitching,
        store: StoreThread[DataFolder],
        files: StoreThread[ReportFiles],
        clock: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._tool = tool
        self._engine = engine
        self._pairs = pairs
        self._store = store
        self._files = files
        self._clock = clock
        self._size: Size | None = None  # is being estimated or measured
        self._order: TrialOrder | None = None  # is being measured, or waits for the engine
        self._waiting: TrialOrder | None = None  # for the memory of the loaded pair
        self._run: Run | None = None
        self._status = TrialStatus(phase="estimating")
        self._began = self._ends = 0.0
        self._is_disturbed = False
        self._kept: dict[tuple[str, int], Trial] = {}
        self._ticks = QTimer(self, interval=_TICK_MS)
        self._ticks.timeout.connect(self.changed)
        engine.state_changed.connect(self._on_engine)
        engine.memory_changed.connect(self._on_memory)

    @property
    def results(self) -> Mapping[tuple[str, int], Trial]:
        """Return the last trial of each pair and precision."""
        return self._kept

    @property
    def is_running(self) -> bool:
        return self._size is not None

    @property
    def row(self) -> JobRow | None:
        """Return the trial under way."""
        if self._size is None:
            return None
        share, words = None, strings.TRY_PHASES["estimating"]
        if self._order is not None:
            words = _words(self._status)
            if self._run is not None:
                now = self._clock()
                passed, whole = now - self._began, self._ends - self._began
                share = min(_MOST_SHARE, passed / whole) if whole > 0 else None
                words = strings.TRY_LEFT.format(words=words, left=left(max(0.0, self._ends - now)))
        return JobRow(
            key=KEY,
            title=strings.TRY_TITLE.format(name=self._size.title),
            words=words,
            share=share,
            stage="running",
            end=strings.TRY_STOP.format(name=self._size.title),
        )

    def read(self) -> None:
        """Ask the disk for earlier results."""
        self._store.run(lambda folder: folder.trials.read(), self).then(self._on_read)

    def ask(self, size: Size, busy: str = "") -> None:
        """Estimate what trying takes, then ask the user; `busy` says why it cannot be now."""
        reason = strings.TRY_ONE if self.is_running else busy or self._engine_is_busy()
        if reason:
            self.said.emit(reason)
            return
        self._size, self._status = size, TrialStatus(phase="estimating")
        arguments = (*_trial_of(size), "--estimate")
        answer = self._tool.ask_bench(arguments, TrialEstimate, self)
        answer.then(partial(self._on_estimated, size)).failed(self._give_up)
        self.changed.emit()

    def begin(self, order: TrialOrder) -> None:
        """Measure what the user was asked about."""
        reason = self._engine_is_busy()
        if self._run is not None or reason:
            self.said.emit(reason or strings.TRY_ONE)
            return
        self._size, self._order = order.size, order
        self._status = TrialStatus(phase="loading")
        if order.unloads and self._pairs.loaded is not None:
            self._waiting = order
            self._pairs.unload()
        else:
            self._prepare(order)
        self.changed.emit()

    def stop(self) -> None:
        """End the trial at once; nothing is kept of it."""
        run, self._run = self._run, None
        if run is not None:
            run.kill()
        self._end()

    # How it goes on

    def _on_read(self, kept: tuple[Trial, ...]) -> None:
        self._kept = {one.key: one for one in kept} | self._kept
        self.changed.emit()

    def _on_estimated(self, size: Size, estimate: TrialEstimate) -> None:
        if size != self._size or self._order is not None:
            return  # it was stopped meanwhile
        self._size = None
        self.changed.emit()
        held = self._pairs.held_bytes
        loaded = self._pairs.loaded
        need, have = memory(estimate.need.total), memory(estimate.have)
        name = "" if loaded is None else title_of(loaded)
        if estimate.verdict == "too-big" and estimate.need.total > estimate.have + held:
            self.said.emit(strings.TRY_TOO_BIG.format(name=size.title, need=need, have=have))
            return
        words = [
            strings.TRY_ASK.format(name=size.title, time=span(estimate.seconds), need=need),
            _of_acceptance(size, estimate.reported),
        ]
        unloads = estimate.verdict == "too-big"
        if unloads:
            words.append(strings.TRY_UNLOADS.format(have=have, loaded=name))
        elif loaded is not None:
            words.append(strings.TRY_BESIDE.format(have=have))
        order = TrialOrder(size=size, estimate=estimate, unloads=unloads)
        act = strings.TRY_UNLOAD_NOW if unloads else strings.TRY_NOW
        self.asked.emit(order, " ".join(words), act)

    def _prepare(self, order: TrialOrder) -> None:
        """Find a place for the report, which is listed with the others."""

        def measure(out: Path) -> None:
            if self._order is order:
                self._measure(order, out)

        self._files.run(lambda files: files.new().resolve(), self).then(measure).failed(
            self._give_up
        )

    def _measure(self, order: TrialOrder, out: Path) -> None:
        self._began = self._clock()
        self._ends = self._began + order.estimate.seconds
        self._is_disturbed = False
        tokens = str(order.estimate.max_tokens)
        run = self._tool.measure(
            (*_trial_of(order.size), "--max-tokens", tokens, "--cooldown", "0", "--out", str(out))
        )
        run.moved.connect(partial(self._on_moved, order))
        self._run = run
        self._ticks.start()
        self.changed.emit()

    def _on_moved(self, order: TrialOrder, status: TrialStatus) -> None:
        if self._order is not order:
            return
        self._status = status
        if status.left_s is not None:
            self._ends = self._clock() + status.left_s
        match status.phase:
            case "done":
                self._keep(order, status)
            case "failed":
                reason = " ".join(part for part in (status.message, status.remedy) if part)
                self.said.emit(strings.TRY_FAILED.format(name=order.size.title, reason=reason))
                self._end()
            case _:
                self.changed.emit()

    def _keep(self, order: TrialOrder, status: TrialStatus) -> None:
        plain, drafts = status.tps("off"), status.tps("auto")
        if plain is None or drafts is None:
            words = strings.TRY_FAILED.format(
                name=order.size.title, reason=strings.TRY_NOT_MEASURED
            )
            self.said.emit(words)
            self._end()
            return
        trial = Trial(
            pair=order.size.pair,
            bits=order.size.bits,
            plain_tps=plain,
            drafts_tps=drafts,
            reported=order.estimate.reported,
            created=status.created,
            machine=status.machine,
            was_disturbed=self._is_disturbed,
        )
        self._kept[trial.key] = trial
        self._store.write(lambda folder: folder.trials.put(trial), self._store, _LANE)
        self.said.emit(strings.TRY_DONE.format(name=order.size.title, result=result(trial)))
        self._end()

    def _give_up(self, error: Exception) -> None:
        self.said.emit(str(error))
        self._end()

    def _end(self) -> None:
        self._size = self._order = self._waiting = self._run = None
        self._ticks.stop()
        self.changed.emit()

    def _on_engine(self) -> None:
        state = self._engine.state
        self._is_disturbed |= isinstance(state, Ready) and state.busy is not None

    def _on_memory(self) -> None:
        """Begin the trial that waits for the memory of the loaded pair."""
        order, self._waiting = self._waiting, None
        if order is not None and order is self._order:
            self._prepare(order)

    def _engine_is_busy(self) -> str:
        """Return why a measurement would be in the way of the engine, or it in its way."""
        state = self._engine.state
        return strings.TRY_BUSY if isinstance(state, Ready) and state.busy is not None else ""


def _trial_of(size: Size) -> tuple[str, ...]:
    """Return the arguments of a trial that its estimate has too."""
    return (
        *("--shape", size.pair, "--bits", str(size.bits), "--modes", MODES, "--repeats", REPEATS),
        *("--replay-acceptance", "reported", "--json"),
    )


def _words(status: TrialStatus) -> str:
    words = strings.TRY_PHASES.get(status.phase, strings.TRY_PHASES["measuring"])
    if status.phase != "measuring" or not status.total:
        return words
    return strings.TRY_RUNS.format(words=words, run=status.done + 1, total=status.total)


def _of_acceptance(size: Size, reported: Reported | None) -> str:
    if reported is None:
        return strings.TRY_NO_ACCEPTANCE
    own = reported.pair in ("", size.pair)
    words = strings.TRY_ACCEPTANCE if own else strings.TRY_ACCEPTANCE_OF
    return words.format(
        percent=round(100 * reported.chance), source=reported.source, pair=reported.pair,
        name=size.pair,
    )  # fmt: skip


def result(trial: Trial) -> str:
    """Return a trial as what it is: random weights, on a machine, on a day."""
    machine = trial.machine or strings.HERE
    when = day(trial.created)
    words = strings.TRY_RESULT.format(
        where=strings.TRY_WHERE.format(machine=machine, day=when) if when else machine,
        plain=rate(trial.plain_tps),
        drafts=rate(trial.drafts_tps),
    )
    slower = trial.drafts_tps < trial.plain_tps
    parts = [words, strings.TRY_SLOWER if slower else "", _of_kept(trial)]
    if trial.was_disturbed:
        parts.append(strings.TRY_DISTURBED)
    return " ".join(part for part in parts if part)


def _of_kept(trial: Trial) -> str:
    reported = trial.reported
    if reported is None:
        return ""
    own = reported.pair in ("", trial.pair)
    words = strings.TRY_SOURCE if own else strings.TRY_SOURCE_OF
    return words.format(source=reported.source, pair=reported.pair)
