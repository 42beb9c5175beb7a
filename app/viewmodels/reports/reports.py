"""Speed reports: run a benchmark, keep what it measured, list, open, compare and delete reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from app import strings
from app.engine.engine import Engine
from app.engine.state import Ready
from app.engine.ticket import BenchTicket, Failure
from app.services.report import export_report, without_texts
from app.services.report_files import ReportEntry, ReportFiles
from app.services.store_thread import Answer, StoreThread
from app.services.text_files import file_name
from app.viewmodels.common.engine import nothing_to_compare
from app.viewmodels.common.undo import Undo
from app.viewmodels.reports.bench_run import BenchState, Choice
from mtp_mlx.events import BenchFinished, BenchProgress, BenchRun
from mtp_mlx.report.model import Report
from mtp_mlx.report.saving import export_comparison, load, save

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Shown:
    """An open report. `name` is its file in the folder of reports; None: it is not there."""

    report: Report
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsState:
    """The page's state. `beside` is the second report of a comparison; `note` a sentence, or ""."""

    entries: tuple[ReportEntry, ...] = ()
    running: BenchState | None = None
    shown: Shown | None = None
    beside: Shown | None = None
    note: str = ""


class ReportsViewModel(QObject):
    changed = Signal(object)  # ReportsState
    exported = Signal(object)  # Path
    not_saved = Signal(str)  # why an export failed
    availability_changed = Signal()  # `obstacle` may have changed

    def __init__(
        self,
        engine: Engine,
        files: StoreThread[ReportFiles],
        folder: Path,
        undo: Undo,
        busy: Callable[[], str],
        parent: QObject | None = None,
    ) -> None:
        """`busy` returns why a chat could send nothing to the engine now; "" where it could."""
        super().__init__(parent)
        self._engine = engine
        self._files = files
        self._folder = folder
        self._out: Path | None = None  # where the benchmark under way writes
        self._undo = undo
        self._busy = busy
        self._ticket: BenchTicket | None = None
        self.state = ReportsState()
        engine.state_changed.connect(self.availability_changed)

    @property
    def obstacle(self) -> str:
        """Return why no benchmark can begin now; "" where it can."""
        if self.state.running is not None:
            return strings.OBSTACLE_MEASURING
        return nothing_to_compare(self._engine.state) or self._busy()

    @property
    def context_length(self) -> int:
        """Return how many tokens the loaded pair's context holds; 0 without a pair."""
        state = self._engine.state
        return state.pair.context_length if isinstance(state, Ready) else 0

    # Measuring

    def begin(self, choice: Choice) -> bool:
        """Begin a benchmark. Return whether it could begin."""
        ready = self._engine.idle
        if self.obstacle or not choice.compares or ready is None:
            return False
        self._show(replace(self.state, running=BenchState(name=""), note=""))
        answer = self._files.run(lambda files: files.new().resolve(), self)
        answer.then(partial(self._submit, choice)).failed(self._on_no_folder)
        return True

    def stop(self) -> None:
        """Stop the benchmark; its finished runs stay in the report."""
        running = self.state.running
        if running is not None and self._ticket is not None:
            self._ticket.cancel()
            self._show(replace(self.state, running=replace(running, stopping=True)))
        elif running is not None:
            self._show(replace(self.state, running=None))

    # The list

    def arrive(self) -> None:
        """List the folder as the page is shown; remove what was deleted 30 days ago."""
        self._files.run(lambda files: files.purge(), self)
        self.refresh()

    def refresh(self) -> None:
        """List the folder anew, without the report that is being written."""
        answer = self._files.run(lambda files: files.entries(), self)
        answer.then(self._on_entries).failed(self._on_unreadable)

    def open(self, name: str) -> None:
        self.dismiss()
        answer = self._files.run(lambda files: Shown(files.load(name), name), self)
        answer.then(self._open).failed(self._on_failure)

    def compare(self, name: str, other: str) -> None:
        """Open two reports side by side, the older one first."""
        order = [entry.name for entry in self.state.entries if entry.name in {name, other}]
        if len(order) != 2:
            return
        self.dismiss()
        newer, older = order
        answer = self._files.run(
            lambda files: (Shown(files.load(older), older), Shown(files.load(newer), newer)), self
        )
        answer.then(lambda both: self._open(*both)).failed(self._on_failure)

    def show(self, reports: Sequence[Report], *, note: str) -> None:
        """Show one report, or two side by side, that lie elsewhere; without any only the note."""
        match reports:
            case [only]:
                self._open(Shown(only))
            case [older, newer]:
                self._open(Shown(older), Shown(newer))
        self._show(replace(self.state, note=note))

    def close(self) -> None:
        self._show(replace(self.state, shown=None, beside=None, note=""))

    def dismiss(self) -> None:
        self._show(replace(self.state, note=""))

    def delete(self, name: str) -> None:
        answer = self._files.run(lambda files: files.delete(name), self)
        answer.then(partial(self._on_deleted, name)).failed(self._on_failure)

    # Out of the program

    def export(self, target: Path, *, texts: bool) -> None:
        """Write the open report, or the comparison, to `target` in the format of its ending.

        `texts`: with prompts and replies. `not_saved` is emitted where that fails.
        """
        shown, beside = self.state.shown, self.state.beside
        if shown is None:
            return

        def write(_files: ReportFiles) -> None:
            if beside is not None:
                export_comparison(shown.report, beside.report, target)
                return
            source = None if shown.name is None else self._folder / shown.name
            export_report(shown.report, source, target, texts=texts)

        answer = self._files.run(write, self)
        answer.then(lambda _: self.exported.emit(target))
        answer.failed(lambda error: self.not_saved.emit(str(error)))

    def outgoing(self, ending: str, owner: QObject, *, texts: bool) -> Answer[Path] | None:
        """Write the open report as a file for another program.

        None while none is open or two are compared.
        """
        shown = self.state.shown
        if shown is None or self.state.beside is not None:
            return None
        report = shown.report if texts else without_texts(shown.report)

        def written(files: ReportFiles) -> Path:
            path = files.outgoing(f"{file_name(report.title)}{ending}")
            save(report, path)
            return path

        return self._files.run(written, owner).failed(self._on_failure)

    def render(self, make: Callable[[], R], owner: QObject) -> Answer[R]:
        """Run `make` on the files thread: drawing or writing a report takes too long here."""
        return self._files.run(lambda _files: make(), owner)

    # How it goes on

    def _submit(self, choice: Choice, out: Path) -> None:
        """Submit the benchmark, unless it was stopped while the folder was made."""
        running, ready = self.state.running, self._engine.idle
        if running is None or ready is None:
            self._show(replace(self.state, running=None))
            return
        self._out = out
        self._show(replace(self.state, running=replace(running, name=out.name)))
        request = choice.request(ready.pair, str(out))
        ticket = self._engine.submit(request)
        ticket.progress.connect(self._on_progress)
        ticket.run.connect(self._on_run)
        ticket.finished.connect(self._on_finished)
        ticket.failed.connect(self._on_failed)
        self._ticket = ticket

    def _on_no_folder(self, error: Exception) -> None:
        self._show(replace(self.state, running=None, note=str(error)))

    def _on_progress(self, event: BenchProgress) -> None:
        if self.state.running is not None:
            self._show(replace(self.state, running=self.state.running.progressed(event)))

    def _on_run(self, event: BenchRun) -> None:
        if self.state.running is not None:
            self._show(replace(self.state, running=self.state.running.ran(event)))

    def _on_failed(self, failure: Failure) -> None:
        if self.state.running is not None:
            died = strings.BENCH_DIED.format(reason=failure.died_of)
            self._end(self.state.running, died if failure.died_of else failure.text)

    def _on_finished(self, event: BenchFinished) -> None:
        running = self.state.running
        if running is None:
            return
        sentences = [*event.warnings]
        if event.reason == "cancelled":
            some = event.report is not None or event.saved is not None
            sentences.insert(0, strings.BENCH_KEPT if some else strings.BENCH_NOTHING)
        note = " ".join(sentences)
        if event.saved == str(self._out):
            self._end(running, note)
            return
        self._rest(note)
        report, saved = event.report, event.saved
        if report is not None:
            self._offer(Shown(report))
        elif saved is not None:
            answer = self._files.run(lambda _files: Shown(load(Path(saved))), self)
            answer.then(self._offer).failed(self._on_failure)

    def _end(self, running: BenchState, note: str) -> None:
        """End the benchmark and open its report, if a run was finished."""
        name = running.name

        def opened(files: ReportFiles) -> Shown | None:
            return Shown(files.load(name), name) if files.path(name).exists() else None

        self._rest(note)
        self._files.run(opened, self).then(self._offer).failed(self._on_failure)

    def _rest(self, note: str) -> None:
        self._ticket = None
        self._show(replace(self.state, running=None, note=note))
        self.refresh()

    def _offer(self, shown: Shown | None) -> None:
        """Open a report that was just measured, unless another one is open."""
        if shown is not None and self.state.shown is None:
            self._show(replace(self.state, shown=shown, beside=None))

    def _open(self, shown: Shown, beside: Shown | None = None) -> None:
        self._show(replace(self.state, shown=shown, beside=beside))

    def _on_entries(self, entries: tuple[ReportEntry, ...]) -> None:
        writing = None if self.state.running is None else self.state.running.name
        shown = tuple(entry for entry in entries if entry.name != writing)
        self._show(replace(self.state, entries=shown))

    def _on_unreadable(self, error: Exception) -> None:
        self._show(replace(self.state, note=str(error)))

    def _on_deleted(self, name: str, aside: Path) -> None:
        if self.state.shown is not None and self.state.shown.name == name:
            self.close()
        self.refresh()
        self._undo.offer(strings.REPORT_DELETED, lambda: self._restore(aside, name))

    def _restore(self, aside: Path, name: str) -> None:
        self._files.run(lambda files: files.restore(aside, name), self).failed(self._on_failure)
        self.refresh()

    def _on_failure(self, error: Exception) -> None:
        self._say(str(error))

    def _say(self, note: str) -> None:
        """Append a sentence to the note."""
        self._show(replace(self.state, note=f"{self.state.note} {note}".strip()))

    def _show(self, state: ReportsState) -> None:
        if state != self.state:
            self.state = state
            self.changed.emit(state)
