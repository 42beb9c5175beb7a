"""`mtp-mlx models` and `mtp-mlx bench` as child processes: what is here, what fits, and work on it.

The window itself neither looks through folders nor reaches the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Generic, TypeVar, cast

import msgspec
from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from app import strings
from app.domain.models import ConversionStatus, FetchStatus, Status, TrialStatus
from app.services.readable import UNREADABLE
from app.services.store_thread import Answer
from mtp_mlx.errors import MtpMlxError
from mtp_mlx.printable import printable

T = TypeVar("T")
S = TypeVar("S", bound=Status)

ASK_S = 90.0
"""Seconds until an answer must have come: a slow drive takes 10 s for each place of models."""

MOST_BYTES = 16 * 2**20
"""Bytes of an answer, of which a disk full of models fills a thousandth."""

_MOST_LINE = 64 * 1024  # bytes of a line
_MOST_WORDS = 300  # characters of an error
_LOG_BYTES = 16 * 1024
_GRACE_MS = 1500  # how long `close` waits for each process that it has killed
_PREFIX = "mtp-mlx: "


class ToolError(MtpMlxError):
    code = "model_tool"


class Run(QObject):
    """Work that says how far it is. It ends itself after a last status, "done" or "failed"."""

    moved = Signal(object)  # a Status

    def kill(self) -> None:
        """End it at once and emit nothing any more; what came stays on the disk."""


class ModelTool(QObject):
    """A tool that never answers. `ToolProcess` runs the real one."""

    def ask(self, arguments: Sequence[str], kind: type[T], owner: QObject) -> Answer[T]:  # noqa: ARG002
        """Run `mtp-mlx models` with `arguments`; the answer is its JSON object, or a `str`."""
        return Answer(owner)

    def ask_bench(self, arguments: Sequence[str], kind: type[T], owner: QObject) -> Answer[T]:  # noqa: ARG002
        """Run `mtp-mlx bench` with `arguments`; the answer is its JSON object."""
        return Answer(owner)

    def fetch(self, repository: str) -> Run:  # noqa: ARG002
        """Fetch a repository, with its drafter where it has one: FetchStatus."""
        return Run(self)

    def convert(self, arguments: Sequence[str]) -> Run:  # noqa: ARG002
        """Run `mtp-mlx models convert` with `arguments`: ConversionStatus."""
        return Run(self)

    def measure(self, arguments: Sequence[str]) -> Run:  # noqa: ARG002
        """Run `mtp-mlx bench` with `arguments`, of which one is --json: TrialStatus."""
        return Run(self)

    def fetch_alone(self, repository: str) -> None:
        """Fetch in a process that outlives the window."""

    def close(self) -> None:
        """End every run."""


class ToolProcess(ModelTool):
    """Runs `models`, the command of `mtp-mlx models`, and `bench`, that of `mtp-mlx bench`."""

    def __init__(
        self, models: Sequence[str], bench: Sequence[str] = (), parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._models = tuple(models)
        self._bench = tuple(bench) or self._models
        self._runs: set[_Child] = set()

    def ask(self, arguments: Sequence[str], kind: type[T], owner: QObject) -> Answer[T]:
        return self._ask((*self._models, *arguments), kind, owner)

    def ask_bench(self, arguments: Sequence[str], kind: type[T], owner: QObject) -> Answer[T]:
        return self._ask((*self._bench, *arguments), kind, owner)

    def _ask(self, command: Sequence[str], kind: type[T], owner: QObject) -> Answer[T]:
        answer: Answer[T] = Answer(owner)
        run = self._start(command, offline=True)
        output = bytearray()

        def collect(data: bytes) -> None:
            output.extend(data)
            if len(output) > MOST_BYTES:
                run.end(strings.TOOL_GARBLED)

        def settle(trouble: str) -> None:
            if trouble:
                answer.fail(ToolError(trouble, ""))
                return
            try:
                value = _decoded(bytes(output), kind)
            except UNREADABLE:
                answer.fail(ToolError(strings.TOOL_GARBLED, strings.TOOL_GARBLED_REMEDY))
                return
            answer.give(value)

        run.read.connect(collect)
        run.ended.connect(settle)
        QTimer.singleShot(round(ASK_S * 1000), run, lambda: run.end(strings.TOOL_SILENT))
        return answer

    def fetch(self, repository: str) -> Run:
        command = (*self._models, "fetch", repository, "--json")
        return self._work(command, FetchStatus, offline=False)

    def convert(self, arguments: Sequence[str]) -> Run:
        command = (*self._models, "convert", *arguments, "--json")
        return self._work(command, ConversionStatus, offline=True)

    def measure(self, arguments: Sequence[str]) -> Run:
        return self._work((*self._bench, *arguments), TrialStatus, offline=True)

    def _work(self, command: Sequence[str], kind: type[S], *, offline: bool) -> Run:
        child = self._start(command, offline=offline)
        run = _Lines(child, kind)
        child.reader = run
        return run

    def fetch_alone(self, repository: str) -> None:
        program, *first = self._models
        process = QProcess()
        process.setProgram(program)
        process.setArguments([*first, "fetch", repository, "--json"])
        nowhere = QProcess.nullDevice()
        process.setStandardInputFile(nowhere)
        process.setStandardOutputFile(nowhere)
        process.setStandardErrorFile(nowhere)
        process.startDetached()

    def close(self) -> None:
        for run in tuple(self._runs):
            run.close()

    def _start(self, command: Sequence[str], *, offline: bool) -> _Child:
        run = _Child(command, offline=offline)
        self._runs.add(run)
        # Not at once: the run is within a signal of its process, which goes with it.
        drop = partial(self._runs.discard, run)
        run.over.connect(lambda: QTimer.singleShot(0, self, drop))
        return run


class _Child(QObject):
    """A child process. `ended` comes once, with "" or a sentence that says what went wrong.

    Python owns it, not a parent: Qt would delete it under its wrapper.
    """

    read = Signal(bytes)
    ended = Signal(str)
    over = Signal()

    def __init__(self, command: Sequence[str], *, offline: bool) -> None:
        super().__init__()
        self.reader: Run | None = None  # kept as long as it has something to read
        self._log = b""
        self._process: QProcess | None = QProcess(self)
        if offline:
            environment = QProcessEnvironment.systemEnvironment()
            environment.insert("HF_HUB_OFFLINE", "1")
            self._process.setProcessEnvironment(environment)
        self._process.setStandardInputFile(QProcess.nullDevice())
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._read_log)
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)
        # The caller connects to the signals in this turn; the next one may emit them.
        QTimer.singleShot(0, self, lambda: self._begin(command))

    def end(self, trouble: str) -> None:
        """Kill it and emit `ended` with this sentence, unless it has ended."""
        if self._process is not None:
            self.close()
            self.ended.emit(trouble)

    def close(self) -> None:
        """Kill it and wait for that; emit no `ended`."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.waitForFinished(_GRACE_MS)
        self.over.emit()

    def _begin(self, command: Sequence[str]) -> None:
        program, *arguments = command
        if self._process is not None:
            self._process.start(program, arguments)

    def _read(self) -> None:
        if self._process is not None:
            self.read.emit(bytes(self._process.readAllStandardOutput().data()))

    def _read_log(self) -> None:
        if self._process is not None:
            self._log += bytes(self._process.readAllStandardError().data())
            self._log = self._log[-_LOG_BYTES:]

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        if self._process is None:
            return
        whole = code == 0 and status is QProcess.ExitStatus.NormalExit
        self._finish("" if whole else _last_words(self._log))

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if self._process is not None and error is QProcess.ProcessError.FailedToStart:
            self._finish(strings.TOOL_NOT_STARTED)

    def _finish(self, trouble: str) -> None:
        self._process = None
        self.over.emit()
        self.ended.emit(trouble)


class _Lines(Run, Generic[S]):
    """Reads a process's lines, each a status of a kind, as they come."""

    def __init__(self, run: _Child, kind: type[S]) -> None:
        super().__init__()
        self._kind = kind
        self._run: _Child | None = run
        self._rest = b""
        self._is_over = False
        run.read.connect(self._read)
        run.ended.connect(self._on_ended)

    def kill(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.close()

    def _read(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[:_MOST_LINE]
        for line in lines:
            try:
                status = _decoded(line, self._kind)
            except UNREADABLE:
                continue  # a line that says nothing is no reason to stop the work
            if not self._is_over:
                self._is_over = status.phase in ("done", "failed")
                self.moved.emit(status)

    def _on_ended(self, trouble: str) -> None:
        if self._run is None:
            return
        self._run = None
        if not self._is_over:
            self.moved.emit(self._kind(phase="failed", message=trouble or strings.TOOL_GARBLED))


def _decoded(data: bytes, kind: type[T]) -> T:
    """Decode JSON; `str` as a kind takes the text as it is. Raises those of UNREADABLE."""
    if kind is str:
        return cast("T", data.decode(errors="replace").strip())
    return msgspec.json.decode(data, type=kind)


def _last_words(log: bytes) -> str:
    """Return the last line that a program said of its end, as one sentence for a label."""
    lines = [line.strip() for line in log.decode(errors="replace").splitlines()]
    last = next((line for line in reversed(lines) if line), "")
    return printable(last.removeprefix(_PREFIX))[:_MOST_WORDS] or strings.TOOL_ENDED
