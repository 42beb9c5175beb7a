"""The window: puts the views together and gives every command a menu and a shortcut."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QEvent, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QMessageBox, QVBoxLayout, QWidget

from app import strings
from app.domain.conversation import ReplyRecord
from app.domain.settings import Settings, ThemeChoice
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.composing import ComposingViewModel
from app.viewmodels.common.engine import EngineViewModel
from app.viewmodels.common.mtp import MtpViewModel
from app.viewmodels.common.undo import Undo
from app.viewmodels.compare.compare import CompareViewModel
from app.viewmodels.overlay.overlay import OverlayViewModel
from app.viewmodels.reports.reports import ReportsViewModel
from app.viewmodels.settings.reply_settings import PresetsViewModel
from app.viewmodels.sidebar.chat_list import ChatListViewModel
from app.views.chat.attached_files import FileDrop
from app.views.chat.composer import Composer
from app.views.chat.transcript import Transcript
from app.views.chat.welcome import Welcome
from app.views.commands import (
    REPORTS_KEYS,
    SIDEBAR_KEYS,
    UNDO_KEYS,
    ChatCommands,
    MessageCommands,
    command,
    depth_group,
    theme_group,
)
from app.views.common.theme import ThemeController
from app.views.compare.compare_view import CompareDialog
from app.views.notices import Announcer, BannerView, Toast
from app.views.overlay.overlay_view import OverlayView
from app.views.page import Page, Places, SideSplit, sidebar_button
from app.views.palette import Palette, commands_of
from app.views.settings.reply_settings import Model, ReplySettingsDialog
from app.views.sidebar.sidebar import Sidebar
from app.views.tokens.details import Details
from app.views.toolbar import Toolbar
from mtp_mlx.api import Sampling

_SIZE = (1280, 800)
_LEAST = (640, 440)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewModels:
    engine: EngineViewModel
    chat: ChatViewModel
    composing: ComposingViewModel
    presets: PresetsViewModel
    mtp: MtpViewModel
    overlay: OverlayViewModel
    chats: ChatListViewModel
    undo: Undo
    compare: CompareViewModel
    reports: ReportsViewModel


class MainWindow(QMainWindow):
    report_asked = Signal(object, object)  # ReplyRecord, and its prompt if texts are wanted
    export_asked = Signal()
    comparison_report_asked = Signal(object)  # Comparison
    open_report_asked = Signal(bool)  # with prompts and replies
    backup_asked = Signal()
    restore_asked = Signal()
    settings_changed = Signal()
    active_changed = Signal(bool)
    closing = Signal(object)  # QCloseEvent, which may be ignored

    def __init__(self, models: ViewModels, theme: ThemeController, settings: Settings) -> None:
        super().__init__()
        self._models = models
        self._theme = theme
        self.setWindowTitle(strings.APP_NAME)
        self.setMinimumSize(*_LEAST)
        self.resize(*_SIZE)
        self._depths = depth_group(self, models.mtp)
        self.toolbar = Toolbar(models.engine, models.mtp, self._depths, theme)
        self.banner = BannerView(models.engine, theme)
        self.transcript = Transcript(models.chat, theme)
        self.composer = Composer(models.chat, models.composing, theme)
        self.overlay = OverlayView(models.overlay, models.mtp, theme)
        self.welcome = Welcome(models.chat, models.engine, first=not settings.welcomed)
        self.page = Page(
            models.chat, self.welcome, self.banner, self.transcript, self.composer, self.overlay
        )
        self.sidebar = Sidebar(models.chats, theme)
        self.places = Places(self.page, models.reports, models.undo, theme)
        self.places.export_asked.connect(self.open_report_asked)
        self.sidebar.places.addWidget(self.places.button)
        self.sidebar_button = sidebar_button(theme)
        self.toast = Toast(models.undo, theme, self.composer)
        self._lay_out(settings)
        self._drop = FileDrop(self)
        self._announcer = Announcer(models.chat, self)
        self._make_commands()
        self._make_menus()
        self._connect()
        self.page.set_overlay(settings.overlay)
        if settings.geometry:
            self.restoreGeometry(QByteArray.fromBase64(settings.geometry.encode("ascii")))
        self._refresh()

    def geometry_text(self) -> str:
        return bytes(self.saveGeometry().toBase64().data()).decode("ascii")

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self.closing.emit(event)
        if event.isAccepted():
            super().closeEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            self.active_changed.emit(self.isActiveWindow())

    def edit_settings(self) -> None:
        pair = self._models.engine.pair
        recommended = Sampling() if pair is None else pair.recommended
        chat = self._models.chat
        dialog = ReplySettingsDialog(
            chat.chat.settings,
            Model(recommended, None if pair is None else pair.context_length),
            self._models.presets,
            self._theme,
            self,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: chat.set_settings(dialog.settings()))
        dialog.accepted.connect(self.settings_changed)
        dialog.open()

    def show_palette(self) -> None:
        Palette(commands_of(self.menuBar()), self._theme, self).open()

    def show_details(self, message_id: str) -> None:
        message = self._models.chat.message(message_id)
        if message is None or message.reply is None:
            return
        reply = message.reply
        details = Details(reply, self._theme, self)
        asked = self._models.chat.message(message.parent or "")
        prompt = "" if asked is None else asked.text
        details.save_asked.connect(
            lambda texts: self.report_asked.emit(reply, prompt if texts else None)
        )
        details.open()

    def compare(self) -> None:
        dialog = CompareDialog(self._models.compare, self._theme, self)
        dialog.report_asked.connect(self.comparison_report_asked)
        dialog.show()

    def _lay_out(self, settings: Settings) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toolbar)
        column.addWidget(self.places, 1)
        self.split = SideSplit(self.sidebar, body, settings.sidebar)
        self.toolbar.lead_with(self.sidebar_button)
        self.setCentralWidget(self.split)
        self.composer.text.setFocus()

    def _make_commands(self) -> None:
        chat, mtp = self._models.chat, self._models.mtp
        self._export = command(self, strings.EXPORT_CHAT, self.export_asked.emit, "Ctrl+Shift+X")
        self._back_up = command(self, strings.BACK_UP, self.backup_asked.emit)
        self._restore = command(self, strings.RESTORE, self.restore_asked.emit)
        self._chats = ChatCommands(chat, self._models.chats, self)
        self._find = command(self, strings.SEARCH_CHATS, self._find_chat, "Ctrl+F")
        self._undo = command(self, strings.UNDO, self._models.undo.undo, UNDO_KEYS)
        self._side = command(self, strings.SIDEBAR_TOGGLE, self.split.toggle, SIDEBAR_KEYS)
        self._side.setCheckable(True)
        self._stop = command(self, strings.STOP_REPLY, chat.stop, "Esc")
        self._messages = MessageCommands(chat, self.transcript, self)
        self._attach = command(self, strings.ATTACH, self.composer.ask_for_files, "Ctrl+Shift+A")
        self._report = command(self, strings.SAVE_REPORT, self._report_last, "Ctrl+Shift+S")
        self._settings = command(self, strings.REPLY_SETTINGS, self.edit_settings, "Ctrl+,")
        self._write = command(self, strings.FOCUS_MESSAGE, self.composer.write, "Ctrl+L")
        self._mtp = command(self, strings.MTP_ON, mtp.toggle, "Ctrl+M")
        self._mtp.setCheckable(True)
        self._overlay = command(self, strings.OVERLAY_TOGGLE, self._toggle_overlay, "Ctrl+Shift+O")
        self._overlay.setCheckable(True)
        self._palette = command(self, strings.PALETTE_COMMAND, self.show_palette, "Ctrl+K")
        self.tokens_command = command(self, strings.SHOW_TOKENS, self._toggle_tokens, "Ctrl+T")
        self.tokens_command.setCheckable(True)
        self._compare = command(self, strings.COMPARE, self.compare, "Ctrl+D")
        self._reports = command(self, strings.REPORTS, self.places.toggle, REPORTS_KEYS)
        self._restart = command(self, strings.RESTART, self._models.engine.restart)
        self._quit = command(self, strings.QUIT, self.close, "Ctrl+Q")
        self._quit.setMenuRole(QAction.MenuRole.QuitRole)
        self._about = command(self, strings.ABOUT, self._show_about)
        self._about.setMenuRole(QAction.MenuRole.AboutRole)
        self._themes = theme_group(self, self._theme, self._choose_theme)

    def _make_menus(self) -> None:
        bar = self.menuBar()
        chat = bar.addMenu(strings.MENU_CHAT)
        chat.addActions([self._chats.new, self._find, self._write, self._attach, self._undo])
        chat.addSeparator()
        self._chats.fill(chat)
        chat.addSeparator()
        chat.addActions([self._export, self._report])
        chat.addSeparator()
        chat.addActions([self._back_up, self._restore])
        chat.addSeparator()
        chat.addAction(self._quit)
        reply = bar.addMenu(strings.MENU_REPLY)
        reply.addAction(self._stop)
        self._messages.fill(reply)
        reply.addSeparator()
        reply.addAction(self._settings)
        mtp = bar.addMenu(strings.MTP)
        mtp.addAction(self._mtp)
        mtp.addSeparator()
        mtp.addActions(self._depths.actions())
        mtp.addSeparator()
        mtp.addActions([self._compare, self._reports])
        view = bar.addMenu(strings.MENU_VIEW)
        view.addActions([self._palette, self._side, self._overlay, self.tokens_command])
        view.addSeparator()
        self._theme_menu = QMenu(strings.MENU_THEME, self)
        self._theme_menu.addActions(self._themes.actions())
        view.addMenu(self._theme_menu)
        engine = bar.addMenu(strings.MENU_ENGINE)
        engine.addAction(self._restart)
        about = bar.addMenu(strings.MENU_HELP)
        about.addAction(self._about)

    def _connect(self) -> None:
        chat = self._models.chat
        chat.changed.connect(self._refresh)
        chat.opened.connect(self._refresh)
        chat.opened.connect(self.places.show_chat)
        chat.reply_started.connect(self.places.show_chat)
        self._models.chats.chosen.connect(self.places.show_chat)
        chat.reply_ended.connect(self._refresh)
        self._models.mtp.wish_changed.connect(self._refresh)
        self._models.mtp.wish_changed.connect(self.settings_changed)
        self.page.overlay_changed.connect(self._refresh)
        self.page.overlay_changed.connect(self.settings_changed)
        self.sidebar.new_asked.connect(chat.new_chat)
        self.sidebar_button.clicked.connect(self.split.toggle)
        self.split.changed.connect(self._refresh)
        self.split.changed.connect(self.settings_changed)
        self._models.undo.changed.connect(self._refresh)
        self.toolbar.overlay.clicked.connect(self._toggle_overlay)
        self.composer.settings_asked.connect(self.edit_settings)
        self.transcript.info_asked.connect(self.show_details)
        self._models.overlay.numbers_changed.connect(self.transcript.show_wait)
        self._drop.dropped.connect(self._models.composing.attach)
        self._drop.hovering.connect(self.composer.show_drag)

    def _refresh(self) -> None:
        """Disable what cannot be done now, and check what is on."""
        chat = self._models.chat
        shown = self.page.overlay_settings.shown
        last = self._last_reply()
        self._stop.setEnabled(chat.writing)
        self._report.setEnabled(last is not None)
        self._export.setEnabled(len(chat.messages) > 0)
        self._undo.setEnabled(self._models.undo.current is not None)
        self._side.setChecked(self.split.shown)
        self.sidebar_button.setChecked(self.split.shown)
        self._mtp.setChecked(self._models.mtp.wish.on)
        self._overlay.setChecked(shown)
        self.toolbar.overlay.setChecked(shown)
        title = chat.chat.title or strings.UNTITLED
        named = len(chat.messages) > 0
        self.setWindowTitle(f"{title} — {strings.APP_NAME}" if named else strings.APP_NAME)

    def _last_reply(self) -> ReplyRecord | None:
        return self._models.chat.last_reply

    def _report_last(self) -> None:
        reply = self._last_reply()
        if reply is not None:
            self.report_asked.emit(reply, None)

    def _toggle_overlay(self) -> None:
        self.page.show_overlay(shown=not self.page.overlay_settings.shown)

    def _find_chat(self) -> None:
        self.split.show_side(shown=True)
        self.sidebar.begin_search()

    def _toggle_tokens(self) -> None:
        self.transcript.set_token_view(shown=self.tokens_command.isChecked())

    def _choose_theme(self, choice: ThemeChoice) -> None:
        self._theme.choose(choice)
        self.settings_changed.emit()

    def _show_about(self) -> None:
        QMessageBox.about(self, strings.ABOUT, strings.ABOUT_TEXT)
