"""What lies in a data folder: chats, settings and measured plain speeds.

`DataFolder` is what the store thread owns. `SettingsStore` and `BaselineStore` are its values on
the interface thread: they are read once, at the start, and from then on what is in memory counts;
each change is handed to the store thread. Several windows may share a folder: a write touches what
this window has changed and nothing else.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
from PySide6.QtCore import QLockFile, QObject

from app import strings
from app.domain.settings import Settings
from app.domain.speeds import Baseline
from app.services.chat_store import ChatStore, open_store
from app.services.store_thread import StoreThread
from mtp_mlx.files import write_atomically

# The system holds a live owner's lock however old it is; this only frees one that a crash left
# behind, also where the machine has changed its name since.
_STALE_MS = 1000


def lock_folder(folder: Path) -> QLockFile | None:
    """Make and lock the folder. Return None beside another window.

    The lock of a folder that cannot be locked is not held; it holds no chats either.

    Chats and settings may be shared; a damaged file may be put aside only by the window that holds
    the lock: it would be taken from under another one.
    """
    with suppress(OSError):  # the store, opened next, says so in the window
        folder.mkdir(parents=True, exist_ok=True)
    lock = QLockFile(str(folder / "lock"))
    lock.setStaleLockTime(_STALE_MS)
    if lock.tryLock(0) or lock.error() is not QLockFile.LockError.LockFailedError:
        return lock
    return None


@dataclass(frozen=True, slots=True)
class Kept:
    """The small files, as they were at the start, and whether no other window has the folder."""

    settings: Settings
    speeds: dict[str, Baseline]
    alone: bool


class DataFolder:
    """Lives on the store thread, where it locks the folder until it is closed.

    The chats are opened when they are first asked for.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._lock = lock_folder(folder)
        self._clock = clock
        self._chats: ChatStore | None = None
        self.settings = SettingsFile(folder / "settings.json")
        self.speeds = SpeedsFile(folder / "plain speed.json")
        self.notice = ""  # what was wrong with the chats, in a sentence

    @property
    def chats(self) -> ChatStore:
        """In memory where the folder cannot be used, which `notice` then says."""
        if self._chats is None:
            try:
                path = self._folder / "chats.sqlite3"
                self._chats = open_store(path, self._clock, alone=self._lock is not None)
                self.notice = self._chats.notice
            except (OSError, sqlite3.Error) as error:
                self._chats = open_store(None)
                self.notice = strings.CHATS_UNAVAILABLE.format(reason=error)
        return self._chats

    def open_chats(self) -> str:
        """Return what was wrong with them, in a sentence, or ""."""
        return self.chats.notice or self.notice

    def read_kept(self) -> Kept:
        return Kept(
            settings=self.settings.read(),
            speeds=self.speeds.read(),
            alone=self._lock is not None,
        )

    def close(self) -> None:
        if self._chats is not None:
            self._chats.close()
        if self._lock is not None:
            self._lock.unlock()

    def interrupt(self) -> None:
        """End the statement that is running; from any thread."""
        if self._chats is not None:
            self._chats.interrupt()


def open_folder(folder: Path, parent: QObject) -> StoreThread[DataFolder]:
    return StoreThread(
        "store",
        lambda: DataFolder(folder),
        DataFolder.close,
        interrupt=DataFolder.interrupt,
        parent=parent,
    )


class SettingsFile:
    """One JSON file. Where it is missing or damaged, the defaults count: nothing in it is worth a
    question at the start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Settings:
        return self._stored() or Settings()

    def update(self, before: Settings, after: Settings) -> None:
        """Write what has changed; what another window wrote meanwhile stays.

        Where both changed the same, the last one counts. A file that was lost is written whole.
        """
        changed = {
            name: value
            for name in after.__struct_fields__
            if (value := getattr(after, name)) != getattr(before, name)
        }
        written = msgspec.structs.replace(self._stored() or before, **changed)
        write_atomically(self._path, msgspec.json.format(msgspec.json.encode(written), indent=2))

    def _stored(self) -> Settings | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Settings)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None


class SettingsStore:
    """This window's settings, on the interface thread."""

    def __init__(self, store: StoreThread[DataFolder], settings: Settings) -> None:
        self._store = store
        self.current = settings

    def update(self, settings: Settings) -> None:
        """They count at once, and are written by and by."""
        before, self.current = self.current, settings
        if settings != before:
            self._store.write(
                lambda folder: folder.settings.update(before, settings), self._store, "settings"
            )


class SpeedsFile:
    """One JSON file. A missing or damaged one costs a new measurement, no more."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Baseline]:
        try:
            stored = msgspec.json.decode(self._path.read_bytes(), type=dict[str, Baseline])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return {}
        return {key: one for key, one in stored.items() if one.tokens > 0 and one.seconds > 0}

    def put(self, key: str, baseline: Baseline) -> None:
        """Beside what other windows have measured."""
        stored = self.read() | {key: baseline}
        write_atomically(self._path, msgspec.json.format(msgspec.json.encode(stored), indent=2))


class BaselineStore:
    """Measured plain speeds, on the interface thread."""

    def __init__(self, store: StoreThread[DataFolder], speeds: dict[str, Baseline]) -> None:
        self._store = store
        self._speeds = dict(speeds)

    def get(self, key: str) -> Baseline | None:
        return self._speeds.get(key)

    def put(self, key: str, baseline: Baseline) -> None:
        """It counts at once, and is written by and by."""
        self._speeds[key] = baseline
        self._store.write(
            lambda folder: folder.speeds.put(key, baseline), self._store, "plain speeds"
        )
