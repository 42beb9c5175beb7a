from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.domain.conversation import ChatMessage
from app.viewmodels.message_list import MESSAGE_ROLE, MessageList


def message(number: int) -> ChatMessage:
    return ChatMessage(id=str(number), role="user", text=f"text {number}")


def test_it_is_a_proper_model(qtbot: QtBot) -> None:
    model = MessageList()
    tester = QAbstractItemModelTester(model)
    for number in range(4):
        model.append(message(number))
    model.replace(1, message(9))
    model.cut(2)
    model.cut(7)
    assert [m.id for m in model.messages] == ["0", "9"]
    assert model.data(model.index(1), Qt.ItemDataRole.DisplayRole) == "text 9"
    assert model.data(model.index(1), MESSAGE_ROLE) == message(9)
    model.reset([])
    assert len(model) == 0
    assert tester is not None
