"""Behind a reply's info button: the plot answers to the mouse and to the keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from pyqtgraph import GraphicsLayoutWidget
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.domain.conversation import ReplyRecord, SwitchRecord
from app.viewmodels.tokens.timeline import timeline
from app.views.common.theme import ThemeController
from app.views.tokens.details import Details
from tests.app.records import a_round, drafted_reply, plain_rounds, reply_of


@pytest.fixture
def reply() -> ReplyRecord:
    rounds = drafted_reply(20)
    rounds += plain_rounds(10, index=21, at=rounds[-1].at)
    turn = SwitchRecord(rounds[20].at + 0.01, "off")
    return reply_of(rounds, switches=[turn])


def opened(qtbot: QtBot, reply: ReplyRecord, theme: ThemeController) -> Details:
    details = Details(reply, theme)
    qtbot.addWidget(details)
    details.show()
    QApplication.processEvents()
    return details


def texts(widget: QWidget) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel)]


def test_a_round_is_chosen_with_the_keys(
    qtbot: QtBot, reply: ReplyRecord, theme: ThemeController
) -> None:
    details = opened(qtbot, reply, theme)
    for _ in range(2):
        QTest.keyClick(details.plot, Qt.Key.Key_Right)
    assert details.round.text().startswith("Round 2 · drafting, K 3 · 2 of 3 accepted")
    assert [item.text for item in details.tokens.layout_.items] == [
        "w2.0 ",
        "w2.1 ",
        "no0 ",
        "w2.2 ",
    ]
    QTest.keyClick(details.plot, Qt.Key.Key_Left)
    assert details.round.text().startswith("Round 1")
    QTest.keyClick(details.plot, Qt.Key.Key_Left)
    assert details.round.text().startswith("Round 1")


def test_a_round_is_chosen_with_the_mouse(
    qtbot: QtBot, reply: ReplyRecord, theme: ThemeController
) -> None:
    details = opened(qtbot, reply, theme)
    area: Any = details.plot.findChildren(GraphicsLayoutWidget)[0]
    bar = timeline(reply).bars[24]
    below = area.getItem(1, 0).vb.mapViewToScene(QPointF((bar.start + bar.end) / 2, 0.5))
    place = area.mapFromScene(below)
    QTest.mouseMove(area.viewport(), place)
    QTest.mouseClick(area.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert details.round.text().startswith("Round 25 · plain")


def test_the_states_that_are_there_have_a_legend(
    qtbot: QtBot, reply: ReplyRecord, theme: ThemeController
) -> None:
    details = opened(qtbot, reply, theme)
    assert {"drafting", "plain"} <= set(texts(details))
    assert "parked" not in texts(details)


def test_the_theme_may_change_under_it(
    qtbot: QtBot, reply: ReplyRecord, theme: ThemeController
) -> None:
    details = opened(qtbot, reply, theme)
    QTest.keyClick(details.plot, Qt.Key.Key_Right)
    papers: list[QColor] = []
    for _ in range(2):
        theme.choose("light" if papers else "dark")
        QApplication.processEvents()
        papers.append(details.plot.grab().toImage().pixelColor(1, 1))
        assert papers[-1] == theme.current.color("window")
    assert papers[0] != papers[1]


def test_a_reply_of_one_token_has_no_timeline(qtbot: QtBot, theme: ThemeController) -> None:
    details = opened(qtbot, reply_of([a_round(0, 0.1)]), theme)
    assert "This reply has no rounds." in texts(details)


def test_thousands_of_rounds_are_a_few_hundred_bars(qtbot: QtBot, theme: ThemeController) -> None:
    details = opened(qtbot, reply_of(drafted_reply(5000)), theme)
    QTest.keyClick(details.plot, Qt.Key.Key_Right)
    assert details.round.text().startswith("Rounds 1 to 13 · 3.00 tokens a round")
