"""Garbage is collected by the interface thread, whichever thread has made it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.collector import Collector, collect_due


class Knot:
    """Reachable only from itself, so that no count of references frees it."""

    def __init__(self, freed_by: list[int]) -> None:
        self.itself = self
        self._freed_by = freed_by

    def __del__(self) -> None:
        self._freed_by.append(threading.get_ident())


@pytest.fixture
def collector(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setattr("app.collector.INTERVAL_MS", 5)
    was = gc.isenabled()
    gc.enable()
    collector = Collector()
    yield collector
    collector.stop()
    (gc.enable if was else gc.disable)()


def test_another_thread_frees_nothing(qtbot: QtBot, collector: Collector) -> None:
    freed_by: list[int] = []
    kept: list[list[object]] = []

    def work() -> None:
        Knot(freed_by)
        kept.extend([] for _ in range(20 * gc.get_threshold()[0]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert freed_by == []
    qtbot.waitUntil(lambda: bool(freed_by))
    assert freed_by == [threading.get_ident()]


def test_what_is_not_due_is_left(collector: Collector) -> None:
    gc.collect()
    freed_by: list[int] = []
    Knot(freed_by)
    collect_due()
    assert freed_by == []


def test_python_collects_again_once_it_is_stopped(collector: Collector) -> None:
    assert not gc.isenabled()
    collector.stop()
    assert gc.isenabled()
