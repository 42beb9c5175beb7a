"""Work for another thread: in order, answered on the interface thread, and never lost."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator

import pytest
import shiboken6
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.services.store_thread import StoreThread
from mtp_mlx.errors import UsageError

Notes = list[str]


@pytest.fixture
def store(qtbot: QtBot) -> Iterator[StoreThread[Notes]]:
    store = StoreThread[Notes]("test", list, first_pause_s=0.01)
    yield store
    store.close()


@pytest.fixture
def owner(qtbot: QtBot) -> QObject:
    return QObject()


def noted(text: str) -> Callable[[Notes], None]:
    return lambda notes: notes.append(text)


class Disk:
    """A disk that refuses so many writes, with what SQLite says of it."""

    def __init__(self, refusals: int, error: Exception | None = None) -> None:
        self.refusals = refusals
        self._error = error or sqlite3.OperationalError("disk I/O error")

    def noted(self, text: str) -> Callable[[Notes], None]:
        def write(notes: Notes) -> None:
            if self.refusals:
                self.refusals -= 1
                raise self._error
            notes.append(text)

        return write


def test_answers_come_in_order_and_on_the_interface_thread(
    qtbot: QtBot, store: StoreThread[Notes], owner: QObject
) -> None:
    here = threading.get_ident()
    threads: list[int] = []
    answers: list[tuple[int, bool]] = []

    def operation(number: int) -> int:
        threads.append(threading.get_ident())
        return number

    for n in range(20):
        store.run(lambda _notes, n=n: operation(n), owner).then(  # type: ignore[misc]
            lambda n: answers.append((n, threading.get_ident() == here))
        )
    assert answers == []
    qtbot.waitUntil(lambda: store.idle)
    assert answers == [(n, True) for n in range(20)]
    assert len(set(threads)) == 1
    assert here not in threads


def test_the_value_is_opened_and_closed_on_the_thread(qtbot: QtBot) -> None:
    threads: list[int] = []

    def opened() -> Notes:
        threads.append(threading.get_ident())
        return []

    store = StoreThread[Notes]("test", opened, lambda _notes: threads.append(threading.get_ident()))
    assert store.wait()
    assert store.close()
    assert store.close()
    assert len(threads) == 2
    assert len(set(threads)) == 1
    assert threading.get_ident() not in threads


def test_what_fails_is_told_to_who_asked(store: StoreThread[Notes], owner: QObject) -> None:
    def refuse(_notes: Notes) -> None:
        raise UsageError("It cannot be done.", "Do something else.")

    told: list[str] = []
    store.run(refuse, owner).then(lambda _: told.append("done")).failed(
        lambda error: told.append(str(error))
    )
    assert store.wait()
    assert told == ["It cannot be done. Do something else."]


def test_a_defect_is_raised_on_the_interface_thread(
    store: StoreThread[Notes], owner: QObject
) -> None:
    store.run(lambda notes: notes[7], owner).failed(lambda _error: pytest.fail("it is a defect"))
    with pytest.raises(IndexError):
        store.wait()


def test_a_failure_that_nobody_waits_for_is_raised(
    store: StoreThread[Notes], owner: QObject
) -> None:
    store.run(Disk(1).noted("read"), owner)
    with pytest.raises(sqlite3.OperationalError):
        store.wait()


def test_an_exception_in_a_callback_costs_no_other_its_answer(
    qtbot: QtBot, store: StoreThread[Notes], owner: QObject
) -> None:
    told: list[str] = []

    def broken(_result: None) -> None:
        raise ValueError

    store.run(noted("one"), owner).then(broken)
    store.run(noted("two"), owner).then(lambda _: told.append("two"))
    with qtbot.captureExceptions() as exceptions:
        qtbot.waitUntil(lambda: store.idle)
    assert [type(error) for _, error, _ in exceptions] == [ValueError]
    assert told == ["two"]


def test_an_owner_that_was_destroyed_gets_nothing(
    store: StoreThread[Notes], owner: QObject
) -> None:
    told: list[str] = []
    ended = QObject()
    store.run(noted("one"), ended).then(lambda _: told.append("ended"))
    store.run(Disk(1).noted("two"), ended).failed(lambda _: told.append("ended"))
    store.run(told.extend, owner)
    shiboken6.delete(ended)
    assert store.wait()
    assert told == ["one"]


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("disk I/O error"),
        sqlite3.OperationalError("database or disk is full"),
        OSError(28, "No space left on device"),
    ],
)
def test_what_the_disk_refuses_is_tried_until_it_is_written(
    qtbot: QtBot, store: StoreThread[Notes], owner: QObject, error: Exception
) -> None:
    """In order, though only the first was refused; and each is answered once."""
    disk, told, signals = Disk(4, error), list[str](), list[str]()
    store.refused.connect(lambda refusal: signals.append(str(refusal)))
    store.caught_up.connect(lambda: signals.append("caught up"))
    for text in ("one", "two", "three"):
        store.write(disk.noted(text), owner).then(
            lambda _, text=text: told.append(text)  # type: ignore[misc]
        )
    qtbot.waitUntil(lambda: store.idle)
    assert disk.refusals == 0
    assert told == ["one", "two", "three"]
    qtbot.waitUntil(lambda: len(signals) == 2)
    assert signals == [str(error), "caught up"]
    assert store.unwritten == 0
    written: Notes = []
    store.run(written.extend, owner)
    assert store.wait()
    assert written == told


def test_a_disk_that_refuses_is_left_alone_for_longer_each_time(
    qtbot: QtBot, owner: QObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []
    now = 100.0

    class Time:
        """Passes while the store waits, and not otherwise."""

        @staticmethod
        def monotonic() -> float:
            return now

    class Jobs(queue.SimpleQueue[object]):
        def get(self, block: bool = True, timeout: float | None = None) -> object:
            nonlocal now
            if timeout is None:
                return super().get(block)
            tries.append(timeout)
            now += timeout
            raise queue.Empty

    monkeypatch.setattr("app.services.store_thread.time", Time)
    with monkeypatch.context() as queues:
        queues.setattr("app.services.store_thread.queue.SimpleQueue", Jobs)
        store = StoreThread[Notes]("test", list, first_pause_s=0.5)
    try:
        store.write(Disk(8).noted("one"), owner)
        qtbot.waitUntil(lambda: store.idle)
    finally:
        store.close()
    assert tries == [0.5, 1.0, *[2.0] * 6]


def test_reading_goes_on_while_the_disk_refuses_to_write(
    store: StoreThread[Notes], owner: QObject
) -> None:
    """And each time the writes are tried first."""
    disk, lengths = Disk(3), list[int]()
    store.write(disk.noted("one"), owner)
    for _ in range(3):
        store.run(len, owner).then(lengths.append)
    assert store.wait()
    assert lengths[0] == 0
    assert lengths[-1] == 1


def test_what_one_file_refuses_holds_up_no_other(
    qtbot: QtBot, store: StoreThread[Notes], owner: QObject
) -> None:
    disk, told = Disk(10**9), list[str]()
    store.write(disk.noted("settings 1"), owner, lane="settings")
    store.write(noted("chat 1"), owner).then(lambda _: told.append("chat 1"))
    store.write(disk.noted("settings 2"), owner, lane="settings").then(
        lambda _: told.append("settings 2")
    )
    store.write(noted("chat 2"), owner).then(lambda _: told.append("chat 2"))
    assert store.wait()
    assert (told, store.unwritten) == (["chat 1", "chat 2"], 2)
    disk.refusals = 0
    assert store.wait()
    assert told == ["chat 1", "chat 2", "settings 2"]


def test_a_write_that_can_never_succeed_does_not_hold_up_the_others(
    store: StoreThread[Notes], owner: QObject
) -> None:
    told: list[str] = []
    orphan = Disk(1, sqlite3.IntegrityError("FOREIGN KEY constraint failed"))
    store.write(orphan.noted("orphan"), owner).failed(lambda error: told.append(str(error)))
    store.write(noted("two"), owner).then(lambda _: told.append("two"))
    assert store.wait()
    assert told == ["FOREIGN KEY constraint failed", "two"]


def test_closing_does_what_was_asked(qtbot: QtBot, owner: QObject) -> None:
    notes: Notes = []
    store = StoreThread[Notes]("test", lambda: notes)
    disk = Disk(3)
    for text in ("one", "two", "three"):
        store.write(disk.noted(text), owner)
    assert store.close()
    assert notes == ["one", "two", "three"]


def test_closing_takes_no_longer_than_it_may(qtbot: QtBot, owner: QObject) -> None:
    """What hangs is interrupted; what the disk goes on refusing is given up, and that is said."""
    interrupted, begun = threading.Event(), threading.Event()

    def hang(_notes: Notes) -> None:
        begun.set()
        interrupted.wait(60)

    store = StoreThread[Notes]("test", list, interrupt=lambda _notes: interrupted.set())
    store.run(hang, owner)
    store.write(Disk(10**9).noted("never"), owner)
    begun.wait(10)
    assert not store.close(0.05)
    assert interrupted.is_set()
    assert store.unwritten == 1


def test_a_worker_that_hangs_for_good_is_left_behind(qtbot: QtBot, owner: QObject) -> None:
    released = threading.Event()
    store = StoreThread[Notes]("test", list)
    store.run(lambda _notes: released.wait(60), owner)
    try:
        assert not store.close(0.05)
    finally:
        released.set()
