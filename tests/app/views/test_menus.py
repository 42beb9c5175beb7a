"""The menus as a Mac shows them."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from tests.app.conftest import Rig

Role = QAction.MenuRole


def entries(actions: list[QAction]) -> Iterator[QAction]:
    """Every entry below `actions`, menus themselves among them."""
    for action in actions:
        if not action.isSeparator():
            yield action
        menu = action.menu()
        if isinstance(menu, QMenu):
            yield from entries(menu.actions())


def test_qt_guesses_no_place_of_a_command(ready: Rig) -> None:
    """Qt on a Mac moves what begins with "Settings" or "About" to the program's own menu."""
    window = ready.program.window
    shown = [window.menuBar(), *window.findChildren(QMenu)]
    known = {entry for menu in shown for entry in entries(menu.actions())}
    guessed = [
        action.text()
        for action in known
        if action.text() and action.menuRole() is Role.TextHeuristicRole
    ]
    assert guessed == []
    assert len(known) > 60


def test_the_programs_own_menu_has_what_a_mac_puts_there(ready: Rig) -> None:
    moved = {
        action.menuRole(): (action.text(), action.shortcut())
        for action in entries(ready.program.window.menuBar().actions())
        if action.menuRole() is not Role.NoRole
    }
    assert moved == {
        Role.AboutRole: ("About MTP MLX", QKeySequence()),
        Role.PreferencesRole: ("Reply settings…", QKeySequence("Ctrl+,")),
        Role.QuitRole: ("Quit", QKeySequence("Ctrl+Q")),
    }
