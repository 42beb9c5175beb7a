"""Ctrl-C while a reply is written: the first stops the reply, a second the program."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol


class Cancellable(Protocol):
    cancelled: bool


@contextmanager
def stops_on_interrupt(control: Cancellable) -> Iterator[None]:
    """Within, Ctrl-C sets the flag, so that the reply ends with a valid cache and is kept."""

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if control.cancelled:
            raise KeyboardInterrupt
        control.cancelled = True

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
