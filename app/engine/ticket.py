"""Tickets: what `Engine.submit` returns, and the only place where a request's events arrive.

Whoever submitted a request holds its ticket and connects to its signals; nobody else is told of
its events. After `finished` or `failed` a ticket is silent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal

from mtp_mlx.api import Bench, CountTokens, Generate, Mtp
from mtp_mlx.events import (
    BenchFinished,
    BenchProgress,
    BenchRun,
    Finished,
    PromptProgress,
    Round,
    TokenCount,
)
from mtp_mlx.wire import Cancel, Command, Error, SetMtp

Purpose = Literal["reply", "comparison", "benchmark"]
"""What a request is for, so that others who have to wait for its end can say why."""

Request = Generate | Bench | CountTokens
"""What a ticket is given for."""

Answer = (
    PromptProgress
    | Round
    | Finished
    | BenchProgress
    | BenchRun
    | BenchFinished
    | TokenCount
    | Error
)
"""An event of one request."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why something failed and how to go on: a sentence each.

    `died_of` is a clause that can follow "The engine" where the worker's death was the reason.
    """

    message: str
    remedy: str
    code: str = ""  # of the error, as mtp_mlx.errors has them
    died_of: str = ""

    @classmethod
    def of(cls, error: Error) -> Failure:
        return cls(message=error.message, remedy=error.remedy, code=error.code)

    @property
    def text(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class Ticket(QObject):
    """One request, from `submit` to its end. `send` writes a command to the worker.

    `purpose` is None where others need not wait for its end.
    """

    purpose: Purpose | None = None
    _last: type[Finished | BenchFinished | TokenCount]

    started = Signal()  # the worker has begun; its first event of this request follows
    failed = Signal(object)  # Failure; nothing follows

    def __init__(self, request_id: str, send: Callable[[Command], None]) -> None:
        super().__init__()
        self.id = request_id
        self.open = True
        self.has_started = False
        self._send = send
        self._is_cancelled = False

    def cancel(self) -> None:
        """Ask the worker to stop: `finished` follows, with what was done until then."""
        if self.open and not self._is_cancelled:
            self._is_cancelled = True
            self._send(Cancel(id=self.id))

    def drop(self) -> None:
        """Cancel the request and tell its holder nothing any more."""
        self.blockSignals(True)
        self.cancel()

    def ends_with(self, event: Answer) -> bool:
        """Whether `event` is the last of this request."""
        return isinstance(event, self._last | Error)

    def take(self, event: Answer) -> None:
        """Emit `event`, which names this request. Called by the engine only."""
        self.open = not self.ends_with(event)
        if isinstance(event, Error):
            self.fail(Failure.of(event))
            return
        if not self.has_started:
            self.has_started = True
            self.started.emit()
        self._tell(event)

    def fail(self, failure: Failure) -> None:
        """End the request without a result. Called by the engine only."""
        self.open = False
        self.failed.emit(failure)

    def _tell(self, event: Answer) -> None:
        """Emit an event of this kind of request; log any other."""
        _log.warning("Ignored: %s for a %s.", type(event).__name__, type(self).__name__)


class ReplyTicket(Ticket):
    """A reply being written. The MTP switch may be turned meanwhile."""

    _last = Finished

    prompt = Signal(object)  # PromptProgress
    round = Signal(object)  # Round
    switched = Signal(object)  # Mtp: the next round is the first that obeys it
    finished = Signal(object)  # Finished

    def __init__(
        self, request_id: str, send: Callable[[Command], None], purpose: Purpose = "reply"
    ) -> None:
        super().__init__(request_id, send)
        self.purpose = purpose

    def set_mtp(self, mtp: Mtp) -> None:
        if self.open:
            self._send(SetMtp(mtp=mtp))
            self.switched.emit(mtp)

    def _tell(self, event: Answer) -> None:
        match event:
            case PromptProgress():
                self.prompt.emit(event)
            case Round():
                self.round.emit(event)
            case Finished():
                self.finished.emit(event)
            case _:
                super()._tell(event)


class BenchTicket(Ticket):
    """A benchmark being run."""

    purpose = "benchmark"
    _last = BenchFinished

    progress = Signal(object)  # BenchProgress
    run = Signal(object)  # BenchRun
    finished = Signal(object)  # BenchFinished

    def _tell(self, event: Answer) -> None:
        match event:
            case BenchProgress():
                self.progress.emit(event)
            case BenchRun():
                self.run.emit(event)
            case BenchFinished():
                self.finished.emit(event)
            case _:
                super()._tell(event)


class CountTicket(Ticket):
    """A text being counted. The worker does it in one go: there is nothing to stop."""

    _last = TokenCount

    finished = Signal(object)  # int, the number of tokens; None where there is no tokenizer

    def cancel(self) -> None:
        """No effect: the count follows."""

    def _tell(self, event: Answer) -> None:
        match event:
            case TokenCount(tokens=tokens):
                self.finished.emit(tokens)
            case _:
                super()._tell(event)
