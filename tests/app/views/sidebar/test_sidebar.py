"""The sidebar by mouse and by keyboard, in any size, with any title."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QColor, QContextMenuEvent, QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app import strings
from app.domain.conversation import ChatSummary
from app.domain.settings import SidebarSettings
from app.engine.scripted import ScriptedWorker
from app.program import Program
from app.viewmodels.sidebar.chat_list_model import CHAT_ROLE
from app.views.sidebar.chat_list_view import ChatListView
from app.views.sidebar.chat_row import OPEN, ChatDelegate, direction
from tests.app.conftest import Rig
from tests.app.test_theme_tokens import THEMES, contrast, tokens
from tests.app.viewmodels.sidebar.test_chat_list import talk, titles
from tests.app.views.test_window import actions

ALT = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def three(qtbot: QtBot, ready: Rig) -> Rig:
    """Three chats, the last one open."""
    for question in ("Reverse a list", "Trip to Kyoto", "Bake bread"):
        talk(ready, question)
    qtbot.waitUntil(ready.program.window.isActiveWindow)
    QApplication.processEvents()
    return ready


def view_of(rig: Rig) -> ChatListView:
    return rig.program.window.sidebar.list


def at(rig: Rig, title: str) -> int:
    return titles(rig).index(title)


def go_to(rig: Rig, title: str) -> None:
    view = view_of(rig)
    view.setFocus()
    view.setCurrentIndex(view.model().index(at(rig, title), 0))


def spot(rig: Rig, title: str, *, dots: bool = False) -> QPoint:
    view = view_of(rig)
    area = view.visualRect(view.model().index(at(rig, title), 0))
    delegate = view.itemDelegate()
    assert isinstance(delegate, ChatDelegate)
    return delegate.menu_area(area).center() if dots else area.center()


def here(rig: Rig) -> str:
    rig.settle()
    chat = view_of(rig).currentIndex().data(CHAT_ROLE)
    return (chat.title or "") if isinstance(chat, ChatSummary) else ""


def opened(rig: Rig) -> str:
    rig.settle()
    return rig.program.models.chat.chat.title or ""


def test_a_click_opens(three: Rig) -> None:
    QTest.mouseClick(
        view_of(three).viewport(),
        Qt.MouseButton.LeftButton,
        pos=spot(three, "Reverse a list"),
    )
    assert opened(three) == "Reverse a list"
    QTest.mouseClick(view_of(three).viewport(), Qt.MouseButton.LeftButton, pos=spot(three, "Today"))
    assert opened(three) == "Reverse a list"


def test_enter_opens_and_arrows_skip_headings(three: Rig) -> None:
    go_to(three, "Bake bread")
    view = view_of(three)
    QTest.keyClick(view, Qt.Key.Key_Up)
    assert here(three) == "Bake bread"
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert here(three) == "Trip to Kyoto"
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert opened(three) == "Trip to Kyoto"
    assert three.program.window.composer.text.hasFocus()


def test_keys_lead_through_the_list_from_anywhere(three: Rig) -> None:
    window, view = three.program.window, view_of(three)
    known = actions(three)
    assert not known["Previous chat"].isEnabled()
    go_to(three, "Reverse a list")
    window.composer.write()
    QTest.keyClick(window.composer.text, Qt.Key.Key_BraceRight, CTRL)
    assert opened(three) == here(three) == "Trip to Kyoto"
    assert known["Previous chat"].isEnabled()
    QTest.keyClick(window.composer.text, Qt.Key.Key_BraceRight, CTRL)
    assert opened(three) == "Reverse a list"
    assert not known["Next chat"].isEnabled()
    QTest.keyClick(window.composer.text, Qt.Key.Key_BraceLeft, CTRL)
    assert opened(three) == "Trip to Kyoto"
    assert window.composer.text.toPlainText() == ""
    assert view.currentIndex().row() == at(three, "Trip to Kyoto")
    three.program.models.chats.search("kyoto")
    three.program.models.chats.search_now()
    three.settle()
    assert not known["Previous chat"].isEnabled()


def test_a_new_chat_is_begun_from_one_that_is_begun(ready: Rig) -> None:
    new, text = actions(ready)["New chat"], ready.program.window.composer.text
    assert not new.isEnabled()
    QTest.keyClicks(text, "Half")
    assert new.isEnabled()
    text.clear()
    assert not new.isEnabled()


def test_the_open_chat_is_scrolled_into_view(ready: Rig) -> None:
    view, chats = view_of(ready), ready.program.models.chats
    for number in range(40):
        talk(ready, f"Chat {number}")

    def is_seen(title: str) -> bool:
        QApplication.processEvents()
        row = view.visualRect(view.model().index(at(ready, title), 0))
        return view.viewport().rect().contains(row)

    assert is_seen("Chat 39")
    assert not is_seen("Chat 0")
    chats.open(chats.rows.chats[-1].id)
    ready.settle()
    assert is_seen("Chat 0")
    talk(ready, "Chat 40")
    assert is_seen("Chat 40")


def test_f2_renames_in_place(qtbot: QtBot, three: Rig) -> None:
    go_to(three, "Trip to Kyoto")
    view = view_of(three)
    QTest.keyClick(view, Qt.Key.Key_F2)
    (editor,) = view.viewport().findChildren(QLineEdit)
    assert editor.text() == "Trip to Kyoto"
    editor.setText("Kyoto in spring")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: titles(three)[2] == "Kyoto in spring")
    assert titles(three) == ["Today", "Bake bread", "Kyoto in spring", "Reverse a list"]
    assert opened(three) == "Bake bread"


def test_escape_leaves_a_title_as_it_was(qtbot: QtBot, three: Rig) -> None:
    go_to(three, "Trip to Kyoto")
    view = view_of(three)
    QTest.keyClick(view, Qt.Key.Key_F2)
    (editor,) = view.viewport().findChildren(QLineEdit)
    editor.setText("Something else")
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert "Trip to Kyoto" in titles(three)
    talk(three, "A fourth")
    assert titles(three)[1] == "A fourth"


@pytest.mark.parametrize(("key", "held"), [(Qt.Key.Key_Delete, ALT), (Qt.Key.Key_Backspace, CTRL)])
def test_delete_deletes_and_the_toast_takes_it_back(
    three: Rig, key: Qt.Key, held: Qt.KeyboardModifier
) -> None:
    go_to(three, "Trip to Kyoto")
    toast = three.program.window.toast
    assert not toast.isVisible()
    QTest.keyClick(view_of(three), key, held)
    assert titles(three) == ["Today", "Bake bread", "Reverse a list"]
    assert here(three) == "Reverse a list"
    assert toast.isVisible()
    assert toast.text.text() == "Chat deleted"
    QTest.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    assert titles(three) == ["Today", "Bake bread", "Trip to Kyoto", "Reverse a list"]
    assert not toast.isVisible()


def test_backspace_alone_deletes_nothing(three: Rig) -> None:
    go_to(three, "Trip to Kyoto")
    QTest.keyClick(view_of(three), Qt.Key.Key_Backspace)
    assert "Trip to Kyoto" in titles(three)


@pytest.mark.parametrize("place", ["list", "composer", "search"])
def test_undo_works_from_wherever_the_keyboard_is(three: Rig, place: str) -> None:
    window = three.program.window
    focus: dict[str, QWidget] = {
        "list": view_of(three),
        "composer": window.composer.text,
        "search": window.sidebar.search,
    }
    go_to(three, "Trip to Kyoto")
    QTest.keyClick(view_of(three), Qt.Key.Key_Delete)
    three.settle()
    three.program.models.undo.forget()  # the toast has passed
    focus[place].setFocus()
    QTest.keyClick(focus[place], Qt.Key.Key_Z, CTRL)
    three.settle()
    assert "Trip to Kyoto" in titles(three)
    assert not three.action(strings.UNDO).isEnabled()


def test_undo_takes_the_later_of_a_deletion_and_what_was_typed(three: Rig) -> None:
    window = three.program.window
    text = window.composer.text
    text.setFocus()
    QTest.keyClicks(text, "Hello")
    three.program.models.chats.delete(three.program.models.chats.rows.chats[1].id)
    three.settle()
    gone = [title for title in ("Trip to Kyoto", "Reverse a list") if title not in titles(three)]
    QTest.keyClick(text, Qt.Key.Key_Z, CTRL)
    three.settle()
    assert len(gone) == 1
    assert gone[0] in titles(three)
    assert text.toPlainText() == "Hello"
    QTest.keyClick(text, Qt.Key.Key_Z, CTRL)
    assert text.toPlainText() == ""


def test_the_menu_does_what_it_says(three: Rig) -> None:
    view = view_of(three)
    go_to(three, "Reverse a list")

    def choose(name: str) -> None:
        chat = view.currentIndex().data(CHAT_ROLE)
        assert isinstance(chat, ChatSummary)
        actions = {action.text(): action for action in view.menu_of(chat).actions()}
        actions[name].trigger()

    choose("Pin")
    assert titles(three)[:2] == ["Pinned", "Reverse a list"]
    choose("Unpin")
    assert titles(three)[0] == "Today"
    choose("Open")
    assert opened(three) == "Reverse a list"
    choose("Rename")
    (editor,) = view.viewport().findChildren(QLineEdit)
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    choose("Delete")
    assert titles(three) == ["Today", "Bake bread", "Trip to Kyoto"]


@pytest.mark.qt_log_ignore("This plugin does not support grabbing", extend=True)
def test_the_menu_is_a_dot_a_right_click_and_a_key(qtbot: QtBot, three: Rig) -> None:
    view = view_of(three)

    def menu() -> list[str]:
        popup = QApplication.activePopupWidget()
        assert popup is not None
        names = [action.text() for action in popup.actions() if action.text()]
        popup.close()
        return names

    expected = ["Open", "Rename", "Pin", "Delete"]
    place = spot(three, "Trip to Kyoto", dots=True)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert menu() == expected
    assert opened(three) == "Bake bread"
    for reason, where in (
        (QContextMenuEvent.Reason.Mouse, place),
        (QContextMenuEvent.Reason.Keyboard, spot(three, "Today")),
    ):
        event = QContextMenuEvent(reason, where, view.viewport().mapToGlobal(where))
        QApplication.sendEvent(view.viewport(), event)
        assert menu() == expected


def test_search_by_keyboard_from_end_to_end(qtbot: QtBot, three: Rig) -> None:
    window, sidebar = three.program.window, three.program.window.sidebar
    QTest.keyClick(window, Qt.Key.Key_F, CTRL | SHIFT)
    assert sidebar.search.hasFocus()
    QTest.keyClicks(sidebar.search, "kyo")
    qtbot.waitUntil(lambda: titles(three) == ["Today", "Trip to Kyoto"])
    QTest.keyClick(sidebar.search, Qt.Key.Key_Down)
    assert sidebar.list.hasFocus()
    QTest.keyClick(window, Qt.Key.Key_F, CTRL | SHIFT)
    QTest.keyClick(sidebar.search, Qt.Key.Key_Return)
    assert opened(three) == "Trip to Kyoto"
    sidebar.search.setFocus()
    QTest.keyClick(sidebar.search, Qt.Key.Key_Escape)
    assert sidebar.search.text() == ""
    assert len(titles(three)) == 4
    QTest.keyClick(sidebar.search, Qt.Key.Key_Return)
    assert opened(three) == "Trip to Kyoto"


def test_enter_in_a_search_waits_for_no_pause(three: Rig) -> None:
    search = three.program.window.sidebar.search
    QTest.keyClicks(search, "rever")
    QTest.keyClick(search, Qt.Key.Key_Return)
    assert opened(three) == "Reverse a list"


def test_escape_in_a_search_stops_no_reply(three: Rig) -> None:
    sidebar, chat = three.program.window.sidebar, three.program.models.chat
    chat.send("Go on")
    sent = len(three.engine.sent)
    sidebar.search.setFocus()
    sidebar.search.setText("x")
    QTest.keyClick(sidebar.search, Qt.Key.Key_Escape)
    assert sidebar.search.text() == ""
    assert len(three.engine.sent) == sent
    QTest.keyClick(sidebar.search, Qt.Key.Key_Escape)
    assert len(three.engine.sent) == sent + 1


def test_nothing_found_is_said(three: Rig) -> None:
    sidebar = three.program.window.sidebar
    sidebar.search.setText("<b>zebra</b>")
    three.program.models.chats.search_now()
    three.settle()
    assert sidebar.note.isVisible()
    assert sidebar.note.text() == "No chat contains “<b>zebra</b>”."
    sidebar.search.actions()[-1].trigger()  # the cross at its end
    three.settle()
    assert sidebar.list.isVisible()


def test_a_snippet_makes_its_row_higher(three: Rig) -> None:
    view = view_of(three)
    before = view.visualRect(view.model().index(1, 0)).height()
    three.program.window.sidebar.search.setText("answer")
    three.program.models.chats.search_now()
    QApplication.processEvents()
    assert titles(three)[0] == "Today"
    assert view.visualRect(view.model().index(0, 0)).height() == before
    assert view.visualRect(view.model().index(1, 0)).height() > before


def test_rows_grow_with_the_font(three: Rig) -> None:
    view = view_of(three)
    before = view.visualRect(view.model().index(1, 0)).height()
    usual = QApplication.font()
    larger = QFont(usual)
    larger.setPointSizeF(usual.pointSizeF() * 2)
    QApplication.setFont(larger)
    view.doItemsLayout()
    assert view.visualRect(view.model().index(1, 0)).height() > before
    QApplication.setFont(usual)
    view.doItemsLayout()
    assert view.visualRect(view.model().index(1, 0)).height() == before


def test_new_chat_begins_one_to_write_in(three: Rig) -> None:
    window = three.program.window
    QTest.mouseClick(window.sidebar.new, Qt.MouseButton.LeftButton)
    assert three.program.models.chat.blank
    assert window.composer.text.hasFocus()


def test_the_composer_shows_the_draft_of_the_open_chat(three: Rig) -> None:
    window, chats = three.program.window, three.program.models.chats
    QTest.keyClicks(window.composer.text, "Half a thought")
    bread = three.program.models.chat.chat.id
    chats.new()
    assert window.composer.text.toPlainText() == ""
    chats.open(bread)
    three.settle()
    assert window.composer.text.toPlainText() == "Half a thought"
    assert window.composer.send.isEnabled()


def test_titles_of_all_kinds_are_drawn(three: Rig) -> None:
    """None of them breaks a line or the list; what it looks like is for a person to see."""
    view = view_of(three)
    heights = set()
    for title in ("two\nlines", "שלום לכולם, מה שלומכם היום", "👩🏽‍💻 🎉 emoji", "x" * 10_000):
        three.program.models.chats.rename(three.program.models.chat.chat.id, title)
        three.settle()
        view.grab()  # a warning of Qt's fails the test
        heights.add(view.visualRect(view.model().index(1, 0)).height())
    assert len(heights) == 1


@pytest.mark.parametrize(
    ("words", "right_to_left"),
    [("שלום a", True), ("12 مرحبا", True), ("🎉 Party שלום", False), ("日本", False), ("…", False)],
)
def test_a_title_begins_where_its_script_does(words: str, right_to_left: bool) -> None:
    assert (direction(words) == Qt.LayoutDirection.RightToLeft) is right_to_left


@pytest.mark.parametrize("theme", THEMES)
def test_words_are_legible_on_the_open_chat(theme: str) -> None:
    known = tokens(theme)
    ground, veil = QColor(known["surface_raised"]), QColor(known["text"])

    def mixed(channel: str) -> int:
        below: int = getattr(ground, channel)()
        above: int = getattr(veil, channel)()
        return round(below * (1 - OPEN) + above * OPEN)

    row = QColor(mixed("red"), mixed("green"), mixed("blue")).name()
    assert contrast(known["text"], row) >= 4.5
    assert contrast(known["text_muted"], row) >= 4.5


def test_the_sidebar_is_hidden_and_brought_back(three: Rig) -> None:
    window = three.program.window
    window.resize(1280, 800)
    QTest.keyClick(window, Qt.Key.Key_Backslash, CTRL)
    assert not window.sidebar.isVisible()
    assert not window.sidebar_button.isChecked()
    QTest.mouseClick(window.sidebar_button, Qt.MouseButton.LeftButton)
    assert window.sidebar.isVisible()
    window.split.toggle()
    QTest.keyClick(window, Qt.Key.Key_F, CTRL | SHIFT)
    assert window.sidebar.isVisible()
    assert window.sidebar.search.hasFocus()


def test_a_narrow_window_keeps_its_room_for_the_chat(three: Rig) -> None:
    window = three.program.window
    window.resize(700, 500)
    QApplication.processEvents()
    assert not window.sidebar.isVisible()
    assert window.split.settings.shown
    window.split.toggle()
    assert window.sidebar.isVisible()
    window.split.toggle()
    window.resize(1280, 800)
    QApplication.processEvents()
    assert window.sidebar.isVisible()


def test_its_width_is_remembered(qtbot: QtBot, tmp_path: Path) -> None:
    first = Program(ScriptedWorker(), tmp_path, "light")
    qtbot.addWidget(first.window)
    first.start()
    assert first.window.sidebar.width() == SidebarSettings().width
    first.window.split.setSizes([310, 970])
    with qtbot.waitSignal(first.window.split.changed):
        first.window.split.splitterMoved.emit(310, 1)
    assert first.settings.current.sidebar.width == 310
    first.window.split.toggle()
    first.window.close()
    second = Program(ScriptedWorker(), tmp_path, "light")
    qtbot.addWidget(second.window)
    second.start()
    assert not second.window.sidebar.isVisible()
    second.window.resize(1280, 800)
    second.window.split.toggle()
    QApplication.processEvents()
    assert second.window.sidebar.width() == 310
    second.close()


def test_the_commands_are_in_the_menus(three: Rig) -> None:
    texts = {action.text() for action in three.program.window.findChildren(QAction)}
    assert {"Search chats", "Sidebar", "Undo", "New chat"} <= texts
