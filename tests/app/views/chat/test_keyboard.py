"""Everything can be reached, and is named, without a mouse and without eyes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QAccessible, QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from app.domain.settings import MtpChoice, ThemeChoice
from app.viewmodels.chat.message_acts import Act
from app.views.chat.reply_view import ReplyView
from app.views.chat.user_view import UserView
from app.views.main_window import MainWindow
from app.views.palette import commands_of
from app.views.reports.reports_page import ReportsPage
from tests.app.conftest import Rig
from tests.app.test_theme_tokens import contrast
from tests.app.viewmodels.sidebar.test_chat_list import talk


def with_a_reply(rig: Rig) -> MainWindow:
    rig.program.models.chat.send("How do I reverse a list?")
    rig.write("Use `reversed`:\n\n```python\nreversed(items)\n```\n\nor [slices](https://a.org).")
    rig.finish()
    QApplication.processEvents()
    return rig.program.window


def can_have_focus(window: QWidget) -> Iterator[QWidget]:
    for widget in window.findChildren(QWidget):
        if (
            widget.isVisible()
            and widget.isEnabled()
            and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        ):
            yield widget


def _takes_part(widget: QWidget) -> bool:
    by_tab = Qt.FocusPolicy.TabFocus in widget.focusPolicy()
    return by_tab and widget.isVisible() and widget.isEnabled()


def spoken(widget: QWidget) -> str:
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)


def test_whatever_can_have_the_focus_has_a_name(ready: Rig) -> None:
    window = with_a_reply(ready)
    nameless = [
        f"{type(widget).__name__} {widget.objectName()}"
        for widget in can_have_focus(window)
        if not spoken(widget) and not isinstance(widget, QScrollArea)
    ]
    assert nameless == []


def test_tab_goes_round_the_whole_window(ready: Rig) -> None:
    window = with_a_reply(ready)
    window.activateWindow()
    start = QApplication.focusWidget() or ready.program.window.composer.text
    start.setFocus()
    met = [start]
    for _ in range(200):
        QTest.keyClick(window, Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        if now is None or now is start:
            break
        met.append(now)
    left_out = [
        f"{type(widget).__name__} {spoken(widget)}"
        for widget in can_have_focus(window)
        if widget not in met and not isinstance(widget, QScrollArea)
    ]
    assert left_out == []


def test_every_shortcut_is_in_the_menus_and_means_one_thing(ready: Rig) -> None:
    window = ready.program.window
    in_menus = {command.action for command in commands_of(window.menuBar())}
    with_keys = [a for a in window.findChildren(QAction) if not a.shortcut().isEmpty()]
    foreign = [a.text() for a in with_keys if a not in in_menus and a.parent() is window]
    assert foreign == []
    keys = Counter(
        shortcut.toString(QKeySequence.SequenceFormat.PortableText)
        for action in in_menus
        for shortcut in action.shortcuts()
    )
    assert [key for key, times in keys.items() if times > 1] == []
    assert {"Ctrl+N", "Ctrl+B", "Ctrl+K", "Ctrl+T", "Ctrl+D", "Ctrl+Shift+O"} <= set(keys)
    assert {f"Ctrl+{depth}" for depth in range(1, 9)} <= set(keys)


MACOS = {
    "Ctrl+,": "Reply settings…",
    "Ctrl+-": "Smaller text",
    "Ctrl++": "Larger text",
    "Ctrl+=": "Larger text",
    "Ctrl+0": "Actual size",
    "Ctrl+/": "Keyboard shortcuts",
    "Ctrl+?": "",
    "Ctrl+A": "Select all",
    "Ctrl+C": "Copy",
    "Ctrl+E": "",  # use the selection for the search
    "Ctrl+F": "Find in this chat…",
    "Ctrl+G": "Find next",
    "Ctrl+Shift+G": "Find previous",
    "Ctrl+H": "",  # hide the program
    "Ctrl+Alt+H": "",
    "Ctrl+I": "",
    "Ctrl+M": "Minimise",
    "Ctrl+Alt+M": "",
    "Ctrl+N": "New chat",
    "Ctrl+O": "",
    "Ctrl+P": "",
    "Ctrl+Shift+P": "",
    "Ctrl+Q": "Quit",
    "Ctrl+Alt+Q": "",
    "Ctrl+Shift+Q": "",  # log out
    "Ctrl+Alt+Shift+Q": "",
    "Ctrl+Meta+Q": "",  # lock the screen
    "Ctrl+S": "",
    "Ctrl+V": "Paste",
    "Ctrl+Alt+Shift+V": "",
    "Ctrl+W": "Close window",
    "Ctrl+Alt+W": "",
    "Ctrl+X": "Cut",
    "Ctrl+Z": "Undo",
    "Ctrl+Shift+Z": "Redo",
    "Ctrl+`": "",  # the program's next window
    "Ctrl+Shift+`": "",
    "Ctrl+Tab": "",
    "Ctrl+Shift+Tab": "",
    "Ctrl+Space": "",  # Spotlight
    "Ctrl+Alt+Space": "",
    "Ctrl+Meta+Space": "",  # emoji
    "Ctrl+Meta+F": "Full screen",
    "Ctrl+Meta+D": "",  # look up
    "Ctrl+Alt+D": "",  # the Dock
    "Ctrl+Alt+Esc": "",  # force quit
    "Ctrl+Shift+3": "",  # pictures of the screen
    "Ctrl+Shift+4": "",
    "Ctrl+Shift+5": "",
    "Ctrl+Shift+6": "",
    "Ctrl+Alt+5": "",  # accessibility
    "Ctrl+Alt+8": "",
    "Ctrl+Alt+=": "",
    "Ctrl+Alt+-": "",
    "Ctrl+Alt+\\": "",
    "Ctrl+Left": "",  # the ends of a line and of a text
    "Ctrl+Right": "",
    "Ctrl+Up": "",
    "Ctrl+Down": "",
    "F11": "Full screen",
}
"""Keys that macOS or its standard menus own, in Qt's words ("Ctrl" is Command, "Meta" is Control),
and the one command of ours that may have each; "" for none.

After support.apple.com/102650 and the Human Interface Guidelines' standard keyboard shortcuts.
"""


def test_no_shortcut_is_one_of_the_systems_with_another_meaning(ready: Rig) -> None:
    commands = commands_of(ready.program.window.menuBar())
    taken = {
        QKeySequence(key).toString(): (command.action.text(), MACOS[key])
        for command in commands
        for shortcut in command.action.shortcuts()
        for key in [shortcut.toString(QKeySequence.SequenceFormat.PortableText)]
        if key in MACOS
    }
    assert {key: names for key, names in taken.items() if names[0] != names[1]} == {}
    own = {key for key, name in MACOS.items() if name and not key.startswith("Ctrl+Meta+F")}
    assert own - set(taken) <= {"F11"}


def test_the_depth_is_chosen_from_the_keyboard(ready: Rig) -> None:
    window, mtp = ready.program.window, ready.program.models.mtp
    QTest.keyClick(window, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert mtp.wish == MtpChoice(depth=4)
    shifted = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, Qt.Key.Key_B, shifted)
    assert mtp.wish == MtpChoice(depth="auto")


def focus() -> QWidget | None:
    return QApplication.focusWidget()


def test_the_keyboard_stays_with_the_composer(qtbot: QtBot, ready: Rig) -> None:
    window = ready.program.window
    with qtbot.waitActive(window):
        window.activateWindow()
    suggestion = window.welcome.suggestions[0]
    suggestion.setFocus()
    QTest.keyClick(suggestion, Qt.Key.Key_Space)
    assert focus() is window.composer.text
    ready.write("An answer.")
    window.composer.stop.setFocus()
    ready.finish()
    QTest.mouseClick(window.composer.stop, Qt.MouseButton.LeftButton)
    assert focus() is window.composer.text
    question, reply = window.transcript.views[0], window.transcript.views[1]
    assert isinstance(question, UserView)
    assert isinstance(reply, ReplyView)
    question.edit()
    assert question.editor is not None
    question.editor.ask.setFocus()
    QTest.keyClick(question.editor.ask, Qt.Key.Key_Space)
    assert focus() is window.composer.text
    ready.write("Another answer.")
    ready.finish()
    QApplication.processEvents()
    again = window.transcript.views[-1]
    assert isinstance(again, ReplyView)
    button = again.footer.acts.buttons[Act.AGAIN]
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert focus() is window.composer.text
    ready.write("A third.")
    ready.finish()
    QTest.keyClicks(window.composer.text, "And")
    QTest.mouseClick(window.composer.send, Qt.MouseButton.LeftButton)
    assert focus() is window.composer.text


def test_the_start_of_a_benchmark_leaves_the_keyboard_somewhere(qtbot: QtBot, ready: Rig) -> None:
    window = ready.program.window
    with qtbot.waitActive(window):
        window.activateWindow()
    window.places.reports.show()
    page = window.findChildren(ReportsPage)[0]
    page.setup.start.setFocus()
    QTest.keyClick(page.setup.start, Qt.Key.Key_Space)
    assert focus() is page.progress.stop
    window.places.show_chat()
    assert focus() is window.composer.text


def test_versions_of_questions_are_turned_by_key(ready: Rig) -> None:
    chat, window = ready.program.models.chat, ready.program.window
    chat.send("One")
    ready.finish()
    chat.edit(chat.messages.at(0).id, "Two")
    ready.finish()
    control = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(window, Qt.Key.Key_BracketLeft, control)
    assert chat.messages.at(0).text == "One"
    QTest.keyClick(window, Qt.Key.Key_BracketLeft, control)
    assert chat.messages.at(0).text == "One"
    QTest.keyClick(window, Qt.Key.Key_BracketRight, control)
    assert chat.messages.at(0).text == "Two"
    chat.regenerate()
    ready.finish()
    QTest.keyClick(window, Qt.Key.Key_BracketLeft, control)  # the reply's come first
    assert chat.history.place(chat.chat.tip or "").position == 1
    assert chat.messages.at(0).text == "Two"


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_every_tab_stop_has_a_ring(qtbot: QtBot, ready: Rig, theme: ThemeChoice) -> None:
    """What changes when it gets the focus stands out from what is around it by 3 to 1."""
    ready.program.theme.choose(theme)
    window = with_a_reply(ready)
    talk(ready, "Another chat")
    ready.program.models.chats.open(ready.program.models.chats.rows.chats[1].id)
    ready.settle()
    window.resize(1280, 900)
    with qtbot.waitActive(window):
        window.activateWindow()
    window.find_words()
    QApplication.processEvents()
    in_chat = list(can_have_focus(window))
    unseen = [
        f"{type(widget).__name__} {widget.objectName()} {spoken(widget)}"
        for widget in in_chat
        if not has_ring(window, widget)
    ]
    window.places.reports.show()
    QApplication.processEvents()
    unseen += [
        f"{type(widget).__name__} {spoken(widget)}"
        for widget in can_have_focus(window)
        if widget not in in_chat and not has_ring(window, widget)
    ]
    ready.program.theme.choose("light")
    assert unseen == []


def has_ring(window: QWidget, widget: QWidget) -> bool:
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    QApplication.processEvents()
    area = QRect(widget.mapTo(window, QPoint(-6, -6)), widget.size() + QSize(12, 12))
    focused = window.grab(area).toImage()
    widget.clearFocus()
    QApplication.processEvents()
    plain = window.grab(area).toImage()
    changed = 0
    for y in range(focused.height()):
        for x in range(focused.width()):
            before, after = plain.pixelColor(x, y), focused.pixelColor(x, y)
            if before != after and contrast(before.name(), after.name()) >= 2.5:
                changed += 1
    return changed >= 12
