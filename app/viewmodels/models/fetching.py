"""Fetching models: one at a time, in a process of its own, with a queue that outlives the window.

Nothing is fetched that the user did not ask for in this session: what was wanted at the last end is
offered first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import msgspec
from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.models import FetchStatus, Wanted
from app.services.data_folder import DataFolder, SettingsStore
from app.services.model_tool import ModelTool, Run
from app.services.store_thread import StoreThread
from app.viewmodels.common.format import file_size, left, memory

Stage = Literal["running", "queued", "paused", "failed", "offered"]
_LIVE: tuple[Stage, ...] = ("running", "queued")
_BEGINS = FetchStatus(phase="listing")
_MB = 10**6
_LANE = "fetches"  # of the store's writes
_KEEP_EVERY = 50_000_000  # bytes after which the queue's file learns how far a fetch is


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """A repository on its way; `status` is the last that its process told."""

    wanted: Wanted
    stage: Stage
    status: FetchStatus = _BEGINS

    @property
    def repository(self) -> str:
        return self.wanted.repository


class Fetching(QObject):
    """The downloads that the user asked for, in the order of asking."""

    changed = Signal()
    done = Signal(str)  # the repository that is whole now
    offered = Signal()  # whether what was begun in another session is to go on has changed

    def __init__(
        self,
        tool: ModelTool,
        store: StoreThread[DataFolder],
        settings: SettingsStore,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._tool = tool
        self._store = store
        self._settings = settings
        self._fetches: dict[str, Fetch] = {}
        self._run: Run | None = None
        self._running: str | None = None  # a repository
        self._kept: dict[str, int] = {}  # bytes that the queue's file knows of
        self._is_closed = False

    @property
    def all(self) -> tuple[Fetch, ...]:
        return tuple(self._fetches.values())

    @property
    def offers(self) -> tuple[Wanted, ...]:
        """Return what another session wanted, until the user says whether it goes on."""
        return tuple(one.wanted for one in self.all if one.stage == "offered")

    @property
    def goes_on(self) -> bool:
        """Whether fetches go on when the window is closed."""
        return self._settings.current.fetch_goes_on

    @property
    def ends_with_window(self) -> bool:
        """Whether something is being fetched that would pause when the window is closed."""
        return not self.goes_on and any(one.stage in _LIVE for one in self.all)

    def let_go_on(self, *, goes_on: bool) -> None:
        kept = self._settings.current
        self._settings.update(msgspec.structs.replace(kept, fetch_goes_on=goes_on))
        self.changed.emit()

    def read(self) -> None:
        """Ask the disk for what was wanted at the last end."""
        self._store.run(lambda folder: folder.fetches.read(), self).then(self._on_read)

    def begin(self, repository: str, title: str, total: int = 0) -> None:
        """Fetch it as soon as nothing else is being fetched."""
        before = self._fetches.get(repository)
        if before is not None and before.stage in _LIVE:
            return
        kept = Wanted(repository=repository, title=title, total=total)
        if before is not None:
            kept = msgspec.structs.replace(before.wanted, paused=False)
        self._put(Fetch(wanted=kept, stage="queued"))
        self._keep(repository)
        self._next()

    def pause(self, repository: str) -> None:
        """End its process; what came stays."""
        self._stop(repository)
        self._change(repository, "paused")
        self._next()

    def resume(self, repository: str) -> None:
        fetch = self._fetches.get(repository)
        if fetch is not None:
            self.begin(repository, fetch.wanted.title)

    def cancel(self, repository: str) -> None:
        """Stop a download and take it off the list; its bytes stay until the model is removed."""
        self._stop(repository)
        if self._fetches.pop(repository, None) is not None:
            self._forget(repository)
        self._next()

    def accept(self) -> None:
        """Go on with what another session wanted."""
        for wanted in self.offers:
            self._put(Fetch(wanted=wanted, stage="queued"))
        self.offered.emit()
        self._next()

    def decline(self) -> None:
        """Leave it paused."""
        for wanted in self.offers:
            self._change(wanted.repository, "paused")
        self.offered.emit()
        self.changed.emit()

    def close(self, *, goes_on: bool = False) -> None:
        """End the fetch, or let everything go on without the window.

        `goes_on`: the user said so for this time; the setting says so for every time.
        """
        self._is_closed = True
        self._end_run()
        if goes_on or self.goes_on:
            for fetch in self.all:
                if fetch.stage in _LIVE:
                    self._tool.fetch_alone(fetch.repository)

    def _on_read(self, wanted: tuple[Wanted, ...]) -> None:
        for one in wanted:
            if one.repository not in self._fetches:
                self._put(Fetch(wanted=one, stage="paused" if one.paused else "offered"))
        self.offered.emit()
        self.changed.emit()

    def _next(self) -> None:
        """Start the first that waits, if nothing runs."""
        waiting = next((one for one in self.all if one.stage == "queued"), None)
        if self._run is None and waiting is not None and not self._is_closed:
            self._running = waiting.repository
            self._put(replace(waiting, stage="running"))
            self._run = self._tool.fetch(waiting.repository)
            self._run.moved.connect(partial(self._on_moved, waiting.repository))
        self.changed.emit()

    def _on_moved(self, repository: str, status: FetchStatus) -> None:
        fetch = self._fetches.get(repository)
        if fetch is None or repository != self._running:
            return
        if status.phase == "done":
            self._run = self._running = None
            del self._fetches[repository]
            self._forget(repository)
            self.done.emit(repository)
            self._next()
            return
        if status.phase == "failed":
            self._run = self._running = None
            self._put(Fetch(wanted=fetch.wanted, stage="failed", status=status))
            self._next()
            return
        wanted = fetch.wanted
        if status.phase == "fetching" and status.total:
            wanted = _counted(wanted, status)
        self._put(Fetch(wanted=wanted, stage="running", status=status))
        if abs(wanted.done - self._kept.get(repository, 0)) >= _KEEP_EVERY:
            self._keep(repository)
        self.changed.emit()

    def _stop(self, repository: str) -> None:
        if repository == self._running:
            self._end_run()

    def _end_run(self) -> None:
        run, self._run, self._running = self._run, None, None
        if run is not None:
            run.kill()

    def _change(self, repository: str, stage: Stage) -> None:
        fetch = self._fetches.get(repository)
        if fetch is not None:
            wanted = msgspec.structs.replace(fetch.wanted, paused=stage == "paused")
            self._put(Fetch(wanted=wanted, stage=stage, status=fetch.status))
            self._keep(repository)

    def _put(self, fetch: Fetch) -> None:
        self._fetches[fetch.repository] = fetch

    def _keep(self, repository: str) -> None:
        wanted = self._fetches[repository].wanted
        self._kept[repository] = wanted.done
        self._store.write(lambda folder: folder.fetches.put(wanted), self._store, _LANE)

    def _forget(self, repository: str) -> None:
        self._store.write(lambda folder: folder.fetches.remove(repository), self._store, _LANE)


def _counted(wanted: Wanted, status: FetchStatus) -> Wanted:
    """Return how far a fetch is. A later process counts no repository that an earlier one brought.

    So what it counts less than the first one is here.
    """
    counted = max(wanted.counted, status.total)
    done = status.done + counted - status.total
    return msgspec.structs.replace(wanted, done=done, total=counted, counted=counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRow:
    repository: str
    title: str
    words: str
    share: float | None  # 0 to 1; None where it is unknown
    stage: Stage


def fetch_row(fetch: Fetch) -> FetchRow:
    """Return a download in words."""
    wanted = fetch.wanted
    done, total = wanted.done, wanted.total  # while a file is checked, the status has its own
    begins = fetch.stage == "running" and fetch.status.phase == "listing" and not done
    return FetchRow(
        repository=wanted.repository,
        title=wanted.title or wanted.repository,
        words=_fetch_words(fetch, done, total),
        share=min(1.0, done / total) if total and not begins else None,
        stage=fetch.stage,
    )


def _fetch_words(fetch: Fetch, done: int, total: int) -> str:
    status = fetch.status
    amount = strings.FETCH_AMOUNT.format(done=memory(done), total=memory(total)) if total else ""
    match fetch.stage:
        case "queued":
            return strings.FETCH_QUEUED
        case "failed":
            return " ".join(part for part in (status.message, status.remedy) if part)
        case "paused" | "offered":
            at = strings.FETCH_PAUSED_AT.format(amount=amount)
            return at if done else strings.FETCH_PAUSED
        case "running":
            return _running(status, amount)


def _running(status: FetchStatus, amount: str) -> str:
    if status.reason is not None:
        amount = amount or strings.FETCH_PHASES["listing"]
        if status.waiting_s is None:
            return strings.FETCH_WAITS.format(amount=amount, reason=status.reason.rstrip("."))
        return strings.FETCH_WAITS_FOR.format(
            amount=amount, reason=status.reason.rstrip("."), seconds=round(status.waiting_s)
        )
    if status.phase != "fetching" or not amount:
        return strings.FETCH_PHASES.get(status.phase, strings.FETCH_PHASES["listing"])
    if not status.rate:
        return amount
    words = strings.FETCH_RATE.format(amount=amount, rate=_speed(status.rate))
    time_left = left((status.total - status.done) / status.rate)
    return strings.FETCH_LEFT.format(amount=words, left=time_left)


def _speed(rate: int) -> str:
    return memory(rate) if rate >= _MB else file_size(rate)
