"""A worker that emits the events it is given, for tests and for pictures of the window."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.engine.worker import Death, Worker
from mtp_mlx.wire import Command, Event


class ScriptedWorker(Worker):
    """Collects the commands it is sent in `sent`; `say` makes it emit an event or a death.

    With `dies_slowly`, `kill` emits no death: the test says when it comes.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.sent: list[Command] = []
        self.starts = 0
        self.closed = False
        self.dies_slowly = False

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
        if not self.dies_slowly:
            self.died.emit(Death(reason="was killed"))

    def close(self) -> None:
        self.closed = True
