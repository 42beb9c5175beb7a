"""The real worker process over a real pipe."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from queue import Empty, Queue
from types import TracebackType
from typing import Self, TypeVar

from mtp_mlx import wire

PATIENCE_S = 60.0
E = TypeVar("E", bound=wire.Event)


class WorkerProcess:
    """Start it with `with`; leaving ends it, by force if need be."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mtp_mlx", "worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONWARNINGS": "error"},
        )
        self._events: Queue[wire.Event | None] = Queue()
        self._errors: list[bytes] = []
        self._readers = [
            threading.Thread(target=self._read_events),
            threading.Thread(target=self._read_errors),
        ]

    def __enter__(self) -> Self:
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:
                continue

    @property
    def stderr(self) -> str:
        return b"".join(self._errors).decode()

    def _read_events(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._events.put(wire.decode_event(line))
        self._events.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self._errors.extend(self.process.stderr)

    def send(self, command: wire.Command) -> None:
        self.send_bytes(wire.encode(command))

    def send_bytes(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def next_event(self) -> wire.Event | None:
        """The next event; None at the end of the stream."""
        try:
            return self._events.get(timeout=PATIENCE_S)
        except Empty:
            raise AssertionError(f"The worker says nothing.\n{self.stderr}") from None

    def wait_for(
        self,
        kind: type[E],
        accept: Callable[[E], bool] = lambda event: True,
        seen: list[wire.Event] | None = None,
    ) -> E:
        """Skip events until one of this kind; those skipped go to `seen`."""
        while (event := self.next_event()) is not None:
            if isinstance(event, kind) and accept(event):
                return event
            if seen is not None:
                seen.append(event)
            elif isinstance(event, wire.Error) and kind is not wire.Error:
                raise AssertionError(event)
        raise AssertionError(f"The worker ended without {kind.__name__}.\n{self.stderr}")
