"""A worker that says what it was told to say, for tests and for pictures of the window.

It answers `load` and `generate` from a script; nothing is timed, the test plays each step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from PySide6.QtCore import QObject

from app.engine.worker import Death, Worker
from mtp_mlx.wire import Command, Event


class ScriptedWorker(Worker):
    """Keeps what it was sent in `sent`; `play` says the next enqueued events."""

    def __init__(self, script: Iterable[Event] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.script: deque[Event | Death] = deque(script)
        self.sent: list[Command] = []
        self.starts = 0
        self.closed = False

    def enqueue(self, *events: Event | Death) -> None:
        self.script.extend(events)

    def play(self, count: int | None = None) -> None:
        """Say the next `count` events, or all of them."""
        for _ in range(len(self.script) if count is None else count):
            self.say(self.script.popleft())

    def say(self, event: Event | Death) -> None:
        if isinstance(event, Death):
            self.died.emit(event)
        else:
            self.received.emit(event)

    def start(self) -> None:
        self.starts += 1

    def send(self, command: Command) -> None:
        self.sent.append(command)

    def kill(self) -> None:
        self.died.emit(Death(reason="was killed"))

    def close(self) -> None:
        self.closed = True
