"""How far a fetch is: written by the thread that fetches, read by the thread that shows it."""

from __future__ import annotations

import _thread
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

T = TypeVar("T")

Phase = Literal[
    "listing", "fetching", "verifying", "linking", "done",
    "checking", "converting", "testing",
]  # fmt: skip
"""The steps of a fetch, in the first line, and those that a conversion has besides."""

SHOW_EVERY_S = 0.5
"""Seconds between two views of a transfer in which nothing else happens."""

RATE_WINDOW_S = 5.0
"""Seconds over which a rate is measured. A longer time is calmer, and notices a stall later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A moment of a fetch."""

    phase: Phase = "listing"
    repository: str = ""
    file: str | None = None
    done: int = 0  # bytes of all files that are wanted; when verifying, those read of this file
    total: int = 0
    rate: int = 0  # bytes a second, lately
    waiting_s: float | None = None  # until the next attempt; None while nothing is waited for
    reason: str | None = None  # why it waits, or makes no progress


_WORDS: Mapping[Phase, str] = {"fetching": "Fetching", "converting": "Converting"}


def line(status: Status) -> str:
    """Return a status in words, for one line of a terminal."""
    name = status.repository
    if status.phase == "listing":
        said = f"Asking the Hub for {name}"
    elif status.phase == "verifying":
        percent = 100 * status.done // max(1, status.total)
        said = f"Checking {status.file}: {percent} %"
    elif status.phase in _WORDS:
        said = f"{_WORDS[status.phase]} {name}: {_amount(status)}"
    else:
        said = f"Finishing {name}"
    if status.reason is None:
        return said
    again = "" if status.waiting_s is None else f", trying again in {status.waiting_s:.0f} s"
    return f"{said} ({status.reason}{again})"


def _amount(status: Status) -> str:
    unit, name = (1e9, "GB") if status.total >= 10**9 else (1e6, "MB")
    said = f"{status.done / unit:.{3 if name == 'GB' else 1}f} of {status.total / unit:.1f} {name}"
    if not status.rate or status.reason is not None:
        return said
    mega = status.rate >= 10**6
    speed = f"{status.rate / 1e6:.1f} MB/s" if mega else f"{status.rate / 1e3:.0f} KB/s"
    return f"{said}, {speed}, {_left((status.total - status.done) / status.rate)} left"


def _left(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"


class Meter:
    """The rate of what came during the last `RATE_WINDOW_S` seconds."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._came: deque[_Came] = deque()

    def add(self, count: int, now: float) -> None:
        self._came.append(_Came(now, count))

    def rate(self, now: float) -> int:
        """Return bytes a second; 0 where none came."""
        while self._came and self._came[0].when < now - RATE_WINDOW_S:
            self._came.popleft()
        over = min(RATE_WINDOW_S, now - self._began)
        return round(sum(came.count for came in self._came) / over) if over > 0 else 0


@dataclass(frozen=True, slots=True)
class _Came:
    when: float
    count: int


class Progress:
    """The state of a fetch; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status = Status()
        self._done, self._total = 0, 0  # of the whole plan
        self._resumes: float | None = None
        self._coming, self._checking = Meter(time.monotonic()), Meter(time.monotonic())
        self.steps: queue.SimpleQueue[Status | None] = queue.SimpleQueue()
        """The status at the beginning of each step, however short, and None at the end."""

    def _meter(self) -> Meter:
        return self._checking if self._status.phase == "verifying" else self._coming

    def plan(self, done: int, total: int) -> None:
        """Set how many bytes are wanted, and how many of them are here."""
        with self._lock:
            self._done, self._total = done, total

    def begin(
        self,
        phase: Phase,
        repository: str = "",
        file: str | None = None,
        reads: tuple[int, int] | None = None,
    ) -> None:
        """Begin a step; `reads` has done and total where they are not those of the plan."""
        now = time.monotonic()
        with self._lock:
            if phase == "verifying":
                self._checking = Meter(now)
            done, total = reads or (self._done, self._total)
            self._status = Status(
                phase=phase, repository=repository, file=file, done=done, total=total
            )
            self._resumes = None
            self.steps.put(replace(self._status, rate=self._meter().rate(now)))

    def add(self, count: int) -> None:
        """Count bytes that were written, or read when verifying; below 0 where some were lost."""
        now = time.monotonic()
        with self._lock:
            self._meter().add(max(0, count), now)
            if self._status.phase != "verifying":
                self._done += count
            self._status = replace(self._status, done=self._status.done + count)

    def pass_over(self, count: int) -> None:
        """Count bytes that came and are here already."""
        with self._lock:
            self._coming.add(count, time.monotonic())

    def wait(self, seconds: float | None, reason: str) -> None:
        """Say why nothing comes; `seconds` where it is known until when."""
        with self._lock:
            self._resumes = None if seconds is None else time.monotonic() + seconds
            self._status = replace(self._status, reason=reason)
            self.steps.put(replace(self._status, waiting_s=seconds))

    def go_on(self) -> None:
        """Say that what was waited for is over."""
        with self._lock:
            self._resumes = None
            self._status = replace(self._status, reason=None)

    def now(self) -> Status:
        """Return the status with its rate."""
        now = time.monotonic()
        with self._lock:
            left = None if self._resumes is None else max(0.0, self._resumes - now)
            return replace(self._status, rate=self._meter().rate(now), waiting_s=left)


def watched(action: Callable[[Progress], T], show: Callable[[Status], None]) -> T:
    """Return what `action` returns, run in a thread while `show` is called here.

    It is called at each step and every `SHOW_EVERY_S` seconds. An interrupt ends the wait at once,
    whatever the thread is doing, and the thread ends with the process.
    """
    progress = Progress()
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(action(progress))
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
            outcome.set_exception(error)
        finally:
            progress.steps.put(None)

    thread = threading.Thread(target=run, name="fetch", daemon=True)
    thread.start()
    _show(progress, show)
    thread.join()
    return outcome.result()


def shown(action: Callable[[Progress], T], show: Callable[[Status], None]) -> T:
    """Return what `action` returns, run here while `show` is called in a thread as `watched` does.

    For work that must stay in the main thread, as MLX's must: its own threads do not outlive a
    daemon's end in peace. What `show` raises interrupts the action, and is raised.
    """
    progress = Progress()
    faults: list[BaseException] = []

    def run() -> None:
        try:
            _show(progress, show)
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            faults.append(error)
            _thread.interrupt_main()

    thread = threading.Thread(target=run, name="show", daemon=True)
    thread.start()
    try:
        return action(progress)
    except KeyboardInterrupt:
        if faults:
            raise faults[0] from None
        raise
    finally:
        progress.steps.put(None)
        thread.join()


def _show(progress: Progress, show: Callable[[Status], None]) -> None:
    while True:
        try:
            step = progress.steps.get(timeout=SHOW_EVERY_S)
        except queue.Empty:
            show(progress.now())
            continue
        if step is None:
            return
        show(step)
