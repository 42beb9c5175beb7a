"""The worker as a child process: commands and events are lines on its pipes.

QProcess works from the event loop: nothing here waits for the pipe, and no other thread is needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from app import strings
from mtp_mlx.errors import BadMessage
from mtp_mlx.wire import MAX_LINE_BYTES, Command, Ping, Shutdown, decode_event, encode

_LOG_BYTES = 16 * 1024  # of stderr that are kept
_GRACE_MS = 1500  # how long `close` waits for the process to end, before and after it kills it
_KILLED = 9  # the number of SIGKILL
_NO_MEMORY = ("insufficient memory", "out of memory", "bad_alloc")
"""What stderr says when memory ran out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """The worker process has ended. `reason` is a clause that can follow "The engine"."""

    reason: str
    can_restart: bool = True  # False: the process could not be started at all


class Worker(QObject):
    """The far end of the pipe: the worker process or, in tests, a script.

    No method but `close` waits. `start` may be called again after `died`.
    """

    received = Signal(object)  # mtp_mlx.wire.Event
    noise = Signal(str)  # why a line could not be read as an event, in words for a log
    died = Signal(object)  # Death

    def start(self) -> None:
        raise NotImplementedError

    def send(self, command: Command) -> None:
        """Send `command`; do nothing where no worker runs: `died` is emitted for that."""
        raise NotImplementedError

    def kill(self) -> None:
        """End the worker at once; `died` follows."""
        raise NotImplementedError

    def close(self) -> None:
        """Ask the worker to end and wait for that, 3 s at most. Emit nothing any more."""
        raise NotImplementedError


class WorkerProcess(Worker):
    """Runs `command`. `log` holds the end of its stderr, which may say why it died."""

    def __init__(self, command: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._program, *self._arguments = command
        self._lines = LineBuffer()
        self.log = b""
        self._process: QProcess | None = None

    def start(self) -> None:
        self._lines.clear()
        self.log = b""
        process = QProcess(self)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_log)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process = process
        process.start(self._program, self._arguments)

    def send(self, command: Command) -> None:
        if self._process is not None:
            self._process.write(encode(command))

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        process = self._process
        if process is None:
            return
        self._release()
        process.write(encode(Shutdown()))
        process.closeWriteChannel()
        if not process.waitForFinished(_GRACE_MS):
            process.kill()
            process.waitForFinished(_GRACE_MS)
        process.deleteLater()

    def _release(self) -> None:
        """Forget the process, so that signals which it still sends have no effect."""
        self._process = None

    def _read(self) -> None:
        if self._process is None:
            return
        for line in self._lines.feed(bytes(self._process.readAllStandardOutput().data())):
            try:
                event = decode_event(line)
            except BadMessage as error:
                self.noise.emit(str(error))
            else:
                self.received.emit(event)

    def _read_log(self) -> None:
        if self._process is not None:
            self.log = (self.log + bytes(self._process.readAllStandardError().data()))[-_LOG_BYTES:]

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        # Qt reads both pipes to their ends before it says that a process has finished.
        process = self._process
        if process is None:
            return
        log = self.log.decode(errors="replace").strip()
        self._release()
        process.deleteLater()
        self.died.emit(Death(reason=_reason(code, status, log)))

    def _on_error(self, error: QProcess.ProcessError) -> None:
        process = self._process
        if process is None or error is not QProcess.ProcessError.FailedToStart:
            return  # every other error is followed by `finished`, or is a write to a dead pipe
        reason = strings.COULD_NOT_START.format(detail=process.errorString())
        self._release()
        process.deleteLater()
        self.died.emit(Death(reason=reason, can_restart=False))


class LineBuffer:
    """Keeps the unfinished line between two reads.

    A line longer than the protocol allows is dropped up to its end: a worker that never ends its
    line must not fill the window's memory.
    """

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._dropping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes, without line ends and without empty lines."""
        self._rest += data
        *lines, rest = bytes(self._rest).split(b"\n")
        if self._dropping and lines:
            del lines[0]
            self._dropping = False
        if self._dropping or len(rest) > self._limit:
            rest = b""
            self._dropping = True
        self._rest = bytearray(rest)
        return [line for line in lines if line.strip() and len(line) <= self._limit]

    def clear(self) -> None:
        self._rest.clear()
        self._dropping = False


def _reason(code: int, status: QProcess.ExitStatus, log: str) -> str:
    """Return why the process ended, as a clause. After a crash `code` is the signal's number."""
    if status is QProcess.ExitStatus.CrashExit:
        if any(words in log.lower() for words in _NO_MEMORY):
            return strings.RAN_OUT_OF_MEMORY
        return strings.WAS_KILLED if code == _KILLED else strings.CRASHED.format(signal=code)
    last = log.splitlines()[-1].strip() if log else ""
    return strings.ENDED_SAYING.format(last=last) if last else strings.ENDED.format(code=code)


PING_MS = 5_000  # between two pings
SILENCE_S = 20.0  # without an answer, from which on the worker counts as silent


class Watch(QObject):
    """Pings the worker from its first event to its death, and says when no answer comes.

    A worker answers from a thread of its own, also in mid-reply and while it loads. A silent one
    is not killed: only the user knows what it may be busy with.
    """

    silent = Signal(float)  # seconds without an answer; 0: the worker answers again

    def __init__(
        self,
        worker: Worker,
        clock: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._worker = worker
        self._clock = clock
        self._heard = clock()
        self._is_silent = False
        self._timer = QTimer(self, interval=PING_MS)
        self._timer.timeout.connect(self.look)
        worker.received.connect(self._on_event)
        worker.died.connect(self._timer.stop)

    @property
    def watching(self) -> bool:
        return self._timer.isActive()

    def look(self) -> None:
        """Send a ping; emit `silent` where the last answer is too long ago."""
        silence = self._clock() - self._heard
        if silence > SILENCE_S:
            self._is_silent = True
            self.silent.emit(silence)
        self._worker.send(Ping())

    def _on_event(self) -> None:
        self._heard = self._clock()
        if not self.watching:
            self._timer.start()
        if self._is_silent:
            self._is_silent = False
            self.silent.emit(0.0)
