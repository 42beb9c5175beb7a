"""The host: it owns MLX on one thread, queues requests and answers each with events.

MLX keeps its streams by thread, so the thread that makes a `Host` loads, generates and measures.
In the worker that thread runs `serve`. On the command line it reads its own tickets, and reading
one does the work. Everything else may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Self

from mtp_mlx import api
from mtp_mlx.activity import awake, hurry, working
from mtp_mlx.api import Memory, Mtp, PairInfo, Request
from mtp_mlx.engine import BARE, Control, Engine, Instruments
from mtp_mlx.errors import EngineBusy, NotLoaded
from mtp_mlx.events import (
    BenchFinished,
    Calibrated,
    Event,
    Finished,
    Loaded,
    MemoryReport,
    TokenCount,
    Unloaded,
)
from mtp_mlx.loading.device import release
from mtp_mlx.loading.memory import memory
from mtp_mlx.request import check_mtp
from mtp_mlx.text.codec import ReadingCancelledError

MEMORY_INTERVAL_S = 0.25
"""Seconds between two memory reports while a reply is written."""

Deliver = Callable[[Event | Exception], None]
_LAST = (Loaded, Finished, TokenCount, Calibrated, BenchFinished)  # events that end a request


class Ticket:
    """One request, from `Host.submit` to its end: an iterator of its events.

    A request that fails raises its error from the iterator. Where `deliver` is given, events and
    the error are handed to it on the host's thread, and the iterator only waits for the end.
    """

    def __init__(
        self, host: Host, request: Request, instruments: Instruments, deliver: Deliver | None
    ) -> None:
        self.request = request
        self.instruments = instruments
        self.control = Control(mtp=request.mtp if isinstance(request, api.Generate) else "auto")
        self.is_over = False
        self._host = host
        self._deliver = deliver
        self._answers: SimpleQueue[Event | Exception | None] = SimpleQueue()

    @property
    def is_cancelled(self) -> bool:
        return self.control.cancelled

    def cancel(self) -> None:
        """Stop within a round, a prompt chunk or a run; the last event says "cancelled"."""
        self.control.cancelled = True

    def set_mtp(self, mtp: Mtp) -> None:
        """Turn the MTP switch from the next round on. Raises UsageError."""
        check_mtp(mtp)
        self.control.mtp = mtp

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        answer = self._host.next_answer(self._answers)
        if answer is None or isinstance(answer, Exception):
            self._answers.put(None)  # the next call must find the end again
            if answer is None:
                raise StopIteration
            raise answer
        return answer

    def wait(self) -> None:
        """Read the ticket to its end. Raises the error of a request that failed."""
        for _ in self:
            pass

    def answer(self, event: Event) -> None:
        """Hand over an event. Called by the host."""
        if self._deliver is None:
            self._answers.put(event)
        else:
            self._deliver(event)

    def end(self, error: Exception | None = None) -> None:
        """End the request. Called by the host."""
        self.is_over = True
        if error is not None and self._deliver is not None:
            self._deliver(error)
        self._answers.put(error)


class Host:
    """Serves requests in the order of their submission."""

    def __init__(self, engine: Engine | None = None) -> None:
        """Make a host of `engine`, which has a pair; None: no pair is loaded yet."""
        hurry()
        self._engine = engine
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[Ticket | None] = SimpleQueue()
        self._served: Ticket | None = None  # the request that the host's thread works on
        self._events: Iterator[Event] = iter(())  # of that request
        self._writing: Ticket | None = None  # the last reply or benchmark that was admitted

    @property
    def pair(self) -> PairInfo:
        """Return the loaded pair. Raises NotLoaded."""
        return self._loaded().pair

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is served or waits."""
        return self._served is None and self._waiting.empty()

    def submit(
        self,
        request: Request,
        *,
        deliver: Deliver | None = None,
        instruments: Instruments = BARE,
    ) -> Ticket:
        """Queue `request`. Raises EngineBusy while another reply or benchmark is not over.

        `instruments` measure a reply; other requests do not use them.
        """
        ticket = Ticket(self, request, instruments, deliver)
        with self._lock:
            if isinstance(request, api.Generate | api.Bench):
                self._admit(ticket)
            self._waiting.put(ticket)
        return ticket

    def _admit(self, ticket: Ticket) -> None:
        before = self._writing
        if before is not None and not before.is_over:
            measuring = isinstance(before.request, api.Bench)
            doing = "A benchmark is running." if measuring else "A reply is being written."
            raise EngineBusy(doing, "Wait for it, or stop it first.")
        self._writing = ticket

    def set_mtp(self, mtp: Mtp) -> None:
        """Turn the MTP switch of the reply that is being written or waits. Raises UsageError."""
        check_mtp(mtp)
        if self._writing is not None:
            self._writing.set_mtp(mtp)

    def close(self) -> None:
        """Stop the reply or benchmark, and let `serve` return once the queue is empty."""
        if self._writing is not None:
            self._writing.cancel()
        self._waiting.put(None)

    def serve(self) -> None:
        """Answer requests until `close`. Called on the host's thread."""
        for ticket in iter(self._waiting.get, None):
            self._begin(ticket)
            while self._served is not None:
                self._advance()

    def next_answer(
        self, answers: SimpleQueue[Event | Exception | None]
    ) -> Event | Exception | None:
        """Return the next of a ticket's `answers`; on the host's thread, work until there is one.

        None is the end of a request that did not fail.
        """
        if threading.get_ident() != self._thread:
            return answers.get()
        while answers.empty():
            if self._served is None and (ticket := self._waiting.get_nowait()) is not None:
                self._begin(ticket)
            self._advance()
        return answers.get()

    def _begin(self, ticket: Ticket) -> None:
        self._served, self._events = ticket, self._answers(ticket)

    def _advance(self) -> None:
        """Go on to the next event of the request being served."""
        ticket = self._served
        assert ticket is not None
        try:
            event = next(self._events, None)
            if event is None or isinstance(event, _LAST):
                # First run the generator to its end: its reader may submit again at once.
                for _ in self._events:
                    pass
                self._served, ticket.is_over = None, True
        except Exception as error:  # noqa: BLE001 - the ticket raises it, and the host goes on
            self._served = None
            ticket.end(error)
            return
        if event is not None:
            ticket.answer(event)
        if self._served is None:
            ticket.end()

    def _answers(self, ticket: Ticket) -> Iterator[Event]:
        """Serve the ticket, an event at a time, while macOS knows that a user waits for it."""
        keep = awake if isinstance(ticket.request, api.Bench) else working
        with keep(_doing(ticket.request)):
            yield from self._served_by(ticket)

    def _served_by(self, ticket: Ticket) -> Iterator[Event]:
        match ticket.request:
            case api.Load() | api.LoadRandom() as request:
                return self._load(request, ticket)
            case api.Unload() | api.LookAtMemory() as request:
                return self._memory(request)
            case api.Generate() as request:
                return self._generate(request, ticket)
            case api.CountTokens(text=text):
                return self._count(text, ticket)
            case api.Calibrate():
                return self._calibrate()
            case api.Bench() as request:
                return self._bench(request, ticket)

    def _load(self, request: api.Load | api.LoadRandom, ticket: Ticket) -> Iterator[Event]:
        self._drop_engine()
        if isinstance(request, api.Load):
            self._engine = Engine.load(request, ticket.answer)
        else:
            self._engine = Engine.load_random(request, ticket.answer)
        yield Loaded(pair=self._engine.pair, memory=self._engine.memory())

    def _memory(self, request: api.Unload | api.LookAtMemory) -> Iterator[Event]:
        if isinstance(request, api.Unload):
            self._drop_engine()
            yield Unloaded()
        yield _report(memory() if self._engine is None else self._engine.memory())

    def _generate(self, request: api.Generate, ticket: Ticket) -> Iterator[Event]:
        reported = 0.0
        engine = self._loaded()
        events = engine.generate(request, ticket.control, ticket.instruments)
        for event in events:
            now = time.monotonic()
            if isinstance(event, Finished) or now - reported > MEMORY_INTERVAL_S:
                yield _report(engine.memory())
                reported = now
            yield event

    def _count(self, text: str, ticket: Ticket) -> Iterator[Event]:
        try:
            tokens = self._loaded().count_tokens(text, lambda: ticket.control.cancelled)
        except ReadingCancelledError:
            tokens = None
        yield TokenCount(tokens=tokens)

    def _calibrate(self) -> Iterator[Event]:
        from mtp_mlx.bench.calibrate import calibrate

        engine = self._loaded()
        calibration = calibrate(engine)
        engine.remember(calibration)
        yield Calibrated(calibration=calibration, words=calibration.in_words())

    def _bench(self, request: api.Bench, ticket: Ticket) -> Iterator[Event]:
        from mtp_mlx.bench.session import benchmark

        yield from benchmark(self._loaded(), request, lambda: ticket.control.cancelled)

    def _loaded(self) -> Engine:
        if self._engine is None:
            raise NotLoaded("No model is loaded.", "Load a pair first.")
        return self._engine

    def _drop_engine(self) -> None:
        if self._engine is not None:
            self._engine.close()
        self._engine = None
        release()


_DOING: dict[type[Request], str] = {
    api.Load: "Loading a model",
    api.LoadRandom: "Loading a model",
    api.Unload: "Unloading a model",
    api.LookAtMemory: "Reading the memory",
    api.Generate: "Writing a reply",
    api.CountTokens: "Counting tokens",
    api.Calibrate: "Measuring a model",
    api.Bench: "Running a benchmark",
}
"""What macOS tells of the process meanwhile, in its diagnostics."""


def _doing(request: Request) -> str:
    return next(words for kind, words in _DOING.items() if isinstance(request, kind))


def _report(now: Memory) -> MemoryReport:
    return MemoryReport(
        active=now.active,
        peak=now.peak,
        limit=now.limit,
        need=now.need,
        pressure=now.pressure,
        context=now.context,
    )
