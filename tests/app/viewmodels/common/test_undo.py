"""What was done can be taken back, the last first, for as long as it is offered."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from app.viewmodels.common.undo import OFFERED_MS, Offer, Undo


def noted(calls: list[str], text: str) -> Callable[[], None]:
    return lambda: calls.append(text)


def test_there_is_time_to_think() -> None:
    assert OFFERED_MS >= 10_000


def passes(undo: Undo) -> bool:
    """Whether the time of an offer passes."""
    return any(timer.isActive() for timer in undo.findChildren(QTimer))


def test_the_last_is_taken_back_first(qtbot: QtBot) -> None:
    undo, calls = Undo(), list[str]()
    shown: list[str] = []
    undo.changed.connect(lambda offer: shown.append(offer.text if offer else ""))
    undo.offer("One", noted(calls, "one"))
    undo.offer("Two", noted(calls, "two"))
    undo.undo()
    assert (calls, shown) == (["two"], ["One", "Two", "One"])
    undo.undo()
    undo.undo()
    assert (calls, shown[-1]) == (["two", "one"], "")
    assert undo.current is None
    assert not passes(undo)


def test_an_offer_passes_and_does_nothing(qtbot: QtBot) -> None:
    undo, calls = Undo(interval_ms=20), list[str]()
    with qtbot.waitSignal(undo.changed):
        undo.offer("One", noted(calls, "one"))
    with qtbot.waitSignal(undo.changed) as passed:
        pass
    assert passed.args == [None]
    undo.undo()
    assert calls == []


def test_no_time_passes_while_it_is_held(qtbot: QtBot) -> None:
    undo = Undo(interval_ms=20)
    undo.release()
    assert not passes(undo)
    undo.offer("One", lambda: None)
    undo.hold()
    assert not passes(undo)
    undo.release()
    assert passes(undo)
    qtbot.waitUntil(lambda: undo.current is None)


def test_an_offer_is_a_value() -> None:
    assert Offer("x", print) == Offer("x", print)
