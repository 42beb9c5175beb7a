"""What the rest of the program knows of an engine: commands go in, events and a death come out."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from mtp_mlx.wire import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """The engine is gone, unasked. `reason` is a clause that can follow "The engine"."""

    reason: str
    can_restart: bool = True  # False: it could not even be started


class Engine(QObject):
    """Implemented by the worker process and, in tests, by a script.

    No method blocks. `start` may be called again after `died`.
    """

    received = Signal(object)  # mtp_mlx.wire.Event
    noise = Signal(str)  # a line that is no event; the reason, fit for a log
    died = Signal(object)  # Death

    def start(self) -> None:
        raise NotImplementedError

    def send(self, command: Command) -> None:
        """Has no effect where no engine runs: its death has been, or is about to be, signalled."""
        raise NotImplementedError

    def kill(self) -> None:
        """End it at once; `died` follows."""
        raise NotImplementedError

    def close(self) -> None:
        """Ask it to end and wait a moment for it; nothing is signalled any more."""
        raise NotImplementedError
