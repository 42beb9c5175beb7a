"""Numbers say what they mean to who points at them and to who reaches them by keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from app.viewmodels.chat.footer import Figure
from app.views.common.figures import Figures
from tests.app.conftest import Rig

RATE = Figure("61 tok/s", "Tokens a second.")
RATIO = Figure("1.9\u00d7 plain, faster", "How many times as fast.")
END = Figure("finished", "How it ended.")


@pytest.fixture
def line(qtbot: QtBot) -> Figures:
    line = Figures()
    qtbot.addWidget(line)
    line.show_figures((RATE, RATIO, END))
    line.show()
    line.activateWindow()
    line.setFocus()
    return line


def told(line: Figures) -> str:
    return line.accessibleDescription()


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_the_arrow_keys_tell_one_number_after_the_other(line: Figures) -> None:
    assert line.text == "61 tok/s · 1.9\u00d7 plain, faster · finished"
    assert told(line) == RATE.meaning
    QTest.keyClick(line, Qt.Key.Key_Right)
    assert (line.current, told(line)) == (RATIO, RATIO.meaning)
    assert QToolTip.text() == RATIO.meaning
    QTest.keyClick(line, Qt.Key.Key_Left)
    QTest.keyClick(line, Qt.Key.Key_Left)
    assert told(line) == END.meaning


def test_fewer_numbers_leave_none_behind(line: Figures) -> None:
    QTest.keyClick(line, Qt.Key.Key_End)
    QTest.keyClick(line, Qt.Key.Key_Left)
    line.show_figures((RATE,))
    assert (line.text, line.current) == ("61 tok/s", RATE)
    line.show_figures(())
    assert (line.text, line.current, told(line)) == ("", None, "")


def test_every_number_of_the_overlay_has_its_meaning(ready: Rig) -> None:
    ready.program.models.chat.send("Hello")
    ready.write("Hi there, this is a reply. " * 8)
    ready.finish()
    overlay = ready.program.window.overlay
    shown = {name: value for name, value in overlay.rows.values.items() if value.text()}
    assert {"Drafts accepted", "Tokens with drafts, τ", "Memory"} <= set(shown)
    for value in shown.values():
        assert value.accessibleDescription().endswith(".")
        assert value.focusPolicy() == Qt.FocusPolicy.TabFocus
    assert overlay.rate.accessibleDescription().endswith(".")


def point_at(line: Figures, place: QPoint) -> str:
    QToolTip.hideText()
    there = line.mapToGlobal(place)
    QApplication.sendEvent(line, QHelpEvent(QEvent.Type.ToolTip, place, there))
    return QToolTip.text()


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_pointing_at_a_number_tells_its_meaning(line: Figures) -> None:
    line.clearFocus()
    line.resize(600, 40)
    for figure, area in zip((RATE, RATIO, END), line.areas, strict=True):
        assert point_at(line, area.center()) == figure.meaning


def test_a_narrow_line_goes_on_below(line: Figures) -> None:
    line.resize(600, 40)
    first, *others = line.areas
    assert {area.top() for area in others} == {first.top()}
    assert line.height() == first.height()
    room = line.areas[1].width() + 30
    line.resize(room, 40)
    tops = [area.top() for area in line.areas]
    assert tops == sorted(set(tops))
    assert line.height() == line.areas[-1].bottom() + 1
    assert all(area.right() < room for area in line.areas)


def test_a_long_sentence_is_cut_at_its_spaces(line: Figures) -> None:
    line.resize(200, 40)
    line.show_figures((RATE, Figure("ended by an error: " + "Too long. " * 20, "How.")))
    assert line.areas[1].height() > 4 * line.areas[0].height()
    assert line.areas[1].width() <= 200
