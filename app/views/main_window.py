"""The window: puts the views together and gives every command a menu and a shortcut."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QEvent, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from app import strings
from app.domain.settings import Settings, ThemeChoice
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.composing import ComposingViewModel
from app.viewmodels.chat.finding import Finding
from app.viewmodels.chat.rewriting import RewritingViewModel
from app.viewmodels.common.engine import EngineViewModel
from app.viewmodels.common.format import one_line
from app.viewmodels.common.mtp import MtpViewModel
from app.viewmodels.common.undo import Undo
from app.viewmodels.compare.compare import CompareViewModel
from app.viewmodels.models.models import ModelsViewModel
from app.viewmodels.models.switching import PairSwitching
from app.viewmodels.overlay.measuring import PlainMeasuring
from app.viewmodels.overlay.overlay import OverlayViewModel
from app.viewmodels.reports.opening import FileOpening
from app.viewmodels.reports.reports import ReportsViewModel
from app.viewmodels.settings.reply_settings import PresetsViewModel
from app.viewmodels.sidebar.chat_list import ChatListViewModel
from app.viewmodels.sidebar.recently_deleted import RecentlyDeleted
from app.views.chat.attached_files import FileDrop
from app.views.chat.composer import Composer
from app.views.chat.finding import FindBar, FoundMarks
from app.views.chat.left_out import LeftOut
from app.views.chat.text_size import set_text_size
from app.views.chat.transcript import Transcript
from app.views.chat.welcome import Welcome
from app.views.commands import depth_group
from app.views.common import fonts
from app.views.common.controls import RoundLists
from app.views.common.focus_ring import FocusRing
from app.views.common.theme import ThemeController
from app.views.compare.compare_view import CompareDialog
from app.views.dock import Badge
from app.views.help import AboutDialog, ShortcutsDialog
from app.views.menus import Menus
from app.views.models.offers import FetchOffer, ModelQuestions, PairOffer, TooBigOffer
from app.views.notices import Announcer, BannerView, Toast
from app.views.overlay.overlay_view import OverlayView
from app.views.page import Page, Places
from app.views.palette import Palette, commands_of
from app.views.settings.reply_settings import Model, ReplySettingsDialog
from app.views.sidebar.recently_deleted import RecentlyDeletedDialog
from app.views.sidebar.sidebar import Sidebar
from app.views.sidebar.split import SideSplit, sidebar_button
from app.views.tokens.details import Details
from app.views.toolbar import Toolbar
from mtp_mlx.api import Sampling

_SIZE = (1280, 800)
_LEAST = (640, 440)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewModels:
    engine: EngineViewModel
    pairs: PairSwitching
    models: ModelsViewModel
    chat: ChatViewModel
    finding: Finding
    composing: ComposingViewModel
    rewriting: RewritingViewModel
    presets: PresetsViewModel
    mtp: MtpViewModel
    overlay: OverlayViewModel
    measuring: PlainMeasuring
    chats: ChatListViewModel
    deleted: RecentlyDeleted
    undo: Undo
    compare: CompareViewModel
    reports: ReportsViewModel
    opening: FileOpening


class MainWindow(QMainWindow):
    about_asked = Signal()
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
        self.theme = theme
        self.setWindowTitle(strings.APP_NAME)
        self.setMinimumSize(*_LEAST)
        self.resize(*_SIZE)
        fonts.set_text_size(settings.text_size)
        self._depths = depth_group(self, models.mtp)
        self.toolbar = Toolbar(models.engine, models.pairs, models.mtp, self._depths, theme)
        self.banner = BannerView(models.engine, theme)
        self.transcript = Transcript(models.chat, theme)
        self.composer = Composer(models.chat, models.composing, models.pairs, theme)
        self.overlay = OverlayView(models.overlay, models.mtp, theme)
        self.welcome = Welcome(
            models.chat, models.engine, models.models, first=not settings.welcomed
        )
        self.page = Page(
            models.chat, self.welcome, self.banner, self.transcript, self.composer, self.overlay
        )
        self.find_bar = FindBar(models.finding, self.transcript, theme)
        self.found_marks = FoundMarks(models.finding, self.transcript, theme)
        self._left_out = LeftOut(models.chat, self.transcript, theme)
        self.page.put_above(self.find_bar)
        self.pair_offer = PairOffer(models.pairs)
        self.too_big_offer = TooBigOffer(models.pairs)
        self.fetch_offer = FetchOffer(models.models)
        for offer in (self.too_big_offer, self.pair_offer, self.fetch_offer):
            self.page.put_above(offer)
        self._questions = ModelQuestions(models.models, self)
        self.sidebar = Sidebar(models.chats, theme)
        self.places = Places(self.page, models.models, models.reports, models.undo, theme)
        self.places.export_asked.connect(self.open_report_asked)
        self.places.turned.connect(lambda away: self.sidebar.list.show_place(elsewhere=away))
        for place in (self.places.models, self.places.reports):
            self.sidebar.places.addWidget(place.button)
        self.sidebar_button = sidebar_button(theme)
        self.toast = Toast(models.undo, theme, self.composer)
        self._lay_out(settings)
        self._drop = FileDrop(self)
        self._ring = FocusRing(theme, self)
        self._lists = RoundLists(self)
        self._announcer = Announcer(models.chat, self)
        self._badge = Badge(models.chats, self)
        self.menus = Menus(self, models, self._depths.actions())
        self._connect()
        self.page.set_overlay(settings.overlay)
        if settings.geometry:
            self._restore(QByteArray.fromBase64(settings.geometry.encode("ascii")))
        self._refresh()

    def geometry_text(self) -> str:
        return bytes(self.saveGeometry().toBase64().data()).decode("ascii")

    def _restore(self, geometry: QByteArray) -> None:
        """Restore place and size; Qt moves what lies off its screen back onto it.

        It restores nothing of a screen of another width: then the window begins where the first
        one did, no larger than the screen that is there.
        """
        if not self.restoreGeometry(geometry):
            room = self.screen().availableGeometry()
            self.resize(self.size().boundedTo(room.size()))
            self.move(room.topLeft())

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
            self.theme,
            self,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: chat.set_settings(dialog.settings()))
        dialog.accepted.connect(self.settings_changed)
        dialog.open()

    def show_palette(self) -> None:
        Palette(commands_of(self.menuBar()), self.theme, self).open()

    def show_details(self, message_id: str) -> None:
        message = self._models.chat.message(message_id)
        if message is None or message.reply is None:
            return
        reply = message.reply
        details = Details(reply, self.theme, self)
        asked = self._models.chat.message(message.parent or "")
        prompt = "" if asked is None else asked.text
        details.save_asked.connect(
            lambda texts: self.report_asked.emit(reply, prompt if texts else None)
        )
        details.open()

    def measure(self) -> None:
        """Measure plain speed beside the last reply; with one that is too old, compare anew."""
        if not self._models.measuring.begin():
            self.compare()

    def compare(self) -> None:
        dialog = CompareDialog(self._models.compare, self.theme, self)
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

    def _connect(self) -> None:
        chat = self._models.chat
        chat.changed.connect(self._refresh)
        chat.opened.connect(self._refresh)
        chat.opened.connect(self.places.show_chat)
        chat.reply_started.connect(self.places.show_chat)
        self.places.currentChanged.connect(self._on_place)
        self.places.currentChanged.connect(self.settings_changed)
        self._models.opening.reported.connect(self._show_opened)
        self._models.chats.chosen.connect(self.places.show_chat)
        chat.reply_ended.connect(self._refresh)
        self._models.mtp.wish_changed.connect(self._refresh)
        self._models.mtp.wish_changed.connect(self.settings_changed)
        self.page.overlay_changed.connect(self._refresh)
        self.page.overlay_changed.connect(self.settings_changed)
        self._models.chats.hit_opened.connect(self._models.finding.show)
        self.sidebar.search.textChanged.connect(self._on_search)
        self.sidebar.new_asked.connect(chat.new_chat)
        self.sidebar_button.clicked.connect(self.split.toggle)
        self.split.changed.connect(self._refresh)
        self.split.changed.connect(self.settings_changed)
        self.toolbar.overlay.clicked.connect(self.toggle_overlay)
        self.overlay.measure_asked.connect(self.measure)
        self.composer.settings_asked.connect(self.edit_settings)
        self.transcript.info_asked.connect(self.show_details)
        self.transcript.editor_opened.connect(
            lambda message_id, editor: editor.follow(self._models.rewriting, message_id)
        )
        self.find_bar.closed.connect(self.composer.write)
        self.composer.text.edit_last_asked.connect(self.menus.messages.edit_last)
        self.composer.text.cancelled.connect(self.sidebar.search.clear)
        chat.opened.connect(self.find_bar.hide)
        self.transcript.focus_left.connect(self.composer.write)
        self.welcome.asked.connect(self._ask)
        self.welcome.models_asked.connect(self.places.models.show)
        self._models.overlay.numbers_changed.connect(self.transcript.show_wait)
        self._drop.dropped.connect(self._models.models.drop)
        self._models.models.attached.connect(self._models.composing.attach)
        self._models.models.said.connect(self._say_of_models)
        self._drop.hovering.connect(self.composer.show_drag)

    def _refresh(self) -> None:
        """Disable what cannot be done now, and show what is on."""
        chat = self._models.chat
        self.menus.refresh()
        self.sidebar_button.setChecked(self.split.shown)
        self.toolbar.overlay.setChecked(self.page.overlay_settings.shown)
        title = chat.chat.title or strings.UNTITLED
        named = len(chat.messages) > 0
        self.setWindowTitle(f"{title} — {strings.APP_NAME}" if named else strings.APP_NAME)
        self.toolbar.show_title(one_line(title) if named else "")

    def _on_search(self, words: str) -> None:
        """With the search its marks in the chat go; those of the bar stay."""
        if not words and not self.find_bar.isVisible():
            self._models.finding.clear()

    def _on_place(self) -> None:
        if not self.places.is_away:
            self.composer.write()

    def _show_opened(self) -> None:
        """Show the report that another program opened, over the other programs' windows."""
        self.places.reports.show()
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.raise_()
        self.activateWindow()

    def _say_of_models(self, words: str) -> None:
        """Say it above the conversation while the models' page is not shown, which says it else."""
        if not self.places.models.is_shown:
            self._models.engine.say(words)

    def _ask(self, question: str) -> None:
        """Ask what a suggestion says; the keyboard is the composer's before that one is gone."""
        self.composer.write()
        self._models.chat.send(question)

    # What the menus ask for

    def report_last(self) -> None:
        reply = self._models.chat.last_reply
        if reply is not None:
            self.report_asked.emit(reply, None)

    def toggle_overlay(self) -> None:
        self.page.show_overlay(shown=not self.page.overlay_settings.shown)

    def find_words(self) -> None:
        self.places.show_chat()
        self.find_bar.begin()

    def set_text_size(self, size: float) -> None:
        set_text_size(size, self.transcript, self.composer)
        self.settings_changed.emit()

    def search_chats(self) -> None:
        self.split.show_side(shown=True)
        self.sidebar.begin_search()

    def choose_theme(self, choice: ThemeChoice) -> None:
        self.theme.choose(choice)
        self.settings_changed.emit()

    def zoom(self) -> None:
        if self.isMaximized():
            self.showNormal()
        else:
            self.showMaximized()

    def toggle_full_screen(self) -> None:
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def show_deleted(self) -> None:
        dialog = RecentlyDeletedDialog(self._models.deleted, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def show_shortcuts(self) -> None:
        entries = [command.entry() for command in commands_of(self.menuBar())]
        dialog = ShortcutsDialog(entries, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def show_about(self, version: str) -> None:
        dialog = AboutDialog(version, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
