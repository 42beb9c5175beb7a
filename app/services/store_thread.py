"""A thread that owns what only it may touch; the interface thread asks it and goes on.

`store.run(operation, owner).then(callback).failed(callback)`: an operation is a function of the
value that the thread owns. Operations run one after the other, and their results come back on the
interface thread in the same order. An owner that was destroyed meanwhile gets nothing.

`store.write(operation, owner)` is for what must not be lost: while the disk refuses it, it is
tried again until it is written, and the writes of its lane that were asked for after it wait.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import shiboken6
from PySide6.QtCore import QEventLoop, QObject, Qt, Signal

from mtp_mlx.errors import MtpMlxError

T = TypeVar("T")
R = TypeVar("R")

FIRST_PAUSE_S = 0.5  # before a refused write is tried again; each further pause is twice as long
LONGEST_PAUSE_S = 2.0  # once there is room again, what waits is soon written
CLOSE_S = 5.0  # what is left to be done has this long when the program ends
_INTERRUPTED_S = 1.0  # an operation that is interrupted then has this long to notice
_LAST_TRIES_S = 0.05  # between the tries of a write while the program ends

_DISK = (OSError, sqlite3.Error)
_HOPELESS = (sqlite3.IntegrityError, sqlite3.ProgrammingError)  # fail the same way each time
_EXPECTED = (*_DISK, MtpMlxError)

_log = logging.getLogger(__name__)


class Answer(Generic[R]):
    """Holds what is called with the outcome of one operation, on the interface thread."""

    def __init__(self, owner: QObject) -> None:
        self._owner = owner
        self._then: Callable[[R], None] | None = None
        self._failed: Callable[[Exception], None] | None = None

    def then(self, callback: Callable[[R], None]) -> Answer[R]:
        self._then = callback
        return self

    def failed(self, callback: Callable[[Exception], None]) -> Answer[R]:
        """Call it with an OSError, sqlite3.Error or MtpMlxError of the operation.

        Any other exception is raised on the interface thread, and so is one without a callback.
        """
        self._failed = callback
        return self

    def give(self, result: R) -> None:
        if self._then is not None and shiboken6.isValid(self._owner):
            self._then(result)

    def fail(self, error: Exception) -> None:
        if not shiboken6.isValid(self._owner):
            return
        if self._failed is None or not isinstance(error, _EXPECTED):
            raise error
        self._failed(error)


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    """`work` runs the operation and returns what is left for the interface thread to do."""

    work: Callable[[T], Callable[[], None]]
    fail: Callable[[Exception], None]
    lane: _Lane[T] | None  # of a write


class _Lane(Generic[T]):
    """Writes that must keep their order. While any is left here, the first was refused."""

    def __init__(self, first_pause_s: float) -> None:
        self.jobs: deque[_Job[T]] = deque()
        self._first_pause_s = first_pause_s
        self._pause_s = first_pause_s
        self.next_try = 0.0  # by the monotonic clock

    def refused(self) -> None:
        self.next_try = time.monotonic() + self._pause_s
        self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)

    def written(self) -> None:
        self.jobs.popleft()
        self._pause_s = self._first_pause_s


class StoreThread(QObject, Generic[T]):
    """The value is opened on the thread before the first operation, and closed after the last."""

    refused = Signal(object)  # OSError or sqlite3.Error: writes wait for the disk from now on
    caught_up = Signal()  # everything that waited is written
    _done = Signal()

    def __init__(
        self,
        name: str,
        open_value: Callable[[], T],
        close_value: Callable[[T], None] = lambda _value: None,
        *,
        interrupt: Callable[[T], None] = lambda _value: None,
        first_pause_s: float = FIRST_PAUSE_S,
        parent: QObject | None = None,
    ) -> None:
        """`open_value` must not raise. `interrupt` is called from the interface thread."""
        super().__init__(parent)
        self._open_value = open_value
        self._close_value = close_value
        self._interrupt = interrupt
        self._jobs: queue.SimpleQueue[_Job[T] | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._asked = 0
        self._answered = 0
        self._lanes: dict[str, _Lane[T]] = {}
        self._first_pause_s = first_pause_s
        self._is_refused = False
        self._closes_at: float | None = None
        self._value: T | None = None
        self._done.connect(self._give_one, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether everything that was asked for has been answered."""
        return self._answered == self._asked

    @property
    def unwritten(self) -> int:
        """Writes that wait for a disk that refuses them."""
        return sum(len(lane.jobs) for lane in self._lanes.copy().values())

    def waiting(self, lane: str = "") -> int:
        """How many of them are in that lane."""
        return len(self._lanes[lane].jobs) if lane in self._lanes else 0

    def run(self, operation: Callable[[T], R], owner: QObject) -> Answer[R]:
        """Ask once. Writes that wait for the disk are tried before."""
        return self._ask(operation, owner, None)

    def write(self, operation: Callable[[T], R], owner: QObject, lane: str = "") -> Answer[R]:
        """Have it written, however often that takes: `operation` may run more than once.

        A disk may refuse one file and take another: what need not wait for it has another `lane`.
        """
        if lane not in self._lanes:
            self._lanes[lane] = _Lane(self._first_pause_s)
        return self._ask(operation, owner, self._lanes[lane])

    def wait(self, timeout_s: float = CLOSE_S) -> bool:
        """Block until what was asked so far is answered, and answer it. False: time ran out.

        For the start of the program, before there is a window, and for tests.
        """
        reached: list[None] = []
        self.run(lambda _value: None, self).then(reached.append)
        deadline = time.monotonic() + timeout_s
        while not reached:
            try:
                outcome = self._outcomes.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return False
            outcome()
        return True

    def catch_up(self, timeout_s: float) -> bool:
        """Block until everything is written, or time is over. False: the disk still refuses."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            if self.wait(left) and not self.unwritten:
                return True
            time.sleep(_LAST_TRIES_S)
        return False

    def close(self, timeout_s: float = CLOSE_S) -> bool:
        """Do what was asked for and end. False where time ran out before all of it was done.

        An operation that does not even end when it is interrupted is left to the process's end.
        """
        if self._closes_at is None:
            self._closes_at = time.monotonic() + timeout_s
            self._jobs.put(None)
            self._thread.join(timeout_s)
            if self._thread.is_alive() and self._value is not None:
                self._interrupt(self._value)
                self._thread.join(_INTERRUPTED_S)
            left = self.unwritten + self._jobs.qsize()
            if left or self._thread.is_alive():
                _log.error("%s: closed before %d operations were done", self._thread.name, left)
        return not (self.unwritten or self._thread.is_alive())

    def _ask(self, operation: Callable[[T], R], owner: QObject, lane: _Lane[T] | None) -> Answer[R]:
        answer: Answer[R] = Answer(owner)

        def answered(give: Callable[[], None]) -> Callable[[], None]:
            def on_the_interface_thread() -> None:
                self._answered += 1
                give()

            return on_the_interface_thread

        def work(value: T) -> Callable[[], None]:
            result = operation(value)
            return answered(lambda: answer.give(result))

        def fail(error: Exception) -> None:
            self._hand_over(answered(lambda: answer.fail(error)))

        self._asked += 1
        self._jobs.put(_Job(work, fail, lane))
        return answer

    def _give_one(self) -> None:
        """One outcome an event, so that an exception in a callback costs no other its answer."""
        try:
            outcome = self._outcomes.get_nowait()
        except queue.Empty:  # `wait` has given it already
            return
        outcome()

    # On the thread

    def _work(self) -> None:
        events = QEventLoop()  # makes the thread one of Qt's: text that is laid out here needs it
        value = self._value = self._open_value()
        while True:
            try:
                job = self._jobs.get(timeout=self._pause_left())
            except queue.Empty:
                self._write_waiting(value)
                continue
            if job is None:
                break
            if job.lane is None:
                self._write_waiting(value, at_once=True)
                self._do(job, value)
            else:
                job.lane.jobs.append(job)
                if len(job.lane.jobs) == 1:
                    self._write(job.lane, value)
        while self.unwritten and time.monotonic() < (self._closes_at or 0.0):
            time.sleep(_LAST_TRIES_S)
            self._write_waiting(value, at_once=True)
        self._close_value(value)
        del events

    def _pause_left(self) -> float | None:
        """Seconds until the next try; None where nothing waits."""
        tries = [lane.next_try for lane in self._lanes.copy().values() if lane.jobs]
        return max(0.0, min(tries) - time.monotonic()) if tries else None

    def _write_waiting(self, value: T, *, at_once: bool = False) -> None:
        """Try those whose pause is over, or all of them."""
        for lane in self._lanes.copy().values():
            if lane.jobs and (at_once or lane.next_try <= time.monotonic()):
                self._write(lane, value)

    def _write(self, lane: _Lane[T], value: T) -> None:
        """Write what waits in it, up to the first that the disk refuses."""
        while lane.jobs:
            try:
                self._do(lane.jobs[0], value)
            except _DISK as error:
                _log.warning("a write was refused: %s", type(error).__name__)
                lane.refused()
                self._say_refused(error)
                return
            lane.written()
        if self._is_refused and not self.unwritten:
            self._is_refused = False
            self._hand_over(self.caught_up.emit)

    def _say_refused(self, error: Exception) -> None:
        if not self._is_refused:
            self._is_refused = True
            self._hand_over(lambda: self.refused.emit(error))

    def _do(self, job: _Job[T], value: T) -> None:
        """Raises what the disk says to a write that may be tried again."""
        try:
            outcome = job.work(value)
        except Exception as error:
            if job.lane and isinstance(error, _DISK) and not isinstance(error, _HOPELESS):
                raise
            job.fail(error)
        else:
            self._hand_over(outcome)

    def _hand_over(self, outcome: Callable[[], None]) -> None:
        self._outcomes.put(outcome)
        if shiboken6.isValid(self):
            self._done.emit()
