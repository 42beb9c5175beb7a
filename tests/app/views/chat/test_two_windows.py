"""What another window writes in the open chat is shown, and one reads on where one was."""

from __future__ import annotations

import msgspec
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.domain.conversation import ChatMessage
from app.services.chat_store import ChatStore
from app.services.data_folder import DataFolder
from app.views.chat.user_view import UserView
from tests.app.conftest import Rig
from tests.app.viewmodels.chat.test_taking_up import go_on, look
from tests.app.viewmodels.sidebar.test_chat_list import talk
from tests.app.views.chat.test_background import shown
from tests.app.views.chat.test_transcript import last, long_chat
from tests.app.views.hand import settle


def open_long(qtbot: QtBot, rig: Rig) -> None:
    chat, transcript = long_chat(40), rig.program.window.transcript

    def fill(folder: DataFolder) -> None:
        folder.chats.save_chat(chat)
        for message in chat.messages:
            folder.chats.save_message(chat.id, message)

    rig.ask(fill)
    rig.program.models.chats.open(chat.id)
    rig.settle()
    settle(qtbot, transcript)


def test_one_reads_on_where_one_was(qtbot: QtBot, ready: Rig, other: ChatStore) -> None:
    open_long(qtbot, ready)
    transcript = ready.program.window.transcript
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    settle(qtbot, transcript)
    before, end = bar.value(), bar.maximum()
    go_on(other, "long", "Another word.\n" * 30)
    look(ready)
    qtbot.waitUntil(lambda: bar.maximum() > end)
    settle(qtbot, transcript)
    assert bar.value() == before
    assert transcript.views[-1].message.text.startswith("Another word.")


def test_a_reply_written_there_to_its_end_is_shown_anew(ready: Rig, other: ChatStore) -> None:
    chat_id, transcript = talk(ready, "Hello"), ready.program.window.transcript
    answer = last(transcript).message
    first = transcript.views[0]
    assert isinstance(first, UserView)
    first.edit()
    other.load(chat_id)
    other.save_message(chat_id, msgspec.structs.replace(answer, text="Another end."))
    look(ready)
    QApplication.processEvents()
    assert shown(last(transcript).answer) == "Another end."
    assert transcript.views[0] is first
    assert first.editor is not None


def test_the_versions_are_counted_anew(ready: Rig, other: ChatStore) -> None:
    chat_id, transcript = talk(ready, "Hello"), ready.program.window.transcript
    view = last(transcript)
    again = ChatMessage(id="n", role="assistant", text="Again.", parent=view.message.parent)
    other.save_message(chat_id, again)
    look(ready)
    assert last(transcript) is view
    assert view.footer.acts.switcher is not None
    assert view.footer.acts.switcher.text.text() == "1/2"
