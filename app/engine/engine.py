"""The window's side of the engine: one worker kept running, one state, a ticket for each request.

After the worker dies the engine starts another one and loads the pair again. After three deaths
within a minute it stops: a machine that cannot hold the model would otherwise loop for ever.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import overload

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from app import strings
from app.domain.conversation import EngineRecord
from app.engine.state import BUILT_IN, STARTING, Dead, Loading, Ready, State, Unloaded
from app.engine.ticket import (
    Answer,
    BenchTicket,
    CountTicket,
    Failure,
    Purpose,
    ReplyTicket,
    Request,
    Ticket,
)
from app.engine.worker import Death, Worker
from mtp_mlx.api import Bench, CountTokens, Generate, Load, Memory, Unload
from mtp_mlx.errors import BadMessage, EngineBusy, NotLoaded
from mtp_mlx.wire import (
    PROTOCOL_VERSION,
    Error,
    Event,
    Hello,
    Loaded,
    LoadProgress,
    MemoryReport,
    ask,
)

DEATHS_ALLOWED = 3
DEATH_WINDOW_S = 60.0
PAUSE_MS = 400
"""Pause between the worker's death and the next start, in milliseconds."""

_log = logging.getLogger(__name__)


class Engine(QObject):
    """Starts the worker, loads pairs and sends requests; nothing else in the window does.

    `state` has changed before a ticket emits the event that changed it.
    """

    state_changed = Signal(object)  # State
    memory_changed = Signal(object)  # Memory; None: the process that held it is gone
    noted = Signal(str)  # a sentence on the pair that is being loaded
    troubled = Signal(object)  # Failure that belongs to no ticket

    def __init__(
        self,
        worker: Worker,
        model: Load = BUILT_IN,
        clock: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        """`model` is loaded as soon as the worker has started."""
        super().__init__(parent)
        self._worker = worker
        self._model: Load | None = model  # the model that is to be in memory
        self._clock = clock
        self._deaths: deque[float] = deque(maxlen=DEATHS_ALLOWED)
        self._tickets: dict[str, Ticket] = {}  # open ones, by request id
        self._submitted = 0  # requests so far, to name the next one
        self._greeted = False  # the worker has said hello and takes commands
        self._ending: State | None = None  # the state that follows a kill of ours
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._start_worker)
        self.state: State = self._starting()
        self.identity = EngineRecord()
        self.memory: Memory | None = None  # as last told; None: the process is gone
        worker.received.connect(self._on_event)
        worker.died.connect(self._on_death)

    @property
    def idle(self) -> Ready | None:
        """Return the state if the worker would take up a request at once, else None."""
        state = self.state
        return state if isinstance(state, Ready) and state.busy is None else None

    # The worker

    def start(self) -> None:
        """Start the worker and forget its earlier deaths."""
        self._deaths.clear()
        self._start_worker()

    def restart(self) -> None:
        """Begin with a new process, as the user asked, and forget the earlier deaths."""
        if isinstance(self.state, Dead):
            self.start()
        else:
            self._deaths.clear()
            self._end(Dead(failure=_BY_USER, restarting=True, by_user=True))

    def close(self) -> None:
        self._pause.stop()
        self._worker.close()

    # The model

    def load(self, model: Load) -> None:
        """Replace the loaded model, or the load under way, by `model`. Cancel open requests.

        The state becomes `Ready`, or `Unloaded` with the reason.
        """
        self._model = model
        if isinstance(self.state, Dead):
            self.start()
        else:
            self._replace(Loading(model=model), model)

    def unload(self) -> None:
        """Free the pair's memory; do not start a dead worker for that."""
        self._model = None
        if not isinstance(self.state, Dead):
            self._replace(Unloaded(), Unload())

    def _replace(self, state: State, request: Load | Unload) -> None:
        """Send `request` and become `state`, or begin with a new process.

        A worker cannot interrupt a load: it is killed, and the next one loads the new model.
        """
        loading = isinstance(self.state, Loading)
        if not self._greeted:
            self._become(self._starting())
        elif loading:
            self._become(self._starting())
            self._end(self._starting())
        else:
            for ticket in tuple(self._tickets.values()):
                ticket.cancel()
            self._become(state)
            self._worker.send(ask(request, ""))

    # Requests

    @overload
    def submit(self, request: Generate, purpose: Purpose = "reply") -> ReplyTicket: ...
    @overload
    def submit(self, request: Bench) -> BenchTicket: ...
    @overload
    def submit(self, request: CountTokens) -> CountTicket: ...

    def submit(self, request: Request, purpose: Purpose = "reply") -> Ticket:
        """Send `request` and return its ticket, which alone emits the request's events.

        Raises NotLoaded where `state` is not Ready, EngineBusy where it is busy.
        """
        if not isinstance(self.state, Ready):
            raise NotLoaded(strings.NOTHING_LOADED, strings.LOAD_FIRST)
        if self.state.busy is not None:
            raise EngineBusy(strings.ENGINE_IS_BUSY, strings.WAIT_OR_STOP)
        self._submitted += 1
        ticket = self._ticket(request, f"request {self._submitted}", purpose)
        self._tickets[ticket.id] = ticket
        self._settle()
        self._worker.send(ask(request, ticket.id))
        return ticket

    def _ticket(self, request: Request, request_id: str, purpose: Purpose) -> Ticket:
        match request:
            case Generate():
                return ReplyTicket(request_id, self._worker.send, purpose)
            case Bench():
                return BenchTicket(request_id, self._worker.send)
            case CountTokens():
                return CountTicket(request_id, self._worker.send)

    def _deliver(self, request_id: str, answer: Answer) -> None:
        ticket = self._tickets.get(request_id)
        if ticket is None:
            _log.warning("Ignored: %s of no open request.", type(answer).__name__)
            return
        if ticket.ends_with(answer):
            del self._tickets[ticket.id]
            self._settle()
        ticket.take(answer)

    def _settle(self) -> None:
        """Make `state.busy` the purpose of the open requests."""
        if isinstance(self.state, Ready):
            purposes = (ticket.purpose for ticket in self._tickets.values())
            busy = next((purpose for purpose in purposes if purpose is not None), None)
            self._become(replace(self.state, busy=busy))

    # What the worker says

    def _on_event(self, event: Event) -> None:
        if self._ending is not None:
            return  # from a worker that was killed, sent before its end
        match event:
            case Hello():
                self._greet(event)
            case LoadProgress():
                self._on_progress(event)
            case Loaded(pair=pair, memory=memory):
                self._on_memory(memory)  # first: what may be asked of the pair depends on it
                if isinstance(self.state, Loading):
                    self._become(Ready(pair=pair, model=self.state.model))
            case MemoryReport():
                self._on_memory(Memory(**msgspec.structs.asdict(event)))
            case Error(id=None):
                self._on_error(event)
            case _ if isinstance(event, Answer):
                self._deliver(event.id or "", event)
            case _:
                pass

    def _on_progress(self, event: LoadProgress) -> None:
        if not isinstance(self.state, Loading):
            return
        self._become(
            replace(
                self.state,
                phase=event.phase,
                done=event.done,
                total=event.total,
                waits=event.waits,
            )
        )
        if event.note is not None:
            self.noted.emit(event.note)

    def _on_memory(self, memory: Memory | None) -> None:
        self.memory = memory
        self.memory_changed.emit(memory)

    def _greet(self, hello: Hello) -> None:
        self.identity = EngineRecord(versions=hello.versions, device=hello.device)
        if hello.protocol != PROTOCOL_VERSION:
            self._end(Dead(failure=_foreign(hello.protocol)))
            return
        self._greeted = True
        if self._model is not None:
            self._become(Loading(model=self._model))
            self._worker.send(ask(self._model, ""))

    def _on_error(self, error: Error) -> None:
        """Handle an error that names no request.

        A load has failed, or the worker could not read a request and so does not know its id.
        """
        failure = Failure.of(error)
        waiting = [ticket for ticket in self._tickets.values() if not ticket.has_started]
        if isinstance(self.state, Loading):
            self._become(Unloaded(failure=failure))
        elif waiting and error.code == BadMessage.code:
            self._deliver(waiting[-1].id, error)
        else:
            self.troubled.emit(failure)

    def _on_death(self, death: Death) -> None:
        state = self._state_after(death)
        lost, self._tickets = tuple(self._tickets.values()), {}
        self._ending = None
        self._greeted = False
        self._become(state)
        self._on_memory(None)
        match state:
            case Dead(restarting=True):
                self._pause.start()
            case Loading() | Unloaded():
                self._start_worker()
            case _:
                pass
        for ticket in lost:
            ticket.fail(state.failure if isinstance(state, Dead) else _BY_USER)

    def _state_after(self, death: Death) -> State:
        if self._ending is None or not death.can_restart:
            return self._unasked(death)
        return self._ending if isinstance(self._ending, Dead) else self._starting()

    def _unasked(self, death: Death) -> Dead:
        """Count a death that nobody asked for. Return the state that follows it."""
        died = strings.ENGINE_SENTENCE.format(reason=death.reason)
        now = self._clock()
        self._deaths.append(now)
        if not death.can_restart:
            return Dead(failure=_death(died, strings.CHECK_INSTALLATION, death.reason))
        if len(self._deaths) == DEATHS_ALLOWED and now - self._deaths[0] <= DEATH_WINDOW_S:
            often = strings.DIED_TOO_OFTEN.format(reason=death.reason)
            return Dead(failure=_death(often, strings.TRY_SMALLER, death.reason))
        return Dead(failure=_death(died, strings.STARTING_AGAIN, death.reason), restarting=True)

    def _end(self, then: State) -> None:
        """Kill the worker; its death is followed by the state `then`."""
        self._ending = then
        self._greeted = False
        self._worker.kill()

    def _start_worker(self) -> None:
        self._pause.stop()
        self._become(self._starting())
        self._worker.start()

    def _starting(self) -> State:
        """Return the state while the worker process comes up."""
        return Unloaded() if self._model is None else Loading(model=self._model, phase=STARTING)

    def _become(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)


def _death(message: str, remedy: str, reason: str) -> Failure:
    return Failure(message=message, remedy=remedy, died_of=reason)


_BY_USER = _death(
    strings.ENGINE_SENTENCE.format(reason=strings.RESTARTED_BY_USER),
    strings.STARTING_AGAIN,
    strings.RESTARTED_BY_USER,
)


def _foreign(protocol: int) -> Failure:
    """Return the failure of a worker that speaks another version of the protocol."""
    message = strings.WRONG_PROTOCOL.format(theirs=protocol, ours=PROTOCOL_VERSION)
    return Failure(message=message, remedy=strings.REINSTALL)
