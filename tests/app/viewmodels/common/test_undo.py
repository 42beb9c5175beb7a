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


def test_a_toast_passes_and_what_was_done_can_still_be_undone(qtbot: QtBot) -> None:
    undo, calls = Undo(interval_ms=20), list[str]()
    with qtbot.waitSignal(undo.changed):
        undo.offer("One", noted(calls, "one"))
    with qtbot.waitSignal(undo.changed) as passed:
        pass
    assert passed.args == [None]
    assert (calls, undo.possible) == ([], True)
    undo.undo()
    assert (calls, undo.possible) == (["one"], False)


def test_a_button_that_leads_on_is_not_undone(qtbot: QtBot) -> None:
    undo, calls = Undo(), list[str]()
    undo.offer("Deleted", noted(calls, "undone"))
    undo.say("Saved", "Show", noted(calls, "shown"))
    undo.undo()
    assert calls == ["undone"]
    undo.accept()
    assert calls == ["undone", "shown"]
    assert undo.current is None


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
