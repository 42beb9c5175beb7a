"""The worker as a child process: bytes in, events out, and never a wait.

QProcess reports from the event loop, so nothing here runs on another thread.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess

from app import strings
from app.engine.lines import LineBuffer
from app.engine.port import Death, Engine
from mtp_mlx.errors import BadMessage
from mtp_mlx.wire import Command, Shutdown, decode_event, encode

_LOG_BYTES = 16 * 1024
_GRACE_MS = 1500
_KILLED = 9
_NO_MEMORY = ("insufficient memory", "out of memory", "bad_alloc")


class ProcessEngine(Engine):
    """Runs `command`. What it writes to stderr is kept for the day it dies."""

    def __init__(self, command: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._program, *self._arguments = command
        self._lines = LineBuffer()
        self._log = b""
        self._process: QProcess | None = None

    def start(self) -> None:
        self._lines.clear()
        self._log = b""
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
        """Forget the process: it has ended, or nobody is to hear of its end. Slots look first."""
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
            self._log = (self._log + bytes(self._process.readAllStandardError().data()))[
                -_LOG_BYTES:
            ]

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        # Qt reads both pipes to their ends before it says that a process has finished.
        process = self._process
        if process is None:
            return
        log = self._log.decode(errors="replace").strip()
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


def _reason(code: int, status: QProcess.ExitStatus, log: str) -> str:
    """Why it ended, for a person. After a crash `code` is the signal's number."""
    if status is QProcess.ExitStatus.CrashExit:
        if any(words in log.lower() for words in _NO_MEMORY):
            return strings.RAN_OUT_OF_MEMORY
        return strings.WAS_KILLED if code == _KILLED else strings.CRASHED.format(signal=code)
    last = log.splitlines()[-1].strip() if log else ""
    return strings.ENDED_SAYING.format(last=last) if last else strings.ENDED.format(code=code)
