"""The composition root: builds the program's objects and connects them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject

from app import strings
from app.domain.comparison import Comparison
from app.domain.conversation import Chat, EngineRecord, ReplyRecord
from app.domain.settings import Settings, ThemeChoice
from app.engine.engine import Engine
from app.engine.worker import Watch, Worker
from app.services.chat_export import CHAT_FORMATS, Look
from app.services.data_folder import (
    BaselineStore,
    DataFolder,
    Kept,
    SettingsStore,
    open_folder,
)
from app.services.report import comparison_report, reply_report
from app.services.report_files import ReportFiles
from app.services.store_thread import StoreThread
from app.viewmodels.chat.asking import Asking
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.composing import ComposingViewModel, TokenCounter
from app.viewmodels.chat.footer import footer
from app.viewmodels.chat.history import Removed, removed_text
from app.viewmodels.chat.saving import Saver
from app.viewmodels.common.engine import EngineViewModel
from app.viewmodels.common.mtp import MtpViewModel
from app.viewmodels.common.undo import Undo
from app.viewmodels.compare.compare import CompareViewModel
from app.viewmodels.overlay.overlay import OverlayViewModel
from app.viewmodels.overlay.plain_speed import PlainSpeed
from app.viewmodels.reports.reports import ReportsViewModel
from app.viewmodels.settings.reply_settings import PresetsViewModel
from app.viewmodels.sidebar.chat_list import ChatListViewModel
from app.views.common.save_dialog import ask_chat_path, ask_report_path, say_not_saved
from app.views.common.theme import ThemeController
from app.views.main_window import MainWindow, ViewModels
from mtp_mlx.paths import resources
from mtp_mlx.report import saving
from mtp_mlx.report.model import Report

_LAST_CHAT_S = 0.3  # seconds that showing the window may wait for the last chat to be read


class Program(QObject):
    """Everything that lives as long as the window. `close` may be called twice."""

    def __init__(
        self,
        worker: Worker,
        data: Path,
        theme: ThemeChoice | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._open = True
        self.store = open_folder(data, self)
        kept = self._read_kept()
        self.settings = SettingsStore(self.store, kept.settings)
        settings = kept.settings
        self.theme = ThemeController(resources() / "themes", theme or settings.theme, self)
        self._theme_forced = theme is not None
        self._worker = worker
        self._clock = clock
        self.engine = Engine(worker, clock=clock, parent=self)
        self._watch = Watch(worker, clock, parent=self)
        self._saver = Saver(self.store, parent=self)
        self._plain = PlainSpeed(BaselineStore(self.store, kept.speeds), parent=self)
        # A thread of its own: rendering a PDF, or a slow disk of the user's, must not delay the
        # chats, which are saved each second.
        self.files = StoreThread("files", lambda: ReportFiles(data / "reports"), parent=self)
        self.models = self._make_models(settings, data / "reports")
        self.theme.apply()
        self.window = MainWindow(self.models, self.theme, settings)
        self._reopening = kept.alone  # beside another window: the last chat is open there
        self._connect()
        self._reopen(settings)

    def start(self) -> None:
        """Show the window, then start the engine, which takes longer.

        The interface thread waits a moment for the last chat, so that no other page flashes up.
        """
        self.store.wait(_LAST_CHAT_S)
        self.window.show()
        self.engine.start()

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        self.models.chats.watch(active=False)
        self.models.chat.leave()
        self._save_settings()
        self.engine.close()
        self.files.close()
        self.store.close()

    def _make_models(self, settings: Settings, reports_folder: Path) -> ViewModels:
        mtp = MtpViewModel(self.engine, settings.reply.mtp, self)
        asking = Asking(self.engine, mtp, self._plain, self._clock)
        chat = ChatViewModel(asking, self._saver, self)
        overlay = OverlayViewModel(self.engine, chat, self._clock, self)
        compare = CompareViewModel(asking, chat, self)
        undo = Undo(parent=self)
        reports = ReportsViewModel(
            self.engine, self.files, reports_folder, undo, lambda: chat.obstacle, self
        )
        return ViewModels(
            engine=EngineViewModel(self.engine, self),
            chat=chat,
            composing=ComposingViewModel(chat, TokenCounter(self.engine, self), self.files, self),
            presets=PresetsViewModel(self.settings, self),
            mtp=mtp,
            overlay=overlay,
            compare=compare,
            reports=reports,
            chats=ChatListViewModel(self.store, self._saver, chat, undo, self),
            undo=undo,
        )

    def _connect(self) -> None:
        self._worker.noise.connect(self.models.engine.show_garbled)
        self._watch.silent.connect(self.models.engine.show_silence)
        self.models.chat.streaming.trouble.connect(self.models.engine.say)
        self.store.refused.connect(self.models.engine.show_unwritten)
        self.store.caught_up.connect(self.models.engine.show_written)
        self.models.chat.branches.removed.connect(self._offer_undo)
        self.models.chats.trouble.connect(self.models.engine.say)
        self.models.reports.not_saved.connect(lambda text: say_not_saved(self.window, text))
        self.window.settings_changed.connect(self._save_settings)
        self.models.chat.opened.connect(self._save_settings)  # after a crash this chat is reopened
        self.models.chat.reply_started.connect(self._save_settings)
        self.window.active_changed.connect(self._on_active)
        self.window.closing.connect(self.close)
        self.window.export_asked.connect(self._export_chat)
        self.window.report_asked.connect(self._save_report)
        self.window.comparison_report_asked.connect(self._save_comparison)
        self.window.open_report_asked.connect(self._export_open_report)

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
        self.store.run(DataFolder.read_kept, self).then(kept.append)
        return kept[0] if self.store.wait() else Kept(settings=Settings(), speeds={}, alone=False)

    def _reopen(self, settings: Settings) -> None:
        """Ask the store to open the chats and to read the last one."""
        self.models.chat.set_settings(settings.reply)
        self.store.run(DataFolder.open_chats, self).then(self._on_chats_opened)
        if self._reopening:
            last = settings.last_chat
            answer = self.store.run(lambda folder: _last_chat(folder, last), self)
            answer.then(self._on_last_chat).failed(self._on_unreadable)

    def _on_chats_opened(self, notice: str) -> None:
        if notice:
            self.models.engine.say(notice)

    def _on_last_chat(self, chat: Chat | None) -> None:
        """Open the last chat, unless the user has begun something meanwhile."""
        self._reopening = False
        if chat is not None and self._open and self.models.chat.blank:
            self.models.chat.open(chat)

    def _on_unreadable(self, error: Exception) -> None:
        self._reopening = False
        self.models.engine.say(strings.CHATS_UNREADABLE.format(reason=error))

    def _save_settings(self) -> None:
        chat = self.models.chat
        kept = self.settings.current
        self.settings.update(
            msgspec.structs.replace(
                kept,
                theme=kept.theme if self._theme_forced else self.theme.choice,
                geometry=self.window.geometry_text(),
                overlay=self.window.page.overlay_settings,
                sidebar=self.window.split.settings,
                last_chat=kept.last_chat if self._reopening else chat.chat.id,
                welcomed=kept.welcomed or len(chat.messages) > 0,
                reply=chat.chat.settings,
            )
        )

    def _offer_undo(self, removed: Removed) -> None:
        restore = self.models.chat.branches.restore
        self.models.undo.offer(removed_text(removed), lambda: restore(removed))

    def _save_report(self, reply: ReplyRecord, prompt: str | None) -> None:
        """Save a report of a reply, with prompt and text where the prompt is given."""
        texts = prompt is not None
        engine = _environment(reply.engine)
        self._save_to_file(
            lambda: reply_report(reply, reply.pair, engine, include_text=texts, prompt=prompt)
        )

    def _save_comparison(self, comparison: Comparison) -> None:
        engine = _environment(comparison.on.engine)
        self._save_to_file(lambda: comparison_report(comparison, engine))

    def _export_chat(self) -> None:
        chat = self.models.chat.chat
        path = ask_chat_path(self.window, Path.home(), chat.title or strings.UNTITLED)
        if path is None:
            return
        look = Look(style=self.theme.light.html(), numbers=footer)
        written = CHAT_FORMATS[path.suffix.lower()]
        self._to_file(lambda: saving.write(written(chat, look), path))

    def _export_open_report(self, texts: bool) -> None:
        path = ask_report_path(self.window, Path.home())
        if path is not None:
            self.models.reports.export(path, texts=texts)

    def _save_to_file(self, make: Callable[[], Report]) -> None:
        path = ask_report_path(self.window, Path.home())
        if path is not None:
            self._to_file(lambda: saving.save(make(), path))

    def _to_file(self, write: Callable[[], None]) -> None:
        self.files.run(lambda _files: write(), self).failed(self._say_not_saved)

    def _say_not_saved(self, error: Exception) -> None:
        say_not_saved(self.window, str(error))


def _environment(engine: EngineRecord) -> dict[str, str | int | bool]:
    return engine.versions | engine.device


def _last_chat(folder: DataFolder, chat_id: str | None) -> Chat | None:
    """Return the chat of that id; without an id the one that was written to last."""
    last = chat_id or folder.chats.last_chat()
    return None if last is None else folder.chats.load(last)
