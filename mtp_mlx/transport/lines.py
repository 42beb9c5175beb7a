"""The worker process: commands as JSON lines on stdin, events as JSON lines on stdout.

The main thread owns the engine and MLX, and takes commands in order. A second thread reads the
pipe and answers what must not wait for it: ping, cancel, the MTP switch. Whatever comes down the
pipe, the worker answers and lives on; the end of stdin ends it, so it never outlives its window.
"""

from __future__ import annotations

import os
import platform
import queue
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import BinaryIO

from mtp_mlx import wire
from mtp_mlx.engine import Control, Engine
from mtp_mlx.errors import EngineBusy, EngineFault, MtpMlxError, NotLoaded
from mtp_mlx.loading.device import describe, memory, release, versions
from mtp_mlx.request import check_mtp

MEMORY_INTERVAL_S = 0.5  # between memory reports while a reply is written
FAREWELL_S = 5.0  # what a load or a chunk may still take once the window is gone


def main() -> int:
    """Serve until `shutdown` or the end of stdin."""
    outbox = Outbox(_private_stdout())
    inbox = Inbox(sys.stdin.buffer, outbox)
    outbox.send(_hello())
    threading.Thread(target=inbox.read_all, name="pipe reader", daemon=True).start()
    Worker(outbox).serve(inbox)
    return 0


def _private_stdout() -> BinaryIO:
    """The pipe, out of reach of libraries that print: their stdout becomes stderr."""
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return private


def _hello() -> wire.Hello:
    return wire.Hello(
        protocol=wire.PROTOCOL_VERSION,
        versions=versions(),
        device={**asdict(describe()), "os": platform.platform(terse=True)},
    )


class Outbox:
    """Lines to the window, each whole, from either thread. A window that is gone ends all."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, event: wire.Event) -> None:
        with self._lock:
            try:
                self._stream.write(wire.encode(event))
                self._stream.flush()
            except OSError:
                os._exit(0)

    def send_error(self, error: MtpMlxError, reply_id: str | None = None) -> None:
        self.send(
            wire.Error(code=error.code, message=error.message, remedy=error.remedy, id=reply_id)
        )


@dataclass(slots=True)
class Job:
    """A request to write a reply or to measure many, and the flags by which it can be steered.

    `over` is set before its last event is sent, so that the window may ask for the next at once.
    """

    request: wire.Generate | wire.Bench
    control: Control
    over: bool = False


Work = wire.Load | wire.Unload | wire.Calibrate | wire.CountTokens | Job
"""What the main thread does, one after the other."""


class Inbox:
    """The pipe's reading end. Of replies it lets one in at a time."""

    def __init__(self, stream: BinaryIO, outbox: Outbox) -> None:
        self._stream = stream
        self._outbox = outbox
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._job: Job | None = None  # queued or being written

    def work(self) -> Iterator[Work]:
        """What the main thread has to do, in order, until there is no more."""
        return iter(self._work.get, None)

    def read_all(self) -> None:
        try:
            for line in self._lines():
                if not self._answer(line):
                    break
        finally:  # whatever ends the reading, a worker that cannot hear must not live on
            self._leave()

    def _answer(self, line: bytes) -> bool:
        try:
            return self._take(wire.decode_command(line))
        except MtpMlxError as error:
            self._outbox.send_error(error)
            return True

    def _lines(self) -> Iterator[bytes]:
        """Lines without blank ones; of one that is too long only as much as tells so."""
        while line := self._stream.readline(wire.MAX_LINE_BYTES + 1):
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = self._stream.readline(wire.MAX_LINE_BYTES)
            if line.strip():
                yield line

    def _take(self, command: wire.Command) -> bool:
        """Act on one command; False once there will be no more."""
        match command:
            case wire.Ping():
                self._outbox.send(wire.Pong())
            case wire.Cancel(id=reply_id):
                if self._job is not None and self._job.request.id == reply_id:
                    self._job.control.cancelled = True
            case wire.SetMtp(mtp=mtp):
                check_mtp(mtp)
                if self._job is not None:
                    self._job.control.mtp = mtp
            case wire.Generate() | wire.Bench():
                self._admit(command)
            case wire.Load() | wire.Unload() | wire.Calibrate() | wire.CountTokens():
                self._work.put(command)
            case wire.Shutdown():
                return False
        return True

    def _admit(self, request: wire.Generate | wire.Bench) -> None:
        if self._job is not None and not self._job.over:
            measuring = isinstance(self._job.request, wire.Bench)
            doing = "A benchmark is running." if measuring else "A reply is being written."
            busy = EngineBusy(doing, "Wait for it, or stop it first.")
            self._outbox.send_error(busy, request.id)
            return
        mtp = request.mtp if isinstance(request, wire.Generate) else "auto"
        self._job = Job(request, Control(mtp=mtp))
        self._work.put(self._job)

    def _leave(self) -> None:
        """Stop the reply and let the main thread finish; do not wait for ever."""
        if self._job is not None:
            self._job.control.cancelled = True
        self._work.put(None)
        time.sleep(FAREWELL_S)
        os._exit(0)


class Worker:
    """The main thread's part: the engine and what it is asked to do."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._engine: Engine | None = None

    def serve(self, inbox: Inbox) -> None:
        for item in inbox.work():
            try:
                self._do(item)
            except MtpMlxError as error:
                self._fail(item, error)
            except Exception as error:  # noqa: BLE001 - the seam: told to the window, logged, survived
                traceback.print_exc()
                self._fail(item, EngineFault(error))

    def _fail(self, item: Work, error: MtpMlxError) -> None:
        match item:
            case Job():
                item.over = True
                self._outbox.send_error(error, item.request.id)
            case wire.CountTokens(id=count_id):
                self._outbox.send_error(error, count_id)
            case _:
                self._outbox.send_error(error)

    def _do(self, item: Work) -> None:
        match item:
            case wire.Load():
                self._drop_engine()
                self._engine = Engine.load(item, self._outbox.send)
                self._outbox.send(wire.Loaded(pair=self._engine.pair, memory=memory()))
            case wire.Unload():
                self._drop_engine()
                self._outbox.send(wire.Unloaded())
                self._report_memory()
            case wire.Calibrate():
                self._calibrate()
            case wire.CountTokens(id=count_id, text=text):
                tokens = self._loaded().count_tokens(text)
                self._outbox.send(wire.TokenCount(id=count_id, tokens=tokens))
            case Job(request=wire.Generate() as request):
                self._write(item, request)
            case Job(request=wire.Bench() as request):
                self._measure(item, request)

    def _calibrate(self) -> None:
        from mtp_mlx.bench.calibrate import calibrate

        engine = self._loaded()
        found = calibrate(engine)
        engine.remember(found)
        self._outbox.send(wire.Calibrated(calibration=found, words=found.in_words()))

    def _loaded(self) -> Engine:
        if self._engine is None:
            raise NotLoaded("No model is loaded.", "Load a pair first.")
        return self._engine

    def _drop_engine(self) -> None:
        self._engine = None
        release()

    def _measure(self, job: Job, request: wire.Bench) -> None:
        from mtp_mlx.bench.telling import told

        finished = told(self._loaded(), request, job.control, self._outbox.send)
        job.over = True
        self._outbox.send(finished)

    def _write(self, job: Job, request: wire.Generate) -> None:
        engine = self._loaded()
        reported = 0.0
        for event in engine.generate(request, job.control):
            job.over = isinstance(event, wire.Finished)
            if job.over or time.monotonic() - reported > MEMORY_INTERVAL_S:
                self._report_memory()
                reported = time.monotonic()
            self._outbox.send(event)

    def _report_memory(self) -> None:
        now = memory()
        self._outbox.send(wire.MemoryReport(active=now.active, peak=now.peak, limit=now.limit))
