"""What was done is said near the composer, and waits for whoever reaches for it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QAccessible, QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.app.conftest import Rig
from tests.app.viewmodels.common.test_undo import passes


def test_it_floats_inside_the_page_and_above_the_composer(ready: Rig) -> None:
    window, undo = ready.program.window, ready.program.models.undo
    undo.offer("Message deleted", lambda: None)
    for size in ((1280, 800), (900, 600), (640, 440)):
        window.resize(*size)
        QApplication.processEvents()
        assert window.page.rect().contains(window.toast.geometry())
        assert not window.toast.geometry().intersects(window.composer.geometry())


def test_it_takes_no_focus_and_can_be_sent_away(ready: Rig) -> None:
    window, undo = ready.program.window, ready.program.models.undo
    window.composer.text.setFocus()
    undone: list[bool] = []
    undo.offer("Message deleted", lambda: undone.append(True))
    assert window.composer.text.hasFocus()
    assert window.toast.accessibleName() == "Message deleted"
    QTest.mouseClick(window.toast.close_button, Qt.MouseButton.LeftButton)
    assert not window.toast.isVisible()
    assert undo.current is None
    assert undone == []


def test_it_stays_while_one_reaches_for_it(qtbot: QtBot, ready: Rig) -> None:
    toast, undo = ready.program.window.toast, ready.program.models.undo
    undo.offer("Message deleted", lambda: None)
    origin = QPointF(1, 1)
    QApplication.sendEvent(toast, QEnterEvent(origin, origin, origin))
    assert not passes(undo)
    QApplication.sendEvent(toast, QEvent(QEvent.Type.Leave))
    assert passes(undo)
    qtbot.waitUntil(ready.program.window.isActiveWindow)
    toast.button.setFocus()
    assert not passes(undo)
    ready.program.window.composer.text.setFocus()
    assert passes(undo)


def test_it_is_said_to_those_who_listen(ready: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(
        QAccessible, "updateAccessibility", lambda event: said.append(event.message())
    )
    ready.program.models.undo.offer("Message deleted", lambda: None)
    assert said == ["Message deleted"]
