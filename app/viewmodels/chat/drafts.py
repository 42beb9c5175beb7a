"""What waits to be sent in the open chat: stored within a second, and when it is left."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.domain.conversation import Attachment
from app.viewmodels.chat.history import History
from app.viewmodels.chat.saving import Saver
from app.viewmodels.common.throttle import Throttle

DRAFT_MS = 1000


class Drafts(QObject):
    """A text or a file alone makes a chat worth keeping."""

    changed = Signal()  # the chat is blank no longer, or is again

    def __init__(self, history: History, saver: Saver, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._history = history
        self._saver = saver
        self._keep = Throttle(DRAFT_MS, self._save, self)

    def write(self, text: str) -> None:
        if text != self._history.chat.draft:
            self._change(draft=text)

    def attach(self, files: tuple[Attachment, ...]) -> None:
        """In place of those that were attached."""
        if files != self._history.chat.draft_files:
            self._change(draft_files=files)

    def flush(self) -> None:
        """Store now what waits for its turn."""
        self._keep.flush()

    def _change(self, **changes: object) -> None:
        was_blank = self._history.blank
        self._history.change(**changes)
        self._keep.request()
        if self._history.blank != was_blank:
            self.changed.emit()

    def _save(self) -> None:
        self._saver.save_chat(self._history.chat)
