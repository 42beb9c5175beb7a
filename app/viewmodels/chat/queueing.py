"""The message that waits for the end of a reply, and is sent then, whichever chat is open.

Until it is sent, it is the beginning of its chat's draft. Where the program ends before, or the
reply is stopped or fails, it stays there as unsent text.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from PySide6.QtCore import QObject, Signal

from app.domain.conversation import Attachment, Chat, ChatMessage
from app.viewmodels.chat.chat import ChatViewModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A text and files that the user has not sent."""

    text: str = ""
    files: tuple[Attachment, ...] = ()

    def before(self, other: Unsent) -> Unsent:
        """Return both, this one first."""
        text = "\n\n".join(part for part in (self.text, other.text) if part)
        return Unsent(text=text, files=(*self.files, *other.files))

    def without(self, begin: Unsent) -> Unsent:
        """Return what comes after `begin`; all of it where it does not begin so."""
        files = begin.files
        if not self.text.startswith(begin.text) or self.files[: len(files)] != files:
            return self
        text = self.text[len(begin.text) :]
        text = text.removeprefix("\n\n") if begin.text else text
        return Unsent(text=text, files=self.files[len(files) :])


def draft_of(chat: Chat) -> Unsent:
    return Unsent(text=chat.draft, files=chat.draft_files)


_NOTHING = Unsent()


class Queue(QObject):
    """Holds one message at most: while a reply is written, no other chat can ask for one."""

    changed = Signal()  # `here` has changed
    returned = Signal(object)  # Unsent: it was not sent, and goes back to the composer

    def __init__(self, chat: ChatViewModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._chat = chat
        self._waiting = _NOTHING
        self._chat_id = ""  # the chat in which it waits
        self._ended: Chat | None = None  # that chat, once its reply has ended unseen
        chat.opened.connect(self._on_opened)
        chat.reply_ended.connect(self._on_ended)
        chat.ended_elsewhere.connect(self._on_ended_elsewhere)
        chat.changed.connect(self._send)

    @property
    def here(self) -> Unsent | None:
        """Return the message that waits in the open chat; None where there is none."""
        is_here = self._chat_id == self._chat.chat.id
        return self._waiting if is_here and self._waiting != _NOTHING else None

    def add(self, message: Unsent) -> None:
        """Queue a message until the open chat's reply has ended, after one that waits already."""
        self._chat_id = self._chat.chat.id
        self._waiting = self._waiting.before(message)
        self.changed.emit()

    def take(self) -> Unsent:
        """Return the message that waits in the open chat, and remove it from the queue.

        `changed` is not emitted: the message becomes a part of the text in the composer.
        """
        taken = self.here or _NOTHING
        if self.here is not None:
            self._forget()
        return taken

    def _forget(self) -> None:
        self._waiting, self._ended = _NOTHING, None

    def _on_opened(self) -> None:
        """Keep the message where its chat is open or its reply goes on; else the draft has it."""
        written = self._chat.written
        if self._chat_id not in {self._chat.chat.id, "" if written is None else written.id}:
            self._forget()
        self._ended = None

    def _on_ended(self, message: ChatMessage) -> None:
        """Give the message back where the reply was stopped or failed: then nothing is sent."""
        if self.here is not None and not _is_whole(message):
            self.returned.emit(self.take())

    def _on_ended_elsewhere(self, chat: Chat, message: ChatMessage) -> None:
        if chat.id != self._chat_id or self._waiting == _NOTHING:
            return
        if _is_whole(message):
            self._ended = chat
        else:
            self._forget()

    def _send(self) -> None:
        """Send the message once its reply has ended and the engine is free."""
        waiting, chat = self._waiting, self._ended
        if waiting == _NOTHING or self._chat.obstacle or self._chat.written is not None:
            return  # the engine is free before the chat has the whole reply
        if self.here is not None:
            self._forget()
            if not self._chat.send(waiting.text, waiting.files):
                self._waiting = waiting
            self.changed.emit()
        elif chat is not None:
            self._forget()
            rest = draft_of(chat).without(waiting)
            left = msgspec.structs.replace(chat, draft=rest.text, draft_files=rest.files)
            self._chat.send_elsewhere(left, waiting.text, waiting.files)


def _is_whole(message: ChatMessage) -> bool:
    return message.reply is None or message.reply.finish in {"finished", "length"}
