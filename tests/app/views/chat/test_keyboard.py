"""Everything can be reached, and is named, without a mouse and without eyes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from app.domain.settings import MtpChoice
from app.views.palette import commands_of
from tests.app.conftest import Rig


def with_a_reply(rig: Rig) -> QWidget:
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
    assert {"Ctrl+N", "Ctrl+F", "Ctrl+K", "Ctrl+M", "Ctrl+T", "Ctrl+D", "Ctrl+Shift+O"} <= set(keys)
    assert {f"Ctrl+{depth}" for depth in range(9)} <= set(keys)


def test_the_depth_is_chosen_from_the_keyboard(ready: Rig) -> None:
    window, mtp = ready.program.window, ready.program.models.mtp
    QTest.keyClick(window, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert mtp.wish == MtpChoice(depth=4)
    QTest.keyClick(window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert mtp.wish == MtpChoice(depth="auto")
