"""A report is dragged out of the window: as a page by its export button, as a card by its own."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QPushButton
from pytestqt.qtbot import QtBot

from app.views.common.drag_out import DragOut, file_data

FAR = QPoint(60, 0)


class Hand:
    """What a drag carries, instead of the system's own drag."""

    def __init__(self) -> None:
        self.carried: list[str] = []

    def __call__(self, _button: QAbstractButton, data: QMimeData) -> None:
        self.carried += [url.toLocalFile() for url in data.urls()]


def test_a_drag_carries_the_file_and_is_no_click(qtbot: QtBot, tmp_path: Path) -> None:
    button, hand, clicks = QPushButton("Card"), Hand(), []
    qtbot.addWidget(button)
    button.resize(80, 30)
    button.show()
    drag = DragOut(button, hand)
    drag.wanted.connect(lambda: drag.give(tmp_path / "card.png"))
    button.clicked.connect(lambda: clicks.append(1))
    QTest.mousePress(button, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    QTest.mouseMove(button, FAR)
    QTest.mouseRelease(button, Qt.MouseButton.LeftButton, pos=FAR)
    assert hand.carried == [str(tmp_path / "card.png")]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert clicks == [1]
    assert len(hand.carried) == 1


def test_a_drag_waits_for_its_file(qtbot: QtBot, tmp_path: Path) -> None:
    button, hand, clicks = QPushButton("Card"), Hand(), []
    qtbot.addWidget(button)
    button.show()
    drag = DragOut(button, hand)
    button.clicked.connect(lambda: clicks.append(1))
    QTest.mousePress(button, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    QTest.mouseMove(button, FAR)
    assert hand.carried == []
    drag.give(tmp_path / "late.png")
    assert hand.carried == [str(tmp_path / "late.png")]
    QTest.mousePress(button, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    QTest.mouseMove(button, FAR)
    QTest.mouseRelease(button, Qt.MouseButton.LeftButton, pos=FAR)
    drag.give(tmp_path / "too late.png")
    assert len(hand.carried) == 1
    assert clicks == []


def test_another_program_gets_a_file(tmp_path: Path) -> None:
    (url,) = file_data(tmp_path / "a report.html").urls()
    assert Path(url.toLocalFile()) == tmp_path / "a report.html"
