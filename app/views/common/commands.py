"""Every command, once: its words, its shortcut and what it asks. Menus and buttons share them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence

from app import strings
from app.domain.settings import Depth, MtpChoice, ThemeChoice
from app.viewmodels.common.mtp import MtpViewModel
from app.views.common.theme import ThemeController
from mtp_mlx.wire import MAX_DEPTH


def command(owner: QObject, text: str, run: Callable[[], object], shortcut: str = "") -> QAction:
    """`shortcut` in Qt's portable words: "Ctrl" is Command on a Mac."""
    action = QAction(text, owner)
    if shortcut:
        action.setShortcut(QKeySequence(shortcut))
    action.triggered.connect(lambda _checked=False: run())
    return action


def depth_group(owner: QObject, mtp: MtpViewModel) -> QActionGroup:
    """Auto and K 1 to 8; checked is what is wished for."""
    group = QActionGroup(owner)
    actions: dict[Depth, QAction] = {}
    for depth in ("auto", *range(1, MAX_DEPTH + 1)):
        action = group.addAction(_depth_text(depth))
        action.setCheckable(True)
        action.setShortcut(QKeySequence(f"Ctrl+{0 if depth == 'auto' else depth}"))
        action.triggered.connect(lambda _checked=False, depth=depth: mtp.choose(depth))
        actions[depth] = action

    def show(wish: MtpChoice) -> None:
        actions[wish.depth].setChecked(True)

    mtp.wish_changed.connect(show)
    show(mtp.wish)
    return group


def theme_group(
    owner: QObject, theme: ThemeController, choose: Callable[[ThemeChoice], None]
) -> QActionGroup:
    group = QActionGroup(owner)
    for choice in strings.THEMES:
        action = group.addAction(strings.THEMES[choice])
        action.setCheckable(True)
        action.setChecked(theme.choice == choice)
        action.triggered.connect(lambda _checked=False, choice=choice: choose(choice))
    return group


def _depth_text(depth: Depth) -> str:
    if depth == "auto":
        return strings.DEPTH_AUTO_LONG
    return strings.DEPTH_ONE_LONG if depth == 1 else strings.DEPTH_LONG.format(depth=depth)
