"""Tickets: what `Engine.submit` returns, and the only place where a request's events arrive.

The object that submitted a request holds its ticket and connects to its signals. After `finished`
or `failed` a ticket emits nothing more.
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
"""What a request is for: views that have to wait for its end name it as the reason."""

Request = Generate | Bench | CountTokens
"""The requests that get a ticket."""

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
"""The events of one request."""

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

    `purpose` is None for a request that keeps no other one waiting.
    """

    purpose: Purpose | None = None
    _last: type[Finished | BenchFinished | TokenCount]

    started = Signal()  # emitted before the first event of this request
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
        """Cancel the request and emit nothing any more."""
        self.blockSignals(True)
        self.cancel()

    def ends_with(self, event: Answer) -> bool:
        """Return whether `event` is the last of this request."""
        return isinstance(event, self._last | Error)

    def take(self, event: Answer) -> None:
        """Emit `event`, an event of this request. Only the engine calls this."""
        self.open = not self.ends_with(event)
        if isinstance(event, Error):
            self.fail(Failure.of(event))
            return
        if not self.has_started:
            self.has_started = True
            self.started.emit()
        self._tell(event)

    def fail(self, failure: Failure) -> None:
        """End the request without a result. Only the engine calls this."""
        self.open = False
        self.failed.emit(failure)

    def _tell(self, event: Answer) -> None:
        """Emit an event of this kind of request; log any other."""
        _log.warning("Ignored: %s for a %s.", type(event).__name__, type(self).__name__)


class ReplyTicket(Ticket):
    """A request for a reply. `set_mtp` turns the MTP switch while the reply is written."""

    _last = Finished

    prompt = Signal(object)  # PromptProgress
    round = Signal(object)  # Round
    switched = Signal(object)  # Mtp: it holds from the next round on
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
    """A request for a benchmark."""

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
    """A request for the number of tokens in a text. It is too short to be stopped."""

    _last = TokenCount

    finished = Signal(object)  # int, the number of tokens; None where there is no tokenizer

    def cancel(self) -> None:
        """Do nothing: the count follows in a moment."""

    def _tell(self, event: Answer) -> None:
        match event:
            case TokenCount(tokens=tokens):
                self.finished.emit(tokens)
            case _:
                super()._tell(event)
