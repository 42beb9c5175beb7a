"""Keeps an engine running and knows its state.

After a death the engine is started again and the pair loaded again; three deaths within a minute
end that, for a machine that cannot hold the model would otherwise loop for ever.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from app import strings
from app.domain.conversation import EngineRecord
from app.engine.state import (
    EngineState,
    Failed,
    Generating,
    Loading,
    Ready,
    Restarting,
    Starting,
)
from app.engine.worker import Death, Worker
from mtp_mlx.errors import BadMessage
from mtp_mlx.wire import (
    DEMO_PAIR,
    PROTOCOL_VERSION,
    Bench,
    BenchFinished,
    Cancel,
    CountTokens,
    Error,
    Event,
    Finished,
    Generate,
    Hello,
    Load,
    Loaded,
    LoadProgress,
    Mtp,
    SetMtp,
)

DEATHS_ALLOWED = 3
DEATH_WINDOW_S = 60.0
_PAUSE_MS = 400


class Supervisor(QObject):
    """The only one who starts, loads and restarts. Signals arrive in the order of the facts."""

    state_changed = Signal(object)  # EngineState
    received = Signal(object)  # every wire.Event, after the state has taken it in
    reply_lost = Signal(str)  # the engine died in mid-reply; why, as a clause

    def __init__(
        self,
        worker: Worker,
        target: str = DEMO_PAIR,
        clock: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._worker = worker
        self._target = target
        self._clock = clock
        self._deaths: deque[float] = deque(maxlen=DEATHS_ALLOWED)
        self._asked_to_end = False
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._start_engine)
        self.state: EngineState = Starting()
        self.identity = EngineRecord()
        worker.received.connect(self._on_event)
        worker.died.connect(self._on_death)

    def start(self) -> None:
        self._deaths.clear()
        self._start_engine()

    def restart(self) -> None:
        """On the user's word: forget the deaths, and begin with a new process."""
        self._deaths.clear()
        self._asked_to_end = False
        match self.state:
            case Failed(alive=False) | Restarting():
                self._pause.stop()
                self._start_engine()
            case _:
                self._asked_to_end = True
                self._worker.kill()

    def generate(self, request: Generate | Bench) -> bool:
        """A reply, or a benchmark. False where the engine is not ready; the state says why."""
        if not isinstance(self.state, Ready):
            return False
        measuring = isinstance(request, Bench)
        self._become(Generating(pair=self.state.pair, reply_id=request.id, measuring=measuring))
        self._worker.send(request)
        return True

    def cancel(self) -> None:
        if isinstance(self.state, Generating) and not self.state.stopping:
            self._become(replace(self.state, stopping=True))
            self._worker.send(Cancel(id=self.state.reply_id))

    def set_mtp(self, mtp: Mtp) -> None:
        if isinstance(self.state, Generating) and not self.state.measuring:
            self._worker.send(SetMtp(mtp=mtp))

    def count_tokens(self, request: CountTokens) -> bool:
        """Only of an idle engine: a reply does not wait for a number, and death loses it."""
        if not isinstance(self.state, Ready):
            return False
        self._worker.send(request)
        return True

    def close(self) -> None:
        self._pause.stop()
        self._worker.close()

    def _become(self, state: EngineState) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)

    def _start_engine(self) -> None:
        self._become(Starting())
        self._worker.start()

    def _load(self) -> None:
        self._become(Loading())
        self._worker.send(Load(target=self._target))

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Error):
            event = self._named(event)
        match event:
            case Hello():
                self._greet(event)
            case LoadProgress(phase=phase, done=done, total=total):
                self._become(Loading(phase=phase, done=done, total=total))
            case Loaded(pair=pair):
                self._become(Ready(pair=pair))
            case Finished(id=ended) | BenchFinished(id=ended):
                self._settle(ended)
            case Error():
                self._on_trouble(event)
            case _:
                pass
        self.received.emit(event)

    def _greet(self, hello: Hello) -> None:
        self.identity = EngineRecord(versions=hello.versions, device=hello.device)
        if hello.protocol == PROTOCOL_VERSION:
            self._load()
            return
        message = strings.WRONG_PROTOCOL.format(theirs=hello.protocol, ours=PROTOCOL_VERSION)
        self._become(Failed(message=message, remedy=strings.REINSTALL, alive=True))

    def _named(self, error: Error) -> Error:
        """A request the worker could not even read has no id there; it is the one under way."""
        unread = error.id is None and error.code == BadMessage.code
        if unread and isinstance(self.state, Generating):
            return msgspec.structs.replace(error, id=self.state.reply_id)
        return error

    def _on_trouble(self, error: Error) -> None:
        if error.id is not None:
            self._settle(error.id)
        elif isinstance(self.state, Loading):
            self._become(Failed(message=error.message, remedy=error.remedy, alive=True))

    def _settle(self, reply_id: str) -> None:
        if isinstance(self.state, Generating) and self.state.reply_id == reply_id:
            self._become(Ready(pair=self.state.pair))

    def _on_death(self, death: Death) -> None:
        was_replying = isinstance(self.state, Generating)
        reason = strings.RESTARTED_BY_USER if self._asked_to_end else death.reason
        if not death.can_restart:
            message = strings.ENGINE_SENTENCE.format(reason=reason)
            self._become(Failed(message=message, remedy=strings.CHECK_INSTALLATION))
        elif self._dies_too_often():
            message = strings.DIED_TOO_OFTEN.format(reason=reason)
            self._become(Failed(message=message, remedy=strings.TRY_SMALLER))
        else:
            self._become(Restarting(reason=reason))
            self._pause.start()
        self._asked_to_end = False
        if was_replying:
            self.reply_lost.emit(reason)

    def _dies_too_often(self) -> bool:
        """Counts one more death, but not one the user asked for."""
        if self._asked_to_end:
            return False
        now = self._clock()
        self._deaths.append(now)
        return len(self._deaths) == DEATHS_ALLOWED and now - self._deaths[0] <= DEATH_WINDOW_S
