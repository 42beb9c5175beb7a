"""The composition root: builds the program's objects and connects them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject
from PySide6.QtGui import QCloseEvent

from app.domain.settings import Settings, ThemeChoice
from app.engine.engine import Engine
from app.engine.worker import Watch, Worker
from app.exports import Exports, model_name
from app.services import log
from app.services.backup import suggested_name
from app.services.chat_export import CHATS_FORMATS, Look
from app.services.data_folder import (
    BaselineStore,
    DataFolder,
    Kept,
    SettingsStore,
    open_folder,
)
from app.services.model_tool import ModelTool
from app.services.program_version import version_text
from app.services.report_files import ReportFiles
from app.services.store_thread import CLOSE_S, StoreThread
from app.session import Session, guarded
from app.view_models import Services, make_models
from app.viewmodels.chat.footer import footer
from app.viewmodels.chat.history import Removed, removed_text
from app.viewmodels.chat.saving import Saver
from app.viewmodels.models.switching import first_pair
from app.viewmodels.overlay.plain_speed import PlainSpeed
from app.viewmodels.settings.backups import BackupsViewModel
from app.views.common import fonts
from app.views.common.save_dialog import (
    ask_backup,
    ask_backup_path,
    ask_chats_path,
    ask_unsaved,
    may_restore,
    say_done,
    say_not_saved,
)
from app.views.common.theme import ThemeController
from app.views.main_window import MainWindow
from app.views.quitting import ask_to_quit, running
from mtp_mlx.paths import resources
from mtp_mlx.report import saving

_LAST_CHAT_S = 0.3  # seconds that showing the window may wait for the last chat to be read
_EXPORT_S = 60.0  # seconds that quitting waits for a file in another place
_GIVEN_UP_S = 0.1  # seconds for what the user does not want to wait for

_log = logging.getLogger(__name__)


class Program(QObject):
    """Everything that lives as long as the window. `close` may be called twice."""

    def __init__(
        self,
        worker: Worker,
        data: Path,
        theme: ThemeChoice | None = None,
        clock: Callable[[], float] = time.monotonic,
        tool: ModelTool | None = None,
    ) -> None:
        """Without a `tool` there are no models but those that were loaded before."""
        super().__init__()
        self._tool = tool or ModelTool(self)
        self._open = True
        self.store = open_folder(data, self)
        kept = self._read_kept()
        self.settings = SettingsStore(self.store, kept.settings)
        settings = kept.settings
        self.theme = ThemeController(resources() / "themes", theme or settings.theme, self)
        self._theme_forced = theme is not None
        self._fetch_alone = False  # downloads go on without this window
        self._data = data
        self._worker = worker
        self._clock = clock
        first = first_pair(self.settings).load()
        self.engine = Engine(worker, first, clock=clock, parent=self)
        self._watch = Watch(worker, clock, parent=self)
        self._saver = Saver(self.store, parent=self)
        speeds = BaselineStore(self.store, kept.speeds)
        self._plain = PlainSpeed(speeds, parent=self)
        # A thread of its own: rendering a PDF, or a slow disk of the user's, must not delay the
        # chats, which are saved each second.
        self.files = StoreThread("files", lambda: ReportFiles(data / "reports"), parent=self)
        services = Services(
            engine=self.engine,
            store=self.store,
            files=self.files,
            settings=self.settings,
            saver=self._saver,
            plain=self._plain,
            tool=self._tool,
            clock=clock,
        )
        self.models = make_models(services, data / "reports", self)
        self.backups = BackupsViewModel(self.store, self.settings, speeds, self.models.chat, self)
        self.theme.apply()
        self.window = self._make_window(settings)
        self._exports = Exports(
            self.window, self.models, self.theme, self.settings, self.files, self
        )
        self.session = Session(
            self.store,
            self._saver,
            self.settings,
            self.models,
            defects=data / log.NAME,
            reopening=kept.alone,  # beside another window: the last chat is open there
            parent=self,
        )
        self._connect()
        self.models.chat.remember_settings(settings.reply)
        self.session.begin()
        if kept.alone:  # another window may be fetching it just now
            self.models.models.fetching.read()
        self.models.models.work.trying.read()
        if kept.notice:
            self.models.engine.say(kept.notice, "kept")

    def start(self) -> None:
        """Show the window, then start the engine, which takes longer.

        The interface thread waits a moment for the last chat, so that no other page flashes up.
        """
        with guarded() as errors:
            self.store.wait(_LAST_CHAT_S)
        self.session.start_anew(errors)
        self.window.places.show_page(self.settings.current.page)
        self.window.show()
        self.engine.start()

    def close(self, saving_s: float = CLOSE_S) -> None:
        """End everything; what is not saved has so many seconds."""
        if not self._open:
            return
        self._open = False
        self.session.end()
        self._save_settings()
        self.models.models.work.trying.stop()
        self.models.models.fetching.close(goes_on=self._fetch_alone)
        self._tool.close()
        self.engine.close()
        self.files.close()
        self.store.close(saving_s)

    def _make_window(self, settings: Settings) -> MainWindow:
        """Settings that no window can be made of give way to the defaults."""
        made: list[MainWindow] = []
        with guarded() as errors:
            made.append(MainWindow(self.models, self.theme, settings))
        for error in errors:
            _log.critical("no window could be made of the settings", exc_info=error)
        return made[0] if made else MainWindow(self.models, self.theme, Settings())

    def _connect(self) -> None:
        self._worker.noise.connect(self.models.engine.show_garbled)
        self._watch.silent.connect(self.models.engine.show_silence)
        self.store.refused.connect(self.models.engine.show_unwritten)
        self.store.caught_up.connect(self.models.engine.show_written)
        self.models.chat.branches.removed.connect(self._offer_undo)
        self.window.settings_changed.connect(self._save_settings)
        self.models.chat.opened.connect(self._save_settings)  # after a crash this chat is reopened
        self.models.chat.reply_started.connect(self._save_settings)
        self.window.active_changed.connect(self._on_active)
        self.window.closing.connect(self._on_closing)
        self.window.about_asked.connect(self._show_about)
        self.window.backup_asked.connect(self._back_up)
        self.window.restore_asked.connect(self._restore)
        self.backups.checked.connect(self._on_backup_checked)
        self.backups.restored.connect(self._on_restored)
        self.backups.done.connect(lambda text: say_done(self.window, text))
        self.backups.failed.connect(self._say_not_saved)

    def _on_active(self, active: bool) -> None:
        """Watch for other windows while this one is active; Qt reports that of a closed one too."""
        self.models.chats.watch(active=active and self._open)

    def _read_kept(self) -> Kept:
        """Return the settings and plain speeds; the defaults where the disk takes seconds.

        The interface thread waits here, once and before there is a window: a window that was
        built first would change its theme, place and size before the user's eyes. The store
        thread reads two small files meanwhile.
        """
        kept: list[Kept] = []
        answer = self.store.run(DataFolder.read_kept, self)
        answer.then(kept.append).failed(lambda _error: None)
        with guarded() as errors:
            self.store.wait()
        for error in errors:
            _log.critical("the settings could not be read", exc_info=error)
        return kept[0] if kept else Kept(settings=Settings(), speeds={}, alone=False)

    def leave(self) -> bool:
        """Close, unless something runs or is not saved and the user would rather stay."""
        if self._open:
            if ends := running(self.models):
                asked = ask_to_quit(self.window, ends)
                if asked == "stay":
                    return False
                self._fetch_alone = asked == "go on"
            self.session.end()
            self._save_settings()
            while not self.session.saved():
                chats = bool(self._saver.unwritten_chats)
                choice = ask_unsaved(self.window, self.store.caught_up, chats=chats)
                if choice == "stay":
                    self.session.stay()
                    return False
                if choice == "quit" or (choice == "elsewhere" and self._save_elsewhere()):
                    self.close(_GIVEN_UP_S)
                    return True
        self.close()
        return True

    def _on_closing(self, event: QCloseEvent) -> None:
        if not self.leave():
            event.ignore()

    def _save_elsewhere(self) -> bool:
        """Write the chats that are not saved where the user wants; return whether it was done."""
        chats = self._saver.unwritten_chats
        if (path := ask_chats_path(self.window, Path.home())) is None:
            return False
        look = Look(style=self.theme.light.html(), numbers=footer, model=model_name)
        data = CHATS_FORMATS[path.suffix.lower()]
        done: list[None] = []
        answer = self.files.run(lambda _files: saving.write(data(chats, look), path), self)
        answer.then(done.append).failed(self._say_not_saved)
        return self.files.wait(_EXPORT_S) and bool(done)

    def _save_settings(self) -> None:
        chat = self.models.chat
        kept = self.settings.current
        self.settings.update(
            msgspec.structs.replace(
                kept,
                theme=kept.theme if self._theme_forced else self.theme.choice,
                text_size=fonts.text_size(),
                geometry=self.window.geometry_text(),
                page=self.window.places.page,
                overlay=self.window.page.overlay_settings,
                sidebar=self.window.split.settings,
                last_chat=kept.last_chat if self.session.reopening else chat.chat.id,
                welcomed=kept.welcomed or len(chat.messages) > 0,
                reply=chat.chat.settings,
            )
        )

    def _offer_undo(self, removed: Removed) -> None:
        restore = self.models.chat.branches.restore
        self.models.undo.offer(removed_text(removed), lambda: restore(removed))

    def _show_about(self) -> None:
        self.files.run(lambda _files: version_text(), self).then(self.window.show_about)

    def _back_up(self) -> None:
        if path := ask_backup_path(self.window, Path.home(), suggested_name()):
            self.backups.back_up(path)

    def _restore(self) -> None:
        if path := ask_backup(self.window, Path.home()):
            self.backups.check(path)

    def _on_backup_checked(self, path: Path, day: str) -> None:
        if may_restore(self.window, day):
            self._save_settings()  # as part of what is kept
            self.backups.restore(path, day)

    def _on_restored(self, settings: Settings) -> None:
        """Show what a start would show."""
        self.session.reopening = True  # first: until then the open chat is saved as the last one
        if not self._theme_forced:
            self.theme.choose(settings.theme)
        self.window.page.set_overlay(settings.overlay)
        self.models.presets.changed.emit()
        self.session.begin()
        self.models.chats.refresh()

    def _say_not_saved(self, error: Exception | str) -> None:
        say_not_saved(self.window, str(error))
