"""What the user saves as a file where they like: a chat, a reply's numbers, a race, a report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject

from app import strings
from app.domain.comparison import Comparison
from app.domain.conversation import EngineRecord, ReplyRecord
from app.services.chat_export import CHAT_FORMATS, Look
from app.services.data_folder import SettingsStore
from app.services.report import comparison_report, reply_report
from app.services.report_files import ReportFiles
from app.services.store_thread import StoreThread
from app.viewmodels.chat.footer import footer
from app.viewmodels.common.engine import pair_name
from app.views.common.save_dialog import (
    ask_chat_path,
    ask_comparison_path,
    ask_report_path,
    say_not_saved,
    show_in_folder,
)
from app.views.common.theme import ThemeController
from app.views.main_window import MainWindow, ViewModels
from mtp_mlx.report import saving
from mtp_mlx.report.model import Report, moment


class Exports(QObject):
    """Asks where, writes on the thread of files, and says what became of it."""

    def __init__(
        self,
        window: MainWindow,
        models: ViewModels,
        theme: ThemeController,
        settings: SettingsStore,
        files: StoreThread[ReportFiles],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._window = window
        self._models = models
        self._theme = theme
        self._settings = settings
        self._files = files
        models.reports.exported.connect(self._say_saved)
        models.reports.not_saved.connect(lambda text: say_not_saved(window, text))
        window.export_asked.connect(self._export_chat)
        window.report_asked.connect(self._save_report)
        window.comparison_report_asked.connect(self._save_comparison)
        window.open_report_asked.connect(self._export_open_report)

    def _save_report(self, reply: ReplyRecord, prompt: str | None) -> None:
        """Save a report of a reply, with prompt and text where the prompt is given."""
        texts = prompt is not None
        engine = _environment(reply.engine)
        begun = next((m.created for m in self._models.chat.chat.messages if m.reply is reply), 0.0)
        created = moment(begun) if begun else None
        self._save_to_file(
            lambda: reply_report(
                reply, reply.pair, engine, include_text=texts, prompt=prompt, created=created
            )
        )

    def _save_comparison(self, comparison: Comparison) -> None:
        engine = _environment(comparison.on.engine)
        self._save_to_file(lambda: comparison_report(comparison, engine))

    def _export_chat(self) -> None:
        chat = self._models.chat.chat
        title, ending = chat.title or strings.UNTITLED, self._settings.current.chat_format
        path = ask_chat_path(self._window, self._save_folder(), title, ending)
        if path is None:
            return
        look = Look(style=self._theme.light.html(), numbers=footer, model=model_name)
        written = CHAT_FORMATS[path.suffix.lower()]
        self._to_file(lambda: saving.write(written(chat, look), path), path, "chat_format")

    def _export_open_report(self, texts: bool) -> None:
        state = self._models.reports.state
        if state.beside is not None:
            if path := ask_comparison_path(self._window, self._save_folder()):
                self._models.reports.export(path, texts=False)
            return
        title = "" if state.shown is None else state.shown.report.title
        if path := self._ask_report_path(title):
            self._remember_place(path, "report_format")
            self._models.reports.export(path, texts=texts)

    def _save_to_file(self, make: Callable[[], Report]) -> None:
        if path := self._ask_report_path():
            self._to_file(lambda: saving.save(make(), path), path, "report_format")

    def _ask_report_path(self, title: str = "") -> Path | None:
        ending = self._settings.current.report_format
        return ask_report_path(self._window, self._save_folder(), ending, title)

    def _save_folder(self) -> Path:
        """The folder that was saved to last; the dialog itself falls back where it is gone."""
        return Path(self._settings.current.save_folder or Path.home())

    def _to_file(self, write: Callable[[], None], path: Path, kind: str) -> None:
        self._remember_place(path, kind)
        answer = self._files.run(lambda _files: write(), self)
        answer.then(lambda _: self._say_saved(path)).failed(self._say_not_saved)

    def _remember_place(self, path: Path, kind: str) -> None:
        """Suggest the folder and the format again; `kind` is the field of the settings."""
        place = {"save_folder": str(path.parent), kind: path.suffix.lower()}
        self._settings.update(msgspec.structs.replace(self._settings.current, **place))

    def _say_saved(self, path: Path) -> None:
        words = strings.SAVED.format(name=path.name, folder=path.parent.name or path.parent)
        label = strings.SHOW_FILE if sys.platform == "darwin" else strings.SHOW_FOLDER
        self._models.undo.say(words, label, lambda: show_in_folder(path))

    def _say_not_saved(self, error: Exception) -> None:
        say_not_saved(self._window, str(error))


def model_name(reply: ReplyRecord) -> str:
    """The target that wrote a reply, and whether it had a drafter."""
    return pair_name(reply.pair)


def _environment(engine: EngineRecord) -> dict[str, str | int | bool]:
    return engine.versions | engine.device
