"""What lies in a data folder: chats, settings and measured plain speeds.

`DataFolder` is what the store thread owns. `SettingsStore` and `BaselineStore` are its values on
the interface thread: they are read once, at the start, and from then on what is in memory counts;
each change is handed to the store thread. Several windows may share a folder: a write touches what
this window has changed and nothing else.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
from PySide6.QtCore import QLockFile, QObject

from app import strings
from app.domain.presets import merged
from app.domain.settings import Settings
from app.domain.speeds import Stretches
from app.services import backup
from app.services.chat_store import ChatStore, open_store
from app.services.database import PRIVATE, stamp
from app.services.fetch_queue import FetchQueueFile
from app.services.readable import UNREADABLE, Readable, readable
from app.services.recovery import kept_files
from app.services.store_thread import StoreThread
from app.services.trials import TrialsFile
from mtp_mlx.files import write_atomically
from mtp_mlx.report.words import count as grouped

# The system holds a live owner's lock however old it is; this only frees one that a crash left
# behind, also where the machine has changed its name since.
_STALE_MS = 1000
_PRIVATE_FOLDER = 0o700
_OURS = (
    *(
        "settings*.json",
        "plain speed.json",
        "downloads.json",
        "trials.json",
        "chats*.sqlite3*",
        "log.txt*",
    ),
    *("reports/**/*.json", "pairs/*.json"),
)
_MOST_NAMES = 4  # of settings, in a sentence


def lock_folder(folder: Path) -> QLockFile | None:
    """Make and lock the folder. Return None beside another window.

    The lock of a folder that cannot be locked is not held; it holds no chats either.

    Chats and settings may be shared; a damaged file may be put aside only by the window that holds
    the lock: it would be taken from under another one.
    """
    with suppress(OSError):  # the store, opened next, says so in the window
        folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
    lock = QLockFile(str(folder / "lock"))
    lock.setStaleLockTime(_STALE_MS)
    taken = lock.tryLock(0)
    with suppress(OSError):
        (folder / "lock").chmod(PRIVATE)
    if taken or lock.error() is not QLockFile.LockError.LockFailedError:
        return lock
    return None


def make_private(folder: Path) -> None:
    """Let nobody else read the folder or a file of ours in it, as far as the disk allows.

    A folder that holds nothing of ours is left as it is.
    """
    ours = [path for pattern in _OURS for path in folder.glob(pattern)]
    if not ours:
        return
    for path in (folder, folder / "reports", folder / "pairs"):
        with suppress(OSError):
            path.chmod(_PRIVATE_FOLDER)
    for path in ours:
        with suppress(OSError):
            if not path.is_symlink():
                path.chmod(PRIVATE)


@dataclass(frozen=True, slots=True)
class Kept:
    """The small files, as they were at the start, and whether no other window has the folder.

    `notice` says what of the settings could not be read.
    """

    settings: Settings
    speeds: dict[str, Stretches]
    alone: bool
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """The messages about the chats that the window shows once they are open."""

    notice: str = ""
    kept: tuple[str, ...] = ()  # names of all damaged files that were ever kept here


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
        self.fetches = FetchQueueFile(folder / "downloads.json")
        self.trials = TrialsFile(folder / "trials.json")
        make_private(folder)
        if self._lock is not None:
            with suppress(OSError):
                backup.finish(folder)

    @property
    def chats(self) -> ChatStore:
        """Raises OSError or sqlite3.Error, and is tried again, while the file cannot be used."""
        if self._chats is None:
            path = self._folder / "chats.sqlite3"
            self._chats = open_store(path, self._clock, alone=self._lock is not None)
        return self._chats

    def open_chats(self) -> Opened:
        """Raises what `chats` raises."""
        chats = self.chats
        count = chats.unreadable()
        partly = strings.CHATS_PARTLY_UNREADABLE.format(count=grouped(count)) if count else ""
        notice = " ".join(text for text in (chats.notice, partly) if text)
        return Opened(notice, kept_files(self._folder))

    def read_kept(self) -> Kept:
        read, notice = Readable(Settings()), ""
        try:
            read = self.settings.read()
            notice = self.settings.keep(read.lost)
        except OSError as error:
            notice = strings.SETTINGS_CLOSED.format(reason=error.strerror or error)
        return Kept(
            settings=read.value,
            speeds=self.speeds.read(),
            alone=self._lock is not None,
            notice=notice,
        )

    def back_up(self, target: Path) -> None:
        """Write everything to one file. Raises BackupError, and what `chats` raises."""
        backup.back_up(self._folder, self.chats.connection, target)

    def restore(self, source: Path) -> Path:
        """Put a backup in the place of what is there; return the backup of that.

        Raises BackupError and what `chats` raises, having changed nothing.
        """
        if self._lock is None:
            raise backup.BackupError(
                strings.NOT_RESTORED.format(reason=strings.BACKUP_OTHER_WINDOW),
                strings.BACKUP_OTHER_WINDOW_REMEDY,
            )
        backup.stage(source, self._folder)
        aside = backup.aside(self._folder)
        self.back_up(aside)
        self._close_chats()
        backup.put_in_place(self._folder)
        return aside

    def close(self) -> None:
        self._close_chats()
        if self._lock is not None:
            self._lock.unlock()

    def _close_chats(self) -> None:
        if self._chats is not None:
            self._chats.close()
            self._chats = None

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
    """One JSON file. What is missing in it or damaged has its default."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Readable[Settings]:
        """Return what can be read of it: the defaults where there is none. Raises OSError."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return Readable(Settings())
        return readable(data, Settings)

    def keep(self, lost: Sequence[str]) -> str:
        """Copy the file, of which `lost` could not be read, and say so; "" where nothing is lost.

        A disk without room keeps nothing, and the file is not written over then either.
        """
        if not lost:
            return ""
        data = self._path.read_bytes()
        kept = next((path for path in self._kept() if path.read_bytes() == data), None)
        if kept is None:
            kept = self._path.with_name(f"{self._path.stem} (unreadable {stamp()}).json")
            shutil.copyfile(self._path, kept)
            kept.chmod(PRIVATE)
        names = ", ".join(lost[:_MOST_NAMES]) if any(lost) else strings.SETTINGS_ALL
        return strings.SETTINGS_UNREADABLE.format(names=names, kept=kept.name)

    def update(self, before: Settings, after: Settings) -> None:
        """Write what has changed; what another window or a later release wrote stays.

        Where both changed the same, the last one counts. A file that was lost is written whole;
        one that the disk does not give out is not written over: raises OSError.
        """
        stored = self.read() if self._path.exists() else Readable(before)
        self.keep(stored.lost)
        changed = {
            name: value
            for name in after.__struct_fields__
            if (value := getattr(after, name)) != getattr(before, name)
        }
        if "presets" in changed:
            changed["presets"] = merged(stored.value.presets, before.presets, after.presets)
        written = msgspec.to_builtins(msgspec.structs.replace(stored.value, **changed))
        content = msgspec.json.encode(self._unknown() | written)
        write_atomically(self._path, msgspec.json.format(content, indent=2))

    def _kept(self) -> Iterator[Path]:
        return self._path.parent.glob(f"{self._path.stem} (unreadable *).json")

    def _unknown(self) -> dict[str, object]:
        """Return what a later release has written into it."""
        try:
            stored = msgspec.json.decode(self._path.read_bytes(), type=dict[str, msgspec.Raw])
        except (OSError, *UNREADABLE):
            return {}
        ours = Settings.__struct_fields__
        return {name: value for name, value in stored.items() if name not in ours}


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

    def replace(self, settings: Settings) -> None:
        """They were restored, and are in the file already."""
        self.current = settings


class SpeedsFile:
    """One JSON file. A missing or damaged one costs a new measurement, no more."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Stretches]:
        try:
            stored = msgspec.json.decode(self._path.read_bytes(), type=dict[str, Stretches])
        except (OSError, *UNREADABLE):
            return {}
        return {
            key: tuple(one for one in kept if one.tokens > 0 and one.seconds > 0)
            for key, kept in stored.items()
        }

    def put(self, key: str, stretches: Stretches) -> None:
        """Beside what other windows have measured."""
        stored = self.read() | {key: stretches}
        write_atomically(self._path, msgspec.json.format(msgspec.json.encode(stored), indent=2))


class BaselineStore:
    """Measured plain speeds, on the interface thread."""

    def __init__(self, store: StoreThread[DataFolder], speeds: dict[str, Stretches]) -> None:
        self._store = store
        self._speeds = dict(speeds)

    def replace(self, speeds: dict[str, Stretches]) -> None:
        """They were restored."""
        self._speeds = dict(speeds)

    def get(self, key: str) -> Stretches:
        return self._speeds.get(key, ())

    def put(self, key: str, stretches: Stretches) -> None:
        """It counts at once, and is written by and by."""
        self._speeds[key] = stretches
        self._store.write(
            lambda folder: folder.speeds.put(key, stretches), self._store, "plain speeds"
        )
