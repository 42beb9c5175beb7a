"""The window's commands: their words, keys and effects, shared by menus and buttons."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app import strings
from app.domain.conversation import ChatMessage
from app.domain.settings import Depth, MtpChoice, ThemeChoice
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.message_acts import VARIANTS, Act, copied, perform, row
from app.viewmodels.common.mtp import MtpViewModel
from app.viewmodels.sidebar.chat_list import ChatListViewModel
from app.views.chat.action_row import LABELS
from app.views.chat.transcript import Transcript
from app.views.common.controls import Menu
from app.views.common.theme import ThemeController
from mtp_mlx.api import MAX_DEPTH

AUTO_KEYS = "Ctrl+Shift+B"
NEW_CHAT_KEYS = "Ctrl+N"
UNDO_KEYS = "Ctrl+Z"
MODELS_KEYS = "Ctrl+Shift+M"
REPORTS_KEYS = "Ctrl+Shift+R"
SIDEBAR_KEYS = "Ctrl+\\"


ELSEWHERE = QAction.MenuRole.NoRole
"""The role of a command that stays in its menu: without one, Qt on a Mac goes by its words, and
moves what begins with "Settings", "Options" or "Quit" to the menu with the program's name."""


def command(
    owner: QObject,
    text: str,
    run: Callable[[], object],
    shortcut: str = "",
    role: QAction.MenuRole = ELSEWHERE,
) -> QAction:
    """Return an action of `owner`. `shortcut` is in Qt's words: "Ctrl" is Command on a Mac."""
    action = QAction(text, owner)
    action.setMenuRole(role)
    if shortcut:
        action.setShortcut(QKeySequence(shortcut))
    action.triggered.connect(lambda _checked=False: run())
    return action


def depth_group(owner: QObject, mtp: MtpViewModel) -> QActionGroup:
    """Return commands for Auto and K 1 to 8; the user's choice is checked."""
    group = QActionGroup(owner)
    actions: dict[Depth, QAction] = {}
    for depth in ("auto", *range(1, MAX_DEPTH + 1)):
        action = group.addAction(_depth_text(depth))
        action.setMenuRole(ELSEWHERE)
        action.setCheckable(True)
        action.setShortcut(QKeySequence(AUTO_KEYS if depth == "auto" else f"Ctrl+{depth}"))
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
        action.setMenuRole(ELSEWHERE)
        action.setCheckable(True)
        action.setChecked(theme.choice == choice)
        action.triggered.connect(lambda _checked=False, choice=choice: choose(choice))
    return group


def _depth_text(depth: Depth) -> str:
    if depth == "auto":
        return strings.DEPTH_AUTO_LONG
    return strings.DEPTH_ONE_LONG if depth == 1 else strings.DEPTH_LONG.format(depth=depth)


# Qt's names of Shift+[ and Shift+]. On keyboards with keys for the braces no Shift is needed.
_PREVIOUS, _NEXT = "Ctrl+{", "Ctrl+}"


class ChatCommands(QObject):
    """Commands that open chats."""

    def __init__(self, chat: ChatViewModel, chats: ChatListViewModel, window: QWidget) -> None:
        super().__init__(window)
        self._chat = chat
        self._chats = chats
        self.new = command(window, strings.NEW_CHAT, chat.new_chat, NEW_CHAT_KEYS)
        self._previous = command(window, strings.PREVIOUS_CHAT, lambda: chats.step(-1), _PREVIOUS)
        self._next = command(window, strings.NEXT_CHAT, lambda: chats.step(1), _NEXT)
        self._written = command(window, strings.SHOW_WRITING, chat.open_written, "Ctrl+J")
        for signal in (chat.changed, chats.changed):
            signal.connect(self.refresh)
        self.refresh()

    def fill(self, menu: QMenu) -> None:
        menu.addActions([self._previous, self._next, self._written])

    def refresh(self) -> None:
        """Disable what cannot be done now."""
        self.new.setEnabled(not self._chat.blank)
        self._previous.setEnabled(self._chats.neighbour(-1) is not None)
        self._next.setEnabled(self._chats.neighbour(1) is not None)
        self._written.setEnabled(self._chat.background.chat is not None)


class MessageCommands(QObject):
    """Commands on messages, from the menus and under each message; `run` carries them out."""

    def __init__(self, chat: ChatViewModel, transcript: Transcript, window: QWidget) -> None:
        super().__init__(window)
        self._chat = chat
        self._transcript = transcript
        self._window = window
        self._again_menu = Menu(strings.AGAIN_WITH, window)
        self._on_reply = {
            Act.AGAIN: self._for_reply(Act.AGAIN, strings.REGENERATE, "Ctrl+R"),
            Act.CONTINUE: self._for_reply(Act.CONTINUE, strings.CONTINUE, "Ctrl+Shift+E"),
            Act.COPY: self._for_reply(Act.COPY, strings.COPY_LAST, "Ctrl+Shift+C"),
            Act.COPY_PLAIN: self._for_reply(Act.COPY_PLAIN, strings.COPY_PLAIN, "Ctrl+Alt+C"),
            Act.DELETE: self._for_reply(Act.DELETE, strings.DELETE_LAST, "Ctrl+Shift+Backspace"),
        }
        for act in VARIANTS:
            if act is not Act.AGAIN:
                self._on_reply[act] = self._for_reply(act, LABELS[act])
                self._again_menu.addAction(self._on_reply[act])
        self._turns = {
            act: command(window, LABELS[act], partial(self._turn, act), keys)
            for act, keys in ((Act.PREVIOUS, "Ctrl+["), (Act.NEXT, "Ctrl+]"))
        }
        self._edit = command(window, strings.EDIT_LAST, self.edit_last, "Ctrl+Alt+E")
        transcript.acted.connect(self.run)
        for signal in (chat.changed, chat.opened, chat.reply_started):
            signal.connect(self.refresh)
        self.refresh()

    def fill(self, menu: QMenu) -> None:
        actions = self._on_reply
        menu.addAction(actions[Act.AGAIN])
        menu.addMenu(self._again_menu)
        menu.addActions([actions[Act.CONTINUE], self._edit])
        menu.addSeparator()
        menu.addActions(list(self._turns.values()))
        menu.addSeparator()
        menu.addActions([actions[Act.COPY], actions[Act.COPY_PLAIN], actions[Act.DELETE]])

    def run(self, message_id: str, act: str) -> None:
        message = self._chat.message(message_id)
        if message is None:
            return
        match Act(act):
            case Act.COPY | Act.COPY_PLAIN as copy:
                QGuiApplication.clipboard().setText(copied(copy, message))
            case Act.EDIT:
                self._transcript.edit(message_id)
            case other:
                perform(self._chat, other, message_id)

    def refresh(self) -> None:
        """Disable what cannot be done now."""
        reply, question = self._last("assistant"), self._last("user")
        possible = row(self._chat, reply).enabled if reply is not None else frozenset[Act]()
        for act, action in self._on_reply.items():
            action.setEnabled(act in possible)
        self._on_reply[Act.AGAIN].setEnabled(self._chat.can_regenerate)
        editable = question is not None and Act.EDIT in row(self._chat, question).enabled
        self._edit.setEnabled(editable)
        for act, action in self._turns.items():
            action.setEnabled(self._turned(act) is not None)

    def _for_reply(self, act: Act, text: str, shortcut: str = "") -> QAction:
        return command(self._window, text, lambda: self._run_last(act), shortcut)

    def _run_last(self, act: Act) -> None:
        reply = self._last("assistant")
        if act is Act.AGAIN:
            self._chat.regenerate()
        elif reply is not None:
            self.run(reply.id, act)

    def _turn(self, act: Act) -> None:
        message = self._turned(act)
        if message is None:
            return
        row = self._chat.messages.messages.index(message)
        self.run(message.id, act)
        other = self._chat.messages.at(row)
        view = self._transcript.bring(row, other.id)
        if view is not None:  # it may be far from where the reader is
            QTimer.singleShot(0, view, lambda: self._transcript.ensureWidgetVisible(view))

    def _turned(self, act: Act) -> ChatMessage | None:
        """Return the message that `act` gives another version: the lowest that has one."""
        rows = reversed(self._chat.messages.messages)
        return next((message for message in rows if self._can_turn(message, act)), None)

    def _can_turn(self, message: ChatMessage, act: Act) -> bool:
        place = self._chat.history.place(message.id)
        return place.count > 1 and act in row(self._chat, message).enabled

    def edit_last(self) -> None:
        question = self._last("user")
        if question is not None and self._edit.isEnabled():
            self.run(question.id, Act.EDIT)

    def _last(self, role: str) -> ChatMessage | None:
        rows = reversed(self._chat.messages.messages)
        return next((message for message in rows if message.role == role), None)
