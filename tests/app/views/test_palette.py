"""The command palette over the real window."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFrame, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from app import strings
from app.views import help as help_module
from app.views.help import AboutDialog, ShortcutsDialog
from app.views.palette import Palette, commands_of
from mtp_mlx.wire import Cancel
from tests.app.conftest import Rig
from tests.app.helpers import child


def opened(rig: Rig) -> Palette:
    rig.program.window.show_palette()
    return rig.program.window.findChildren(Palette)[-1]


def rows(palette: Palette) -> list[str]:
    return [palette.list.item(i).text() for i in range(palette.list.count())]


def test_every_command_of_the_menus_is_in_it(ready: Rig) -> None:
    window = ready.program.window
    listed = {command.action for command in commands_of(window.menuBar())}
    hung = {
        action
        for menu in window.findChildren(QMenu)
        for action in menu.actions()
        if not action.isSeparator() and action.menu() is None
    }
    assert listed == hung
    assert len(listed) > 20


def test_a_command_is_found_and_run_from_the_keyboard(ready: Rig) -> None:
    mtp = ready.program.models.mtp
    palette = opened(ready)
    QTest.keyClicks(palette.query, "k5")
    assert rows(palette)[0].startswith("K 5")
    QTest.keyClick(palette.query, Qt.Key.Key_Return)
    assert mtp.wish.depth == 5
    assert not palette.isVisible()


def test_arrows_choose_another(ready: Rig) -> None:
    mtp = ready.program.models.mtp
    palette = opened(ready)
    QTest.keyClicks(palette.query, "draft tokens a round")
    chosen = rows(palette)[2]
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        QTest.keyClick(palette.query, key)
    QTest.keyClick(palette.query, Qt.Key.Key_Enter)
    assert chosen.startswith(f"K {mtp.wish.depth}:")


def test_what_cannot_be_done_stays_undone(ready: Rig) -> None:
    palette = opened(ready)
    QTest.keyClicks(palette.query, "stop the reply")
    QTest.keyClick(palette.query, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_a_click_runs_a_command(ready: Rig) -> None:
    palette = opened(ready)
    QTest.keyClicks(palette.query, "overlay")
    place = palette.list.visualItemRect(palette.list.item(0)).center()
    shown = ready.program.window.page.overlay_settings.shown
    QTest.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert ready.program.window.page.overlay_settings.shown is not shown


def test_nothing_found_is_said(ready: Rig) -> None:
    palette = opened(ready)
    QTest.keyClicks(palette.query, "qqqq")
    assert rows(palette) == ["No command has this name"]
    QTest.keyClick(palette.query, Qt.Key.Key_Return)
    assert palette.isVisible()
    palette.close()


def test_escape_or_a_click_beside_it_closes_it(ready: Rig) -> None:
    window = ready.program.window
    window.composer.text.setFocus()
    palette = opened(ready)
    QTest.keyClick(palette.query, Qt.Key.Key_Escape)
    assert not palette.isVisible()
    another = opened(ready)
    QTest.mouseClick(another, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert not another.isVisible()


def test_escape_in_it_does_not_stop_the_reply(ready: Rig) -> None:
    ready.program.models.chat.send("Hello")
    palette = opened(ready)
    QTest.keyClick(palette.query, Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert not [c for c in ready.engine.sent if isinstance(c, Cancel)]


def test_it_opens_with_its_shortcut_and_is_read_aloud(ready: Rig) -> None:
    window = ready.program.window
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    (palette,) = window.findChildren(Palette)
    spoken = [
        palette.list.item(i).data(Qt.ItemDataRole.AccessibleTextRole)
        for i in range(palette.list.count())
    ]
    assert "Command palette…, View, Ctrl+K" in spoken


def test_it_keeps_its_place_when_the_window_changes_size(ready: Rig) -> None:
    palette = opened(ready)
    ready.program.window.resize(700, 500)
    assert palette.size() == ready.program.window.size()


def test_nothing_shines_through_it(ready: Rig) -> None:
    window = ready.program.window
    palette = opened(ready)
    frame = child(palette, QFrame, "popover").geometry()
    edge = frame.center().x(), frame.bottom() - 5
    assert window.grab().toImage().pixelColor(*edge) == ready.program.theme.current.color("surface")


def test_help_lists_every_key_and_says_which_program_this_is(qtbot: QtBot, ready: Rig) -> None:
    window = ready.program.window
    ready.action("Keyboard shortcuts").trigger()
    (listed,) = window.findChildren(ShortcutsDialog)
    keys = {entry.text: entry.shortcut for entry in listed.rows}
    assert keys["Multi-token prediction"] == "Ctrl+B"
    with_keys = [c for c in commands_of(window.menuBar()) if not c.action.shortcut().isEmpty()]
    assert len(keys) == len(with_keys)
    listed.close()
    ready.action("About MTP MLX").trigger()
    qtbot.waitUntil(lambda: bool(window.findChildren(AboutDialog)))
    (about,) = window.findChildren(AboutDialog)
    assert re.match(r"Version \d+\.\d+\.\d+(, commit [0-9a-f]{12})?", about.version.text())
    assert "Apache License" in about.licence.text()
    about.close()


def test_a_bundle_opens_the_licences_of_its_parts(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    addresses: list[str] = []
    monkeypatch.setattr(
        QDesktopServices, "openUrl", lambda url: addresses.append(url.toLocalFile())
    )
    elsewhere = AboutDialog("Version 1")
    qtbot.addWidget(elsewhere)
    assert _licences(elsewhere) == []
    monkeypatch.setattr(help_module, "licences", lambda: tmp_path / "licences.txt")
    about = AboutDialog("Version 1")
    qtbot.addWidget(about)
    (button,) = _licences(about)
    button.click()
    assert addresses == [str(tmp_path / "licences.txt")]


def _licences(about: AboutDialog) -> list[QPushButton]:
    buttons = about.findChildren(QPushButton)
    return [button for button in buttons if button.text() == strings.ABOUT_LICENCES]
