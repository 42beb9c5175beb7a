"""The worker process: commands as JSON lines on stdin, events as JSON lines on stdout.

The main thread owns the `Host`. A second thread reads the pipe: it submits requests, and acts at
once on what must not wait for the host (ping, cancel, the MTP switch). The worker answers every
line, also a damaged one, and goes on. The end of stdin ends it, so it never outlives its window.
"""

from __future__ import annotations

import os
import platform
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import BinaryIO

import msgspec

from mtp_mlx import wire
from mtp_mlx.api import LookAtMemory, Request
from mtp_mlx.bench.environment import commit
from mtp_mlx.bench.machine import output
from mtp_mlx.errors import EngineFault, MtpMlxError
from mtp_mlx.events import BenchFinished, Event
from mtp_mlx.host import Host, Ticket
from mtp_mlx.loading.device import describe, versions
from mtp_mlx.paths import checkout

FAREWELL_S = 0.75  # what a reply may still take to end once the window is gone


def main() -> int:
    """Serve until `shutdown` or the end of stdin."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's own end would abort: a thread reads
    outbox = Outbox(_private_stdout())
    host = Host()
    outbox.send(_hello())
    inbox = Inbox(sys.stdin.buffer, host, outbox)
    threading.Thread(target=inbox.read_all, name="pipe reader", daemon=True).start()
    host.serve()
    return 0


def _private_stdout() -> BinaryIO:
    """Return the pipe to the window; what libraries print to stdout goes to stderr from now on."""
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return private


def _hello() -> wire.Hello:
    program = commit(output, checkout())
    state = {} if program.clean is None else {"clean": str(program.clean).lower()}
    known = {} if program.sha is None else {"commit": program.sha, **state}
    return wire.Hello(
        protocol=wire.PROTOCOL_VERSION,
        versions=versions() | known,
        device={**asdict(describe()), "os": platform.platform(terse=True)},
    )


class Outbox:
    """Writes whole lines to the window, from either thread; exits where the window is gone."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: wire.Event) -> None:
        self._write(wire.encode(message))

    def send_error(self, error: Exception, request_id: str | None) -> None:
        """Send `error`; print the traceback of an unexpected one to stderr."""
        if not isinstance(error, MtpMlxError):
            traceback.print_exception(error)
            error = EngineFault(error)
        self.send(
            wire.Error(code=error.code, message=error.message, remedy=error.remedy, id=request_id)
        )

    def answer(self, request_id: str | None, event: Event | Exception) -> None:
        """Send an answer of the host to the request `request_id`; None where it has no id."""
        if isinstance(event, Exception):
            self.send_error(event, request_id)
            return
        line = wire.encode(wire.answer(event, request_id))
        if len(line) > wire.MAX_LINE_BYTES and isinstance(event, BenchFinished):
            line = wire.encode(wire.answer(_without_report(event), request_id))
        self._write(line)

    def _write(self, line: bytes) -> None:
        with self._lock:
            try:
                self._stream.write(line)
                self._stream.flush()
            except OSError:
                os._exit(0)


def _without_report(event: BenchFinished) -> BenchFinished:
    """Return `event` without its report, which is in a file or is written to one."""
    from mtp_mlx.bench.keeping import elsewhere
    from mtp_mlx.report.saving import encode

    assert event.report is not None
    spare = None if event.saved else elsewhere(encode(event.report), "benchmark")
    saved = event.saved or (None if spare is None else str(spare))
    return msgspec.structs.replace(event, report=None, saved=saved)


class Inbox:
    """Reads commands from the pipe and acts on them."""

    def __init__(self, stream: BinaryIO, host: Host, outbox: Outbox) -> None:
        self._stream = stream
        self._host = host
        self._outbox = outbox
        self._tickets: dict[str, Ticket] = {}  # by the ids of their requests

    def read_all(self) -> None:
        try:
            for line in self._lines():
                if not self._take_line(line):
                    break
        finally:  # whatever ends the reading, a worker without commands must not live on
            self._leave()

    def _take_line(self, line: bytes) -> bool:
        try:
            return self._take(wire.decode_command(line))
        except MtpMlxError as error:
            self._outbox.send_error(error, None)
            return True

    def _lines(self) -> Iterator[bytes]:
        """Yield each line that is not blank; of a line that is too long only the beginning."""
        while line := self._stream.readline(wire.MAX_LINE_BYTES + 1):
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = self._stream.readline(wire.MAX_LINE_BYTES)
            if line.strip():
                yield line

    def _take(self, command: wire.Command) -> bool:
        """Act on one command; return False where it is the last."""
        match command:
            case wire.Ping():
                self._outbox.send(wire.Pong())
                if self._host.is_idle:  # while a reply is written its memory is reported
                    self._submit(LookAtMemory(), None)
            case wire.Cancel(id=request_id):
                if request_id in self._tickets:
                    self._tickets[request_id].cancel()
            case wire.SetMtp(mtp=mtp):
                self._host.set_mtp(mtp)
            case wire.Generate():
                self._submit(command.request, command.id)
            case wire.Bench() | wire.CountTokens():
                self._submit(command, command.id)
            case wire.Load() | wire.Unload() | wire.Calibrate():
                self._submit(command, None)
            case wire.Shutdown():
                return False
        return True

    def _submit(self, request: Request, request_id: str | None) -> None:
        deliver = partial(self._outbox.answer, request_id)
        try:
            ticket = self._host.submit(request, deliver=deliver)
        except MtpMlxError as error:
            self._outbox.send_error(error, request_id)
            return
        if request_id is not None:
            live = ((key, t) for key, t in self._tickets.items() if not t.is_over)
            self._tickets = dict(live)
            self._tickets[request_id] = ticket

    def _leave(self) -> None:
        """Stop the reply and let the main thread finish; exit if it takes too long."""
        self._host.close()
        time.sleep(FAREWELL_S)
        os._exit(0)
