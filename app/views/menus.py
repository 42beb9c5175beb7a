"""The menu bar: every command of the window, in the menus of a Mac, and when it is possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from app import strings
from app.views.commands import (
    MODELS_KEYS,
    REPORTS_KEYS,
    SIDEBAR_KEYS,
    ChatCommands,
    MessageCommands,
    command,
    theme_group,
)
from app.views.common import fonts
from app.views.common.controls import Menu, with_keys
from app.views.editing import EditCommands

if TYPE_CHECKING:
    from app.views.main_window import MainWindow, ViewModels


class Menus(QObject):
    """`depths` are the choices of K, which the toolbar shares."""

    def __init__(self, window: MainWindow, models: ViewModels, depths: list[QAction]) -> None:
        super().__init__(window)
        self._window = window
        self._models = models
        self._depths = depths
        self.editing = EditCommands(models.undo, window)
        self.themes = theme_group(window, window.theme, window.choose_theme)
        self._chats = ChatCommands(models.chat, models.chats, window)
        self.messages = MessageCommands(models.chat, window.transcript, window)
        self._stop = command(window, strings.STOP_REPLY, models.chat.stop, "Esc")
        self.export = command(window, strings.EXPORT_CHAT, window.export_asked.emit, "Ctrl+Shift+X")
        self.report = command(window, strings.SAVE_REPORT, window.report_last, "Ctrl+Shift+S")
        self._side = _checkable(
            command(window, strings.SIDEBAR_TOGGLE, window.split.toggle, SIDEBAR_KEYS)
        )
        self._overlay = _checkable(
            command(window, strings.OVERLAY_TOGGLE, window.toggle_overlay, "Ctrl+Shift+O")
        )
        self.tokens = _checkable(
            command(window, strings.SHOW_TOKENS, self._toggle_tokens, "Ctrl+T")
        )
        self._mtp = _checkable(command(window, strings.MTP_ON, models.mtp.toggle, "Ctrl+B"))
        step = models.finding.step
        self._next_hit = command(window, strings.FIND_NEXT, lambda: step(1), "Ctrl+G")
        self._previous_hit = command(
            window, strings.FIND_PREVIOUS, lambda: step(-1), "Ctrl+Shift+G"
        )
        self.compare = command(window, strings.COMPARE, window.compare, "Ctrl+D")
        self._attach = command(
            window, strings.ATTACH, window.composer.ask_for_files, "Ctrl+Shift+A"
        )
        role = QAction.MenuRole.PreferencesRole
        self._settings = command(
            window, strings.REPLY_SETTINGS, window.edit_settings, "Ctrl+,", role
        )
        self._fill()
        self._tell_keys()
        models.finding.changed.connect(self._refresh_hits)
        self._refresh_hits()

    def refresh(self) -> None:
        """Disable what cannot be done now, and check what is on."""
        chat, window = self._models.chat, self._window
        self._stop.setEnabled(chat.writing)
        self.report.setEnabled(chat.last_reply is not None)
        self.export.setEnabled(len(chat.messages) > 0)
        self._side.setChecked(window.split.shown)
        self._mtp.setChecked(self._models.mtp.wish.on)
        self._overlay.setChecked(window.page.overlay_settings.shown)

    def _fill(self) -> None:
        self._fill_file()
        self._fill_edit()
        self._fill_view()
        self._fill_chat()
        self._fill_model()
        self._fill_window()
        self._fill_help()

    def _tell_keys(self) -> None:
        """Say in a button's tooltip which keys do the same."""
        toolbar, composer = self._window.toolbar, self._window.composer
        for button, help_text, action in (
            (toolbar.switch, strings.MTP_SWITCH_HELP, self._mtp),
            (toolbar.overlay, strings.OVERLAY_TOGGLE, self._overlay),
            (composer.attach, strings.ATTACH, self._attach),
            (composer.settings, strings.REPLY_SETTINGS, self._settings),
        ):
            button.setToolTip(with_keys(help_text, action.shortcut()))

    def _fill_file(self) -> None:
        window = self._window
        menu = self._add(strings.MENU_FILE)
        menu.addAction(self._chats.new)
        menu.addAction(self._attach)
        menu.addSeparator()
        menu.addActions([self.export, self.report])
        menu.addAction(command(window, strings.DELETED_LATELY, window.show_deleted))
        menu.addSeparator()
        menu.addAction(command(window, strings.BACK_UP, window.backup_asked.emit))
        menu.addAction(command(window, strings.RESTORE, window.restore_asked.emit))
        menu.addSeparator()
        menu.addAction(command(window, strings.CLOSE_WINDOW, window.close, "Ctrl+W"))
        role = QAction.MenuRole.QuitRole
        menu.addAction(command(window, strings.QUIT, window.close, "Ctrl+Q", role))

    def _fill_edit(self) -> None:
        window = self._window
        menu = self._add(strings.MENU_EDIT)
        self.editing.fill(menu)
        menu.addSeparator()
        menu.addAction(command(window, strings.FIND, window.find_words, "Ctrl+F"))
        menu.addActions([self._next_hit, self._previous_hit])
        menu.addAction(command(window, strings.SEARCH_CHATS, window.search_chats, "Ctrl+Shift+F"))

    def _fill_view(self) -> None:
        window = self._window
        menu = self._add(strings.MENU_VIEW)
        menu.addAction(command(window, strings.PALETTE_COMMAND, window.show_palette, "Ctrl+K"))
        menu.addActions([self._side, self._overlay, self.tokens])
        menu.addSeparator()
        self._fill_text_size(menu)
        themes = Menu(strings.MENU_THEME, window)
        themes.addActions(self.themes.actions())
        menu.addMenu(themes)

    def _fill_text_size(self, menu: QMenu) -> None:
        window = self._window

        def by(step: int) -> None:
            window.set_text_size(fonts.stepped(fonts.text_size(), step))

        larger = command(window, strings.LARGER_TEXT, lambda: by(1))
        larger.setShortcuts([QKeySequence("Ctrl++"), QKeySequence("Ctrl+=")])
        menu.addAction(larger)
        menu.addAction(command(window, strings.SMALLER_TEXT, lambda: by(-1), "Ctrl+-"))
        usual = command(window, strings.USUAL_TEXT, lambda: window.set_text_size(1.0), "Ctrl+0")
        menu.addAction(usual)
        menu.addSeparator()

    def _fill_chat(self) -> None:
        window = self._window
        menu = self._add(strings.MENU_CHAT)
        menu.addAction(command(window, strings.FOCUS_MESSAGE, window.composer.write, "Ctrl+L"))
        menu.addAction(self._stop)
        self.messages.fill(menu)
        menu.addSeparator()
        self._chats.fill(menu)
        menu.addSeparator()
        menu.addAction(self._settings)

    def _fill_model(self) -> None:
        window = self._window
        menu = self._add(strings.MENU_MODEL)
        menu.addAction(self._mtp)
        menu.addSeparator()
        menu.addActions(self._depths)
        menu.addSeparator()
        menu.addAction(self.compare)
        reports = window.places.reports.toggle
        menu.addAction(command(window, strings.REPORTS, reports, REPORTS_KEYS))
        menu.addSeparator()
        models = command(window, strings.MODELS_MENU, window.places.models.toggle, MODELS_KEYS)
        menu.addAction(models)
        window.toolbar.chooser.lead_to([models])
        self._unload = command(window, strings.PAIR_UNLOAD, self._models.pairs.unload)
        menu.addAction(self._unload)
        menu.addAction(command(window, strings.RESTART, self._models.engine.restart))
        self._models.pairs.changed.connect(self._refresh_pair)
        self._refresh_pair()

    def _refresh_pair(self) -> None:
        self._unload.setEnabled(self._models.pairs.loaded is not None)

    def _fill_window(self) -> None:
        window = self._window
        menu = self._add(strings.MENU_WINDOW)
        menu.addAction(command(window, strings.MINIMIZE, window.showMinimized, "Ctrl+M"))
        menu.addAction(command(window, strings.ZOOM_WINDOW, window.zoom))
        full = command(window, strings.FULL_SCREEN, window.toggle_full_screen)
        full.setShortcut(QKeySequence(QKeySequence.StandardKey.FullScreen))
        menu.addAction(full)

    def _fill_help(self) -> None:
        window = self._window
        menu = self._add(strings.MENU_HELP)
        menu.addAction(command(window, strings.SHORTCUTS, window.show_shortcuts, "Ctrl+/"))
        role = QAction.MenuRole.AboutRole
        menu.addAction(command(window, strings.ABOUT, window.about_asked.emit, role=role))

    def _refresh_hits(self) -> None:
        for action in (self._next_hit, self._previous_hit):
            action.setEnabled(bool(self._models.finding.hits))

    def _add(self, title: str) -> QMenu:
        menu = Menu(title, self._window)
        self._window.menuBar().addMenu(menu)
        return menu

    def _toggle_tokens(self) -> None:
        self._window.transcript.set_token_view(shown=self.tokens.isChecked())


def _checkable(action: QAction) -> QAction:
    action.setCheckable(True)
    return action
