from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.domain.conversation import ChatMessage
from app.viewmodels.chat.history import MESSAGE_ROLE, MessageList


def message(number: int) -> ChatMessage:
    return ChatMessage(id=str(number), role="user", text=f"text {number}")


def test_it_is_a_proper_model(qtbot: QtBot) -> None:
    model = MessageList()
    tester = QAbstractItemModelTester(model)
    model.show([message(number) for number in range(4)])
    model.replace(1, message(9))
    model.show([message(0), message(9)])
    assert [m.id for m in model.messages] == ["0", "9"]
    assert model.data(model.index(1), Qt.ItemDataRole.DisplayRole) == "text 9"
    assert model.data(model.index(1), MESSAGE_ROLE) == message(9)
    assert model.data(QModelIndex(), MESSAGE_ROLE) is None
    model.reset([])
    assert len(model) == 0
    assert tester is not None


def test_another_branch_keeps_the_rows_both_have(qtbot: QtBot) -> None:
    model = MessageList()
    model.reset([message(number) for number in range(4)])
    told: list[tuple[str, int, int]] = []
    model.rowsRemoved.connect(lambda _parent, first, last: told.append(("cut", first, last)))
    model.rowsInserted.connect(lambda _parent, first, last: told.append(("new", first, last)))
    model.dataChanged.connect(lambda first, last: told.append(("set", first.row(), last.row())))
    changed = ChatMessage(id="1", role="user", text="another text")
    model.show([message(0), changed, message(7), message(8)])
    assert told == [("set", 1, 1), ("cut", 2, 3), ("new", 2, 3)]
    model.show(model.messages)
    assert len(told) == 3
