"""Backing everything up, and restoring it: what is shown is then what was restored."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app import strings
from app.services.backup import BackupError, Manifest, check
from app.services.data_folder import BaselineStore, DataFolder, Kept, SettingsStore
from app.services.store_thread import StoreThread
from app.viewmodels.chat.asking import new_chat
from app.viewmodels.chat.chat import ChatViewModel


@dataclass(frozen=True, slots=True)
class _Restored:
    kept: Kept
    aside: Path


class BackupsViewModel(QObject):
    done = Signal(str)  # one sentence
    failed = Signal(str)  # one sentence: what was not done, and why
    checked = Signal(object, str)  # Path, and the day of the backup: it can be restored
    restored = Signal(object)  # Settings

    def __init__(
        self,
        store: StoreThread[DataFolder],
        settings: SettingsStore,
        speeds: BaselineStore,
        chat: ChatViewModel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._settings = settings
        self._speeds = speeds
        self._chat = chat

    def back_up(self, path: Path) -> None:
        self._chat.drafts.flush()
        answer = self._store.run(lambda folder: folder.back_up(path), self)
        answer.then(lambda _: self.done.emit(strings.BACKED_UP.format(name=path.name)))
        answer.failed(self._on_failed)

    def check(self, path: Path) -> None:
        """Look whether it can be restored, before anybody is asked whether it should be."""
        answer = self._store.run(lambda _folder: check(path), self)
        answer.then(lambda manifest: self._on_checked(path, manifest)).failed(self._on_failed)

    def restore(self, path: Path, day: str) -> None:
        if self._chat.written is not None:
            reason = strings.NOT_RESTORED.format(reason=strings.BACKUP_WRITING)
            self._on_failed(BackupError(reason, strings.BACKUP_WRITING_REMEDY))
            return
        self._chat.drafts.flush()

        def restore(folder: DataFolder) -> _Restored:
            aside = folder.restore(path)
            return _Restored(folder.read_kept(), aside)

        answer = self._store.run(restore, self)
        answer.then(lambda restored: self._on_restored(restored, day)).failed(self._on_failed)

    def _on_checked(self, path: Path, manifest: Manifest) -> None:
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(manifest.created))
        self.checked.emit(path, day)

    def _on_restored(self, restored: _Restored, day: str) -> None:
        self._settings.replace(restored.kept.settings)
        self._speeds.replace(restored.kept.speeds)
        self.restored.emit(restored.kept.settings)  # asks for the last chat, which is then opened
        self._chat.open(new_chat(restored.kept.settings.reply))
        self.done.emit(strings.RESTORED.format(day=day, name=restored.aside.name))

    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(str(error))
