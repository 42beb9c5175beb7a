"""How a window's session begins and ends.

It begins with the last chat, or says why there is none; it ends when everything is saved. Chats
that cannot be opened are tried again, and what is written meanwhile waits in memory.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer

from app import strings
from app.services.chat_store import Loaded
from app.services.data_folder import DataFolder, Opened, SettingsStore
from app.services.migrations import NewerSchemaError
from app.services.store_thread import StoreThread
from app.viewmodels.chat.saving import Saver
from app.viewmodels.common.engine import Banner
from app.views.main_window import ViewModels
from mtp_mlx.report.words import count as grouped

OPEN_AGAIN_MS = 2000  # between two tries to open chats that cannot be opened
QUIT_S = 2.5  # what is not written when the window closes has this long

_log = logging.getLogger(__name__)


class Session(QObject):
    """`reopening` until the last chat was asked for and answered: it is still the last one."""

    def __init__(
        self,
        store: StoreThread[DataFolder],
        saver: Saver,
        settings: SettingsStore,
        models: ViewModels,
        *,
        defects: Path,
        reopening: bool,
        parent: QObject | None = None,
    ) -> None:
        """`defects` is the log."""
        super().__init__(parent)
        self._store = store
        self._saver = saver
        self._settings = settings
        self._models = models
        self._defects = defects
        self.reopening = reopening
        self._ended = False
        self._closed = False
        self._kept: tuple[str, ...] = ()  # names of damaged files, of which a banner tells
        self._again = QTimer(self, singleShot=True, interval=OPEN_AGAIN_MS)
        self._again.timeout.connect(self.begin)
        models.chats.unreadable.connect(self._on_unreadable)
        models.chats.read.connect(lambda: models.engine.take_back("unreadable"))
        models.engine.dismissed.connect(self._on_dismissed)

    def begin(self) -> None:
        """Open the chats, and the last of them unless something was begun meanwhile."""
        answer = self._store.run(DataFolder.open_chats, self)
        answer.then(self._on_opened).failed(self._on_closed)
        if self.reopening:
            last = self._settings.current.last_chat
            reading = self._store.run(lambda folder: _last_chat(folder, last), self)
            reading.then(self._on_last_chat).failed(self._on_unreadable)

    def start_anew(self, errors: Sequence[BaseException]) -> None:
        """Begin with an empty chat where the last one met a defect: it would at every start."""
        for error in errors:
            _log.critical("the last chat could not be shown", exc_info=error)
            self.reopening = False
            self._models.chat.new_chat()
            reason, path = type(error).__name__, self._defects
            self._models.engine.say(strings.START_FAILED.format(reason=reason, path=path), "kept")

    def end(self) -> None:
        """Save what is being written."""
        self._ended = True
        self._again.stop()
        self._models.chats.watch(active=False)
        self._models.chat.leave()

    def stay(self) -> None:
        """Go on after `end`: the user would rather."""
        self._ended = False
        self._models.chats.watch(active=True)
        if self._closed:
            self._again.start()

    def saved(self) -> bool:
        """Whether the disk has taken everything, now or in a moment."""
        self._store.catch_up(QUIT_S)
        return not (self._saver.unwritten_chats or self._store.waiting())

    def _on_opened(self, opened: Opened) -> None:
        self._kept = opened.kept
        seen = self._settings.current.seen
        names = ", ".join(name for name in opened.kept if name not in seen)
        notice = opened.notice or (strings.CHATS_KEPT.format(names=names) if names else "")
        if notice:
            self._models.engine.say(notice, "kept")
        if self._closed:
            self._closed = False
            self._models.engine.take_back("closed")
            self._models.chats.refresh()

    def _on_closed(self, error: Exception) -> None:
        """A lock is let go, room is made, a disk comes back: they are tried again."""
        newer = isinstance(error, NewerSchemaError)
        text = strings.CHATS_NEWER if newer else strings.CHATS_CLOSED.format(reason=error)
        self._closed = True
        self._models.engine.say(text, "closed")
        if not self._ended:
            self._again.start()

    def _on_dismissed(self, banner: Banner) -> None:
        """What was kept aside is told until the user has seen it."""
        if banner.about == "kept":
            self._settings.update(msgspec.structs.replace(self._settings.current, seen=self._kept))

    def _on_last_chat(self, loaded: Loaded | None) -> None:
        self.reopening = False
        if loaded is None or loaded.chat is None or self._ended or not self._models.chat.blank:
            return
        with guarded() as errors:
            self._models.chat.open(loaded.chat)
        self.start_anew(errors)
        if loaded.unreadable:
            self._models.engine.say(
                strings.VALUES_UNREADABLE.format(count=grouped(loaded.unreadable))
            )

    def _on_unreadable(self, error: Exception) -> None:
        """Where the chats are closed, that is told already."""
        if not self._closed:
            self.reopening = False
            text = strings.CHATS_UNREADABLE.format(reason=error)
            self._models.engine.say(text, "unreadable")


def _last_chat(folder: DataFolder, chat_id: str | None) -> Loaded | None:
    """The chat of that id; without an id the one that was written to last."""
    last = chat_id or folder.chats.last_chat()
    return None if last is None else folder.chats.read(last)


@contextmanager
def guarded() -> Iterator[list[BaseException]]:
    """Collect what is raised inside, also by slots, which Qt hands to `sys.excepthook`."""
    errors: list[BaseException] = []
    hook = sys.excepthook
    sys.excepthook = lambda _kind, error, _trace: errors.append(error)
    try:
        yield errors
    except Exception as error:  # noqa: BLE001  (the last guard; whoever asks logs it)
        errors.append(error)
    finally:
        sys.excepthook = hook
