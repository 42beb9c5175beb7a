"""The message being written: its files, how much of the context it will take, and its sending.

While a reply is being written, a message waits for its end in the `queue`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.conversation import Attachment
from app.services.report_files import ReportFiles
from app.services.store_thread import StoreThread
from app.services.text_files import TextFiles, read_text_files
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.context_room import ContextRoom
from app.viewmodels.chat.queueing import Queue, Unsent, draft_of
from app.viewmodels.chat.token_counter import TokenCounter
from app.viewmodels.common import format as fmt
from app.viewmodels.common.throttle import Throttle

COUNT_MS = 400  # milliseconds between two counts of the text being typed
_TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The line beneath the composer's text."""

    text: str = ""
    warns: bool = False


class ComposingViewModel(QObject):
    """Holds the files of the message, which are kept with the chat's draft until they are sent."""

    changed = Signal()
    sent = Signal()  # what was written is sent or waits in the queue: the field is empty now
    returned = Signal(str)  # the text of the queue, to be written on

    def __init__(
        self,
        chat: ChatViewModel,
        counter: TokenCounter,
        reader: StoreThread[ReportFiles],
        parent: QObject | None = None,
    ) -> None:
        """`reader` is the thread that reads the user's files."""
        super().__init__(parent)
        self._chat = chat
        self._reader = reader
        self._counter = counter
        self._files: dict[str, Attachment] = {}  # the open chat's files, by key
        self._number = 0  # of the file attached last, to name the next one's key
        self._text = ""
        self._text_tokens: int | None = 0  # None: not counted yet
        self._trouble = ""
        self._reading = 0  # questions to the reader that are not answered
        self._sending = False  # once it is known that the context holds it
        self.queue = Queue(chat, self)
        self._room = ContextRoom(chat)
        self._count = Throttle(COUNT_MS, self._count_text, self)
        counter.counted.connect(self._on_counted)
        counter.refused.connect(self._on_uncounted)
        chat.opened.connect(self._on_opened)
        self.queue.changed.connect(self._keep)
        self.queue.returned.connect(self._write_on)
        chat.changed.connect(self.changed)

    @property
    def attachments(self) -> dict[str, Attachment]:
        """The attached files of the open chat, by the key that `remove` takes."""
        return dict(self._files)

    @property
    def draft(self) -> Unsent:
        """Return the draft of the open chat without what waits in its queue."""
        return draft_of(self._chat.chat).without(self.queue.here or Unsent())

    @property
    def obstacle(self) -> str:
        """Why this message cannot be sent; "" where it can. An empty one has nothing to say."""
        if self._chat.obstacle and not self._chat.writing:
            return self._chat.obstacle
        if self._reading:
            return strings.OBSTACLE_READING
        if self._sending:
            return strings.OBSTACLE_COUNTING
        return self._of_context(strings.CONTEXT_FULL) if self.is_full else ""

    @property
    def can_send(self) -> bool:
        return not self.obstacle and bool(self._text.strip() or self._files)

    @property
    def is_full(self) -> bool:
        """Whether the chat with this message is longer than the context."""
        return self._room.length is not None and self.used >= self._room.length

    @property
    def offers_ways(self) -> bool:
        """Whether a way on is offered: the context is full, or the engine has just said so."""
        return self.is_full or self._room.was_too_long()

    @property
    def used(self) -> int:
        """Tokens of what was said and of what is being written, as far as they were counted."""
        return self._room.said_tokens() + self._own_tokens()

    @property
    def note(self) -> Note:
        """Return a trouble, an obstacle, or how much of the context is used."""
        if self._trouble:
            return Note(text=self._trouble, warns=True)
        if self.obstacle:
            return Note(text=self.obstacle, warns=not (self._chat.obstacle or self._sending))
        if self._chat.writing:
            return Note(text=self._chat.obstacle)
        return Note(text=self._of_context(strings.CONTEXT) if self.used else "")

    def _of_context(self, words: str) -> str:
        length = self._room.length
        if length is None:
            return ""
        return words.format(used=fmt.count(self.used), length=fmt.count(length))

    def write(self, text: str) -> None:
        """Take the text that now stands in the composer."""
        if text != self._text:
            self._text = text
            self._text_tokens = None if text else 0
            self._trouble = ""
            self._sending = False
            self._count.request()
            self._keep_draft()
            self.changed.emit()

    def attach(self, paths: Iterable[Path]) -> None:
        """Read the files and attach those that can be read; `note` says why others cannot.

        The message cannot be sent before they are read. They are dropped where another chat is
        opened meanwhile.
        """
        chosen, chat_id = tuple(paths), self._chat.chat.id
        self._reading += 1
        answer = self._reader.run(lambda _files: read_text_files(chosen), self)
        answer.then(partial(self._on_read, chat_id))
        self.changed.emit()

    def attach_text(self, text: str) -> None:
        """A text that was pasted, as a file."""
        name = strings.PASTED_FILE.format(number=self._number + 1)
        self._add(Attachment(name=name, text=text))
        self._keep()

    def remove(self, key: str) -> None:
        self._take_off(key)
        self._trouble = ""
        self._keep()

    def send(self) -> bool:
        """Send what is written, or let it wait: for its count, or for the end of a reply."""
        if not self.can_send:
            return False
        if self._chat.writing:
            return self._queue()
        if not self._surely_fits():
            self._sending = True
            self._count.flush()
            self.changed.emit()
            return False
        if not self._chat.send(self._text, tuple(self._files.values())):
            return False
        self._clear()
        return True

    def take_back(self) -> None:
        """Write on at what waits in the queue."""
        self._write_on(self.queue.take())

    # Ways on from a full context

    def leave_out_oldest(self) -> bool:
        """Send no more of the oldest turns than fits; they stay in the chat."""
        first = self._room.first_that_fits(self._own_tokens())
        if first is None:
            return False
        self._chat.send_from(first)
        self.changed.emit()
        return True

    def go_on_elsewhere(self) -> None:
        """Open a new chat that begins with the last turns, and with what is being written."""
        own, first = self._own, self._room.first_that_fits(self._own_tokens())
        self._clear()
        self._chat.fork(first)
        self._write_on(own)

    # How it is done

    def _queue(self) -> bool:
        own, self._text = self._own, ""
        self._take_off(*self._files)
        self.queue.add(own)
        self._empty_field()
        return True

    def _write_on(self, begin: Unsent) -> None:
        """Put a message before the text that is being written."""
        for file in begin.files:
            self._add(file)
        self.returned.emit(begin.before(Unsent(text=self._text)).text)
        self._keep()

    def _clear(self) -> None:
        self._take_off(*self._files)
        self._empty_field()

    def _empty_field(self) -> None:
        self._text, self._text_tokens = "", 0
        self._counter.forget(_TEXT)
        self._trouble = ""
        self._sending = False
        self._keep()
        self.sent.emit()

    def _surely_fits(self) -> bool:
        """Whether all is counted, or short enough whatever its count: a token is a byte or more."""
        length = self._room.length
        if length is None:
            return True
        uncounted = [file.text for file in self._files.values() if file.tokens is None]
        if self._text_tokens is None:
            uncounted.append(self._text)
        most = sum(len(text.encode(errors="replace")) for text in uncounted)
        return not uncounted or self.used + most < length

    def _own_tokens(self) -> int:
        return (self._text_tokens or 0) + sum(file.tokens or 0 for file in self._files.values())

    def _on_read(self, chat_id: str, files: TextFiles) -> None:
        self._reading -= 1
        if chat_id == self._chat.chat.id:
            for file in files.read:
                self._add(file)
            self._trouble = " ".join(files.refused)
            self._keep()

    def _add(self, file: Attachment) -> None:
        self._number += 1
        key = f"file {self._number}"
        self._files[key] = file
        self._counter.ask(key, file.text)

    def _take_off(self, *keys: str) -> None:
        for key in keys:
            self._files.pop(key, None)
            self._counter.forget(key)

    @property
    def _own(self) -> Unsent:
        return Unsent(text=self._text, files=tuple(self._files.values()))

    def _keep(self) -> None:
        self._chat.drafts.attach((self.queue.here or Unsent()).before(self._own).files)
        self._keep_draft()
        self.changed.emit()

    def _keep_draft(self) -> None:
        self._chat.drafts.write((self.queue.here or Unsent()).before(self._own).text)

    def _on_opened(self) -> None:
        """Take up the draft of the chat.

        Tokens are counted again: another model may have been loaded since.
        """
        self._trouble = ""
        self._sending = False
        self._take_off(*self._files)
        for file in self.draft.files:
            self._add(file)

    def _count_text(self) -> None:
        if self._text:
            self._counter.ask(_TEXT, self._text)
            return
        self._counter.forget(_TEXT)
        self._text_tokens = 0
        self.changed.emit()

    def _on_counted(self, key: str, tokens: int) -> None:
        if key == _TEXT:
            self._text_tokens = tokens
        if key in self._files:
            self._files[key] = msgspec.structs.replace(self._files[key], tokens=tokens)
        self._keep()
        self._go_on_sending()

    def _on_uncounted(self, key: str) -> None:
        """What the engine cannot count it may still be able to read."""
        self._on_counted(key, 0)

    def _go_on_sending(self) -> None:
        if self._sending and self._surely_fits():
            self._sending = False
            self.send()
            self.changed.emit()


def file_detail(file: Attachment) -> str:
    """Return the file's size, and its tokens once they are counted."""
    size = fmt.file_size(len(file.text.encode()))
    if file.tokens is None:
        return size
    return strings.SEPARATOR.join((size, strings.FILE_TOKENS.format(count=fmt.count(file.tokens))))
