"""Compare from the menu to the saved report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from app import strings
from app.views.compare import compare_view
from app.views.compare.compare_view import CompareDialog
from mtp_mlx.wire import Cancel
from tests.app.conftest import Clock, Rig
from tests.app.helpers import finished
from tests.app.viewmodels.compare.test_compare import requests, run, warm_up, whole
from tests.app.viewmodels.compare.test_race import plays


@pytest.fixture
def ready(timed: Rig) -> Rig:
    """In this file time passes when told to."""
    return timed


@pytest.fixture
def dialog(qtbot: QtBot, ready: Rig) -> CompareDialog:
    chat = ready.program.models.chat
    chat.send("Count to twelve.")
    ready.write("One, two, and so on.")
    ready.finish()
    ready.action(strings.COMPARE).trigger()
    found = ready.program.window.findChildren(CompareDialog)[0]
    QApplication.processEvents()
    return found


def press(button: QAbstractButton) -> None:
    assert not button.isHidden()
    button.click()


@pytest.mark.parametrize("place", ["button", "question"])
def test_undo_takes_back_a_deletion_behind_it(
    ready: Rig, dialog: CompareDialog, place: str
) -> None:
    """What was typed since is undone first."""
    done: list[None] = []
    ready.program.models.undo.offer("Chat deleted", lambda: done.append(None))
    widget = {"button": dialog.start, "question": dialog.question}[place]
    widget.setFocus()
    asked = dialog.question.toPlainText()
    if place == "question":
        QTest.keyClicks(widget, "More")
        QTest.keyClick(widget, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert (dialog.question.toPlainText(), done) == (asked, [])
    QTest.keyClick(widget, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert done == [None]
    assert dialog.question.toPlainText() == asked
    QTest.keyClick(widget, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert done == [None]


def test_the_last_question_raced(ready: Rig, clock: Clock, dialog: CompareDialog) -> None:
    assert dialog.question.toPlainText() == "Count to twelve."
    assert dialog.save.isHidden()
    press(dialog.start)
    assert dialog.note.text() == "Warming up: reading the prompt…"
    assert dialog.start.isHidden()
    warm_up(ready)
    assert dialog.note.text() == "Running with MTP off…"
    run(ready, clock)
    run(ready, clock, depth=2, tps=58.0)
    assert dialog.headline.text() == "Faster in one run each, which has no interval"
    assert dialog.numbers.text.startswith("2.90\u00d7 the speed of plain decoding · drafted in ")
    assert dialog.texts.text() == "Same text, token for token: 48 tokens."
    assert dialog.lanes["off"].note.text.startswith("48 tokens")
    assert dialog.lanes["on"].title.text() == "MTP on · Auto"
    race = ready.program.models.compare.race
    assert plays(race)
    assert dialog.play.text() == "Pause"
    clock.tick(0.5)
    race.tick()
    off, on = (dialog.lanes[side].text.toPlainText() for side in ("off", "on"))
    assert on.startswith(off)
    assert len(on) > 2 * len(off)
    assert dialog.moment.sliderPosition() == 50
    press(dialog.play)
    assert not plays(race)
    assert dialog.play.text() == "Race again"
    QTest.keyClick(dialog.moment, Qt.Key.Key_End)
    assert race.position == race.duration
    press(dialog.play)
    assert race.position == 0
    dialog.reject()
    assert not plays(race)


def test_the_text_appears_as_it_is_written(
    qtbot: QtBot, ready: Rig, clock: Clock, dialog: CompareDialog
) -> None:
    press(dialog.start)
    warm_up(ready)
    run(ready, clock, end=False)
    lane = dialog.lanes["off"]
    qtbot.waitUntil(lambda: lane.text.toPlainText().startswith("one two three four five"))
    assert lane.rate.text() == "20.0"
    assert dialog.lanes["on"].text.toPlainText() == ""


def test_those_who_want_no_motion_see_the_end(
    ready: Rig, clock: Clock, dialog: CompareDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare_view, "reduced_motion", lambda: True)
    press(dialog.start)
    whole(ready, clock)
    race = ready.program.models.compare.race
    assert not plays(race)
    assert race.position == race.duration


def test_stop_keeps_what_has_run(ready: Rig, clock: Clock, dialog: CompareDialog) -> None:
    press(dialog.start)
    warm_up(ready)
    run(ready, clock)
    run(ready, clock, depth=2, end=False)
    press(dialog.stop)
    ready.say(finished(ready.request().id, "cancelled", generated_tokens=16))
    assert dialog.headline.text() == "Too short to compare speeds"
    assert dialog.texts.text().startswith("Same text up to the end of the shorter one: 16 tokens.")


def test_closing_it_stops_the_run(ready: Rig, dialog: CompareDialog) -> None:
    press(dialog.start)
    dialog.close()
    assert ready.engine.sent[-1] == Cancel(id=ready.request().id)
    ready.say(finished(ready.request().id, "cancelled"))
    assert len(requests(ready)) == 2  # the chat's own, and the warm-up


def test_another_question_can_be_typed(ready: Rig, dialog: CompareDialog) -> None:
    dialog.question.setPlainText("")
    assert not dialog.start.isEnabled()
    dialog.question.setPlainText("Something else?")
    press(dialog.start)
    messages = ready.request().messages
    assert messages is not None
    assert [message.content for message in messages] == ["Something else?"]
    assert dialog.question.isReadOnly()


def test_the_report_of_two_runs(
    ready: Rig,
    clock: Clock,
    dialog: CompareDialog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = tmp_path / "report.json"
    monkeypatch.setattr("app.exports.ask_report_path", lambda *_: target)
    press(dialog.start)
    whole(ready, clock)
    press(dialog.save)
    ready.settle()
    report = json.loads(target.read_text())
    assert [run_["mode"] for run_ in report["runs"]] == ["off", "auto"]
    assert report["identity"]["comparisons"][0]["identical"]
    assert report["environment"]["device"] == "A test"


def test_a_comparison_is_still_there_when_it_is_opened_again(
    ready: Rig, clock: Clock, dialog: CompareDialog
) -> None:
    press(dialog.start)
    whole(ready, clock)
    dialog.close()
    ready.program.window.compare()
    again = ready.program.window.findChildren(CompareDialog)[-1]
    assert again.numbers.text.startswith("2.90\u00d7 the speed of plain decoding")
    assert again.start.text() == "Compare again"


def test_while_the_engine_is_away_it_says_so(rig: Rig, qtbot: QtBot) -> None:
    rig.program.window.compare()
    dialog = rig.program.window.findChildren(CompareDialog)[0]
    assert dialog.note.text() == "The engine is starting…"
    dialog.question.setPlainText("Hello?")
    assert not dialog.start.isEnabled()
    rig.ready()
    assert dialog.start.isEnabled()
    assert dialog.note.text().startswith("After a short warm-up")


def test_everything_in_it_has_a_name(ready: Rig, clock: Clock, dialog: CompareDialog) -> None:
    press(dialog.start)
    whole(ready, clock)
    for button in dialog.findChildren(QAbstractButton):
        assert button.text() or button.accessibleName(), button
    for view in (dialog.question, dialog.moment, *(lane.text for lane in dialog.lanes.values())):
        assert view.accessibleName(), view
        assert view.focusPolicy() & Qt.FocusPolicy.TabFocus
