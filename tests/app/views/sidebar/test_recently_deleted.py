"""What was deleted lately is listed, and comes back to where it was."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.views.sidebar.recently_deleted import RecentlyDeletedDialog
from tests.app.conftest import Rig
from tests.app.viewmodels.chat.test_branching import ask, chat_of, shown
from tests.app.viewmodels.sidebar.test_chat_list import talk, titles
from tests.app.views.test_window import actions


def opened(rig: Rig) -> RecentlyDeletedDialog:
    actions(rig)["Recently deleted…"].trigger()
    rig.settle()
    return rig.program.window.findChildren(RecentlyDeletedDialog)[-1]


def listed(dialog: RecentlyDeletedDialog) -> list[str]:
    return [dialog.list.item(row).text() for row in range(dialog.list.count())]


def test_a_chat_and_messages_come_back(ready: Rig) -> None:
    chat = chat_of(ready)
    empty = opened(ready)
    assert not empty.restore.isEnabled()
    empty.close()
    gone = talk(ready, "Trip to Kyoto")
    talk(ready, "Bread")
    ask(ready, "With rye?", "Rye it is.")
    chat.branches.delete(chat.messages.at(3).id)
    chat.branches.delete(chat.messages.at(2).id)
    ready.program.models.chats.delete(gone)
    ready.settle()
    assert titles(ready) == ["Today", "Bread"]
    dialog = opened(ready)
    assert listed(dialog) == [
        "Trip to Kyoto\nChat of 2 messages · kept for 30 more days",
        "With rye?\nA message of “Bread” · kept for 30 more days",
        "Rye it is.\nA message of “Bread” · kept for 30 more days",
    ]
    dialog.list.setCurrentRow(2)  # the reply, whose question is deleted too
    QTest.keyClick(dialog.list, Qt.Key.Key_Return)
    ready.settle()
    assert shown(ready) == ["Bread", "An answer.", "With rye?", "Rye it is."]
    stored = ready.stored()
    assert stored is not None
    assert len(stored.messages) == 4
    assert listed(dialog) == ["Trip to Kyoto\nChat of 2 messages · kept for 30 more days"]
    dialog.restore.click()
    ready.settle()
    assert chat.chat.id == gone
    assert shown(ready) == ["Trip to Kyoto", "An answer."]
    assert listed(dialog) == []
    assert "Trip to Kyoto" in titles(ready)


def test_messages_come_back_into_a_chat_that_is_not_open(ready: Rig) -> None:
    chat = chat_of(ready)
    first = talk(ready, "Bread")
    ask(ready, "With rye?", "Rye it is.")
    chat.branches.delete(chat.messages.at(2).id)
    talk(ready, "Other")
    dialog = opened(ready)
    assert listed(dialog)[0].startswith("With rye?\n2 messages of “Bread”")
    dialog.restore.click()
    ready.settle()
    assert chat.chat.id == first
    assert shown(ready)[-1] == "Rye it is."
