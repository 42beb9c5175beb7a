"""What is written and not sent stays with its chat."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.viewmodels import drafts
from tests.app.conftest import Rig
from tests.app.viewmodels.test_chat_list import talk


def stored_draft(rig: Rig, chat_id: str) -> str | None:
    chat = rig.program.store.load(chat_id)
    return None if chat is None else chat.draft


def test_a_draft_is_stored_within_a_second(qtbot: QtBot, ready: Rig) -> None:
    assert drafts.DRAFT_MS <= 1000
    chat_id = talk(ready, "Hello")
    chat = ready.program.models.chat
    chat.drafts.write("Half")
    chat.drafts.write("Half a thought")
    qtbot.waitUntil(lambda: stored_draft(ready, chat_id) == "Half a thought", timeout=2000)


def test_each_chat_has_its_own(ready: Rig) -> None:
    first, second = talk(ready, "First"), talk(ready, "Second")
    chat, chats = ready.program.models.chat, ready.program.models.chats
    chat.drafts.write("To")
    chat.drafts.write("To the second")
    chats.open(first)
    assert chat.chat.draft == ""
    chat.drafts.write("To the first")
    chats.open(second)
    assert chat.chat.draft == "To the second"
    chats.open(first)
    assert chat.chat.draft == "To the first"


def test_a_draft_alone_is_a_chat_worth_keeping(qtbot: QtBot, ready: Rig) -> None:
    chat = ready.program.models.chat
    with qtbot.waitSignal(chat.changed):
        chat.drafts.write("Half a thought")
    chat_id = chat.chat.id
    chat.new_chat()
    rows = ready.program.models.chats.rows
    assert [rows.index(row).data() for row in range(rows.rowCount())] == ["Today", "New chat"]
    ready.program.models.chats.open(chat_id)
    assert chat.chat.draft == "Half a thought"
    chat.send("Half a thought and its end")
    chat.drafts.write("")
    chat.new_chat()
    assert [rows.index(row).data() for row in range(rows.rowCount())] == [
        "Today",
        "Half a thought and its end",
    ]
    assert stored_draft(ready, chat_id) == ""


def test_closing_keeps_the_last_letter(ready: Rig) -> None:
    chat_id = talk(ready, "Hello")
    chat = ready.program.models.chat
    chat.drafts.write("Half")
    chat.drafts.write("Half a thought")
    chat.leave()
    assert stored_draft(ready, chat_id) == "Half a thought"


def test_a_title_given_before_the_first_question_stays(ready: Rig) -> None:
    chat, chats = ready.program.models.chat, ready.program.models.chats
    chat.drafts.write("Half a thought")
    chats.rename(chat.chat.id, "My plan")
    chat.send("Half a thought and its end")
    assert chat.chat.title == "My plan"
    assert chats.rows.index(1).data() == "My plan"
