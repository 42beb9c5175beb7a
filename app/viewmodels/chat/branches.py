"""The branches of the open chat: which one is read, and what is deleted from it and restored."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from app.domain.tree import Changes, below
from app.viewmodels.chat.asking import renewed_title
from app.viewmodels.chat.history import History, Removed
from app.viewmodels.chat.saving import Saver
from app.viewmodels.chat.writing import Writing


class Branches(QObject):
    """While a reply is being written in the chat, that one is read and nothing is deleted."""

    removed = Signal(object)  # Removed: may be given back to `restore`
    changed = Signal()

    def __init__(
        self,
        history: History,
        writing: Writing,
        saver: Saver,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._history = history
        self._saver = saver
        self._writing = writing

    def show_sibling(self, message_id: str, step: int) -> None:
        """What was said in place of this message, and what followed it."""
        wanted = None if self._writing.here else self._history.sibling(message_id, step)
        if wanted is not None:
            self._history.show(wanted)
            self._keep()

    def show(self, message_id: str) -> None:
        """Read the branch of this message, unless that one is read already."""
        shown = {message.id for message in self._history.shown.messages}
        known = self._history.message(message_id) is not None
        if known and message_id not in shown and not self._writing.here:
            self._history.show(message_id)
            self._keep()

    def delete(self, message_id: str) -> None:
        """With all that follows it, on any branch."""
        chat = self._history.chat
        if self._writing.here or self._history.message(message_id) is None:
            return
        self._saver.delete_messages(chat.id, tuple(below(chat.messages, message_id)))
        gone = self._history.remove(message_id)
        self.retitle(renewed_title(gone.chat, self._history.chat))
        self._saver.save_begun(self._history.chat)
        self.removed.emit(replace(gone, title=self._history.chat.title))
        self.changed.emit()

    def take_up(self, changes: Changes) -> None:
        """What another window has written. For when no reply is being written in the chat."""
        self._history.take_up(changes)
        self.changed.emit()

    def restore(self, removed: Removed) -> None:
        """Undo a deletion, also of a chat that is no longer open."""
        self._saver.restore_messages(removed.chat.id, tuple(removed.ids))
        self._writing.background.restore(removed)
        is_open = removed.chat.id == self._history.chat.id
        if is_open:
            self._history.restore(removed, read=not self._writing.here)
        if is_open and self._history.chat.title == removed.title:
            self.retitle(removed.chat.title)
        elif not is_open and removed.title != removed.chat.title:
            self._saver.retitle(removed.chat.id, removed.title, removed.chat.title)
        if is_open:
            self._keep()

    def retitle(self, title: str | None) -> None:
        """Give the open chat another title, unless it was renamed meanwhile in another window."""
        before = self._history.chat.title
        if title != before:
            self._history.change(title=title)
            self._saver.retitle(self._history.chat.id, before, title)

    def _keep(self) -> None:
        self._saver.save_begun(self._history.chat)
        self.changed.emit()
