"""The list keeps up, and nothing done in it is beyond recall."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta

import pytest
from PySide6.QtCore import QLocale, Qt, QTimer
from pytestqt.qtbot import QtBot

from app.domain.conversation import Chat, ChatMessage
from app.services.chat_store import ChatStore
from app.viewmodels.chat.saving import Saver
from app.viewmodels.common.format import one_line
from app.viewmodels.sidebar.chat_list import LOOK_MS, ChatListViewModel
from app.viewmodels.sidebar.chat_list_model import CHAT_ROLE, ChatListModel, heading
from tests.app.conftest import Rig
from tests.app.helpers import round_of


def list_of(rig: Rig) -> ChatListViewModel:
    return rig.program.models.chats


def titles(rig: Rig) -> list[str]:
    rig.settle()
    rows = list_of(rig).rows
    return [str(rows.index(row).data()) for row in range(rows.rowCount())]


def talk(rig: Rig, question: str) -> str:
    """A chat of its own, and its id."""
    chat = rig.program.models.chat
    if not chat.blank:
        chat.new_chat()
    chat.send(question)
    rig.write("An answer.")
    rig.finish()
    rig.settle()
    return chat.chat.id


def banner(rig: Rig) -> str:
    rig.settle()
    shown = rig.program.models.engine.banner
    return "" if shown is None else shown.message


def test_steps_walk_the_list_as_it_is_shown(ready: Rig) -> None:
    chats = list_of(ready)
    assert (chats.neighbour(-1), chats.neighbour(1)) == (None, None)
    bread, kyoto, tokyo = (talk(ready, q) for q in ("Bread", "Trip to Kyoto", "Trip to Tokyo"))
    chats.pin(bread, pinned=True)
    ready.settle()
    assert titles(ready) == ["Pinned", "Bread", "Today", "Trip to Tokyo", "Trip to Kyoto"]
    walked = []
    for by in (1, 1, -1, -1, -1):
        chats.step(by)
        ready.settle()
        walked.append(chats.open_id)
    assert walked == [kyoto, kyoto, tokyo, bread, bread]
    chats.open(kyoto)
    ready.settle()
    chats.search("bread")
    chats.search_now()
    ready.settle()
    assert (chats.neighbour(-1), chats.neighbour(1)) == (None, bread)


def test_a_new_chat_stands_above_the_first(ready: Rig) -> None:
    first = talk(ready, "Hello")
    chats = list_of(ready)
    chats.new()
    chats.step(-1)
    ready.settle()
    assert chats.open_id != first
    chats.step(1)
    ready.settle()
    assert chats.open_id == first


def test_a_chat_that_is_read_too_late_takes_nothing_from_what_one_has_begun(ready: Rig) -> None:
    first, second = talk(ready, "First"), talk(ready, "Second")
    chats = list_of(ready)
    chats.open(first)
    assert chats.open_id == second
    chats.new()
    ready.settle()
    assert ready.program.models.chat.blank


def test_steps_are_counted_from_the_chat_that_is_being_read(ready: Rig) -> None:
    third, second, _first = (talk(ready, q) for q in ("Third", "Second", "First"))
    chats = list_of(ready)
    chats.step(1)
    assert chats.neighbour(1) == third
    assert chats.neighbour(0) == second
    chats.step(1)
    ready.settle()
    assert chats.open_id == third


def test_a_chat_is_listed_with_its_first_question(ready: Rig) -> None:
    assert titles(ready) == []
    assert "listed here" in list_of(ready).empty_text
    ready.program.models.chat.send("Hello")
    assert titles(ready) == ["Today", "Hello"]
    assert list_of(ready).empty_text == ""
    ready.finish()
    talk(ready, "Again")
    assert titles(ready) == ["Today", "Again", "Hello"]
    assert list_of(ready).open_id == ready.program.models.chat.chat.id


def test_a_new_chat_is_listed_while_the_disk_refuses(
    ready: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_named: object) -> None:
        raise sqlite3.OperationalError("disk full")

    chats, chat = list_of(ready), ready.program.models.chat
    with monkeypatch.context() as full:
        for write in ("save_chat", "save", "rename", "pin"):
            full.setattr(ChatStore, write, refuse)
        chat.send("Rye")
        assert [row.title for row in chats.rows.chats] == ["Rye"]  # before the store's answer
        assert titles(ready) == ["Today", "Rye"]
        ready.finish()
        bread = talk(ready, "Bread")
        assert titles(ready) == ["Today", "Bread", "Rye"]
        chats.rename(bread, "Spelt")
        chats.pin(bread, pinned=True)
        chats.new()
        chats.open(bread)
        assert (chat.chat.title, chat.chat.pinned) == ("Spelt", True)
        for query, shown in (("spelt", 2), ("answer", 2), ("cake", 0), ("", 4)):
            chats.search(query)
            chats.search_now()
            assert titles(ready) == ["Pinned", "Spelt", "Today", "Rye"][:shown]
        assert ready.ask(lambda folder: folder.chats.chats()) == ()
    assert titles(ready) == ["Pinned", "Spelt", "Today", "Rye"]
    assert len(ready.ask(lambda folder: folder.chats.chats())) == 2


def test_a_title_and_a_pin_stay_as_chosen_while_the_disk_refuses(
    ready: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the list, in the open chat, and in one that is read anew; until they are written."""

    def refuse(*_arguments: object, **_named: object) -> None:
        raise sqlite3.OperationalError("disk full")

    rye, bread = talk(ready, "Rye"), talk(ready, "Bread")
    chats, chat = list_of(ready), ready.program.models.chat
    with monkeypatch.context() as full:
        for write in ("rename", "pin"):
            full.setattr(ChatStore, write, refuse)
        chats.rename(rye, "Spelt")
        chats.pin(rye, pinned=True)
        assert [row.title for row in chats.rows.chats] == ["Spelt", "Bread"]  # at once
        chats.rename(bread, "Toast")
        for opened, title in ((rye, "Spelt"), (bread, "Toast")):
            chats.open(opened)
            assert titles(ready) == ["Pinned", "Spelt", "Today", "Toast"]
            assert chat.chat.title == title
        chats.pin(rye, pinned=False)
        chats.pin(rye, pinned=True)
        assert titles(ready) == ["Pinned", "Spelt", "Today", "Toast"]
        assert {c.title for c in ready.ask(lambda folder: folder.chats.chats())} == {"Rye", "Bread"}
        assert ready.program.store.waiting()
    assert titles(ready) == ["Pinned", "Spelt", "Today", "Toast"]
    stored = ready.ask(lambda folder: folder.chats.chats())
    assert [(c.title, c.pinned) for c in stored] == [("Spelt", True), ("Toast", False)]
    ready.ask(lambda folder: folder.chats.rename(rye, "Barley"))  # what is written counts again
    chats.refresh()
    assert titles(ready) == ["Pinned", "Barley", "Today", "Toast"]


def test_opening_another_chat_loses_nothing_of_a_running_reply(ready: Rig) -> None:
    first = talk(ready, "First")
    second = talk(ready, "Second")
    chat = ready.program.models.chat
    chat.send("More")
    ready.say(round_of(ready.request().id, 0, ["Half"]))
    list_of(ready).open(first)
    ready.settle()
    assert chat.chat.id == first
    assert [m.text for m in chat.messages.messages] == ["First", "An answer."]
    list_of(ready).open(second)
    ready.settle()
    ready.finish()
    assert [m.text for m in chat.messages.messages][-2:] == ["More", "Half"]


def test_opening_the_open_chat_changes_nothing(ready: Rig) -> None:
    chat, chat_id = ready.program.models.chat, talk(ready, "Hello")
    opened: list[str] = []
    chat.opened.connect(lambda: opened.append(chat.chat.id))
    chat.drafts.write("Half a thought")
    list_of(ready).open(chat_id)
    ready.settle()
    assert chat.chat.draft == "Half a thought"
    chat.send("And now?")
    list_of(ready).open(chat_id)
    ready.settle()
    assert chat.writing
    assert opened == []  # nothing was read from the store, where an older state may be
    list_of(ready).new()
    assert opened != []


def test_a_title_reaches_list_store_and_window(ready: Rig) -> None:
    chat_id = talk(ready, "Hello")
    rows = list_of(ready).rows
    assert rows.setData(rows.index(1), "  A better\nname ", Qt.ItemDataRole.EditRole)
    assert titles(ready) == ["Today", "A better name"]
    assert ready.program.window.windowTitle().startswith("A better name")
    stored = ready.stored(chat_id)
    assert stored is not None
    assert stored.title == "A better name"
    ready.program.models.chat.send("And now?")
    assert titles(ready)[1] == "A better name"
    for unchanged in ("", " \n", "A better name"):
        assert not rows.setData(rows.index(1), unchanged, Qt.ItemDataRole.EditRole)
    assert not rows.setData(rows.index(0), "Heading", Qt.ItemDataRole.EditRole)


def test_pinned_chats_come_first_under_their_own_heading(ready: Rig) -> None:
    first = talk(ready, "First")
    talk(ready, "Second")
    list_of(ready).pin(first, pinned=True)
    ready.settle()
    assert titles(ready) == ["Pinned", "First", "Today", "Second"]
    list_of(ready).pin(first, pinned=False)
    ready.settle()
    assert titles(ready) == ["Today", "Second", "First"]


def test_deleting_is_undone(ready: Rig) -> None:
    first = talk(ready, "First")
    second = talk(ready, "Second")
    undo, chat = ready.program.models.undo, ready.program.models.chat
    list_of(ready).delete(first)
    ready.settle()
    assert chat.chat.id == second
    list_of(ready).delete(second)
    ready.settle()
    assert titles(ready) == []
    assert chat.blank
    assert undo.current is not None
    assert undo.current.text == "Chat deleted"
    undo.undo()
    ready.settle()
    assert titles(ready) == ["Today", "Second"]
    assert chat.chat.id == second
    assert [m.text for m in chat.messages.messages] == ["Second", "An answer."]
    undo.undo()
    ready.settle()
    assert titles(ready) == ["Today", "Second", "First"]
    assert chat.chat.id == second


def test_undoing_does_not_take_one_from_what_one_has_begun(ready: Rig) -> None:
    first = talk(ready, "First")
    list_of(ready).delete(first)
    ready.settle()
    second = talk(ready, "Second")
    ready.program.models.undo.undo()
    ready.settle()
    assert ready.program.models.chat.chat.id == second
    assert titles(ready) == ["Today", "Second", "First"]


def test_a_chat_deleted_in_mid_reply_stays_deleted_and_whole(ready: Rig) -> None:
    chat = ready.program.models.chat
    chat.send("Hello")
    chat_id, reply = chat.chat.id, ready.request().id
    ready.say(round_of(reply, 0, ["Half"]))
    list_of(ready).delete(chat_id)
    ready.settle()
    ready.say(round_of(reply, 1, [" more"]))
    ready.finish()
    assert titles(ready) == []
    ready.program.models.undo.undo()
    ready.settle()
    assert [m.text for m in chat.messages.messages] == ["Hello", "Half"]


def test_a_disk_that_refuses_to_delete_offers_no_undo_until_it_has(
    ready: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat_id = talk(ready, "Hello")

    def refuse(_store: ChatStore, _chat_id: str) -> None:
        raise sqlite3.OperationalError("disk full")

    with monkeypatch.context() as full:
        full.setattr(ChatStore, "delete_chat", refuse)
        list_of(ready).delete(chat_id)
        ready.settle()
        assert ready.program.models.undo.current is None
        assert titles(ready) == ["Today", "Hello"]
        assert "disk full" in banner(ready)
    assert titles(ready) == []
    assert banner(ready) == ""
    assert ready.program.models.undo.current is not None


def test_a_search_waits_for_a_pause(qtbot: QtBot, ready: Rig) -> None:
    talk(ready, "Reverse a list")
    talk(ready, "Trip to Kyoto")
    chats = list_of(ready)
    for typed in ("k", "ky", " kyo "):
        chats.search(typed)
    assert len(titles(ready)) == 3
    qtbot.waitUntil(lambda: titles(ready) == ["Today", "Trip to Kyoto"])
    assert chats.searching
    chats.search("nothing like it")
    chats.search_now()
    ready.settle()
    assert titles(ready) == []
    assert chats.empty_text == "No chat contains “nothing like it”."
    chats.search("")
    assert len(titles(ready)) == 3
    assert not chats.searching


def test_no_row_moves_while_a_title_is_typed(ready: Rig) -> None:
    talk(ready, "First")
    chats = list_of(ready)
    chats.edit(going_on=True)
    talk(ready, "Second")
    assert titles(ready) == ["Today", "First"]
    chats.edit(going_on=False)
    assert titles(ready) == ["Today", "Second", "First"]


def test_another_window_is_noticed_while_this_one_is_in_use(
    qtbot: QtBot, ready: Rig, other: ChatStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat_id = talk(ready, "Hello")
    chats = list_of(ready)
    watch = next(t for t in chats.findChildren(QTimer) if t.interval() == LOOK_MS)
    watch.setInterval(20)
    chats.watch(active=True)
    other.rename(chat_id, "Renamed there")
    qtbot.waitUntil(lambda: titles(ready) == ["Today", "Renamed there"])
    assert ready.program.models.chat.chat.title == "Renamed there"
    chats.watch(active=False)
    assert not watch.isActive()
    other.rename(chat_id, "Renamed again")
    chats.look()
    ready.settle()
    assert titles(ready) == ["Today", "Renamed again"]
    chats.look()
    ready.settle()


def test_a_chat_deleted_elsewhere_cannot_be_opened(ready: Rig, other: ChatStore) -> None:
    first = talk(ready, "First")
    second = talk(ready, "Second")
    other.delete_chat(first)
    list_of(ready).open(first)
    ready.settle()
    assert "deleted in another window" in banner(ready)
    assert ready.program.models.chat.chat.id == second
    assert titles(ready) == ["Today", "Second"]


def test_a_file_that_cannot_be_read_is_said(ready: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    first = talk(ready, "First")
    talk(ready, "Second")

    def refuse(*_arguments: object) -> None:
        raise sqlite3.DatabaseError("disk image is malformed")

    monkeypatch.setattr(ChatStore, "load", refuse)
    monkeypatch.setattr(ChatStore, "chats", refuse)
    list_of(ready).open(first)
    ready.settle()
    list_of(ready).refresh()
    assert "malformed" in banner(ready)
    assert titles(ready) == ["Today", "Second", "First"]


def test_a_new_day_is_a_new_heading(ready: Rig) -> None:
    talk(ready, "Hello")
    program, days = ready.program, [date.today()]  # noqa: DTZ011  (the user's own days)
    models, saver = program.models, Saver(program.store)
    chats = ChatListViewModel(
        program.store, saver, models.chat, models.undo, saver, today=lambda: days[-1]
    )
    ready.settle()
    assert chats.rows.index(0).data() == "Today"
    days.append(days[0] + timedelta(days=1))
    chats.look()
    ready.settle()
    assert chats.rows.index(0).data() == "Yesterday"


def test_months_are_named_in_the_users_language() -> None:
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.German))
    assert heading((2025, 3)) == "März 2025"
    QLocale.setDefault(before)


def test_headings_are_no_chats(ready: Rig) -> None:
    talk(ready, "Hello")
    rows = list_of(ready).rows
    assert rows.flags(rows.index(0)) == Qt.ItemFlag.NoItemFlags
    assert rows.index(0).data(CHAT_ROLE) is None
    assert rows.index(0).data(Qt.ItemDataRole.ToolTipRole) is None
    assert rows.chat_at(0) is rows.chat_at(9) is rows.chat_at(-1) is None
    assert rows.flags(rows.index(1)) & Qt.ItemFlag.ItemIsEditable
    assert rows.index(1).data(Qt.ItemDataRole.DecorationRole) is None
    assert rows.data(rows.index(7)) is None
    assert rows.rowCount(rows.index(1)) == 0


def test_pins_and_marks_are_told_to_those_who_listen(ready: Rig) -> None:
    chat_id = talk(ready, "Hello")
    rows = list_of(ready).rows
    role = Qt.ItemDataRole.AccessibleTextRole
    assert rows.index(1).data(role) == "Hello"
    list_of(ready).pin(chat_id, pinned=True)
    ready.settle()
    assert rows.index(1).data(role) == "Hello, pinned"
    assert rows.index(1).data(Qt.ItemDataRole.ToolTipRole) == "Hello"
    ready.program.models.chat.send("More")
    ready.settle()
    assert rows.index(1).data(role) == "Hello, pinned, a reply is being written"
    ready.program.models.chat.new_chat()
    ready.finish()
    ready.settle()
    assert rows.index(1).data(role) == "Hello, pinned, new reply"
    assert rows.index(1).data(Qt.ItemDataRole.ToolTipRole) == "Hello\nnew reply"


def test_where_only_words_change_no_row_moves(qtbot: QtBot, ready: Rig) -> None:
    chat_id = talk(ready, "Hello")
    rows: ChatListModel = list_of(ready).rows
    with qtbot.assertNotEmitted(rows.modelReset), qtbot.waitSignal(rows.dataChanged):
        list_of(ready).rename(chat_id, "Other")


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("a\n\n b\tc", "a b c"), ("x" * 10_000, "x" * 200), ("\u202e abc", "\u202e abc"), ("", "")],
)
def test_a_title_is_one_line_however_it_is_stored(stored: str, shown: str) -> None:
    assert one_line(stored) == shown


def test_a_chat_of_another_window_can_be_opened(ready: Rig, other: ChatStore) -> None:
    talk(ready, "Here")
    other.save_chat(Chat(id="there", title="There", created=0.0))
    other.save_message("there", ChatMessage(id="m", role="user", text="Hm"))
    list_of(ready).look()
    ready.settle()
    assert titles(ready) == ["Today", "There", "Here"]
    list_of(ready).open("there")
    ready.settle()
    assert ready.program.models.chat.messages.at(0).text == "Hm"
