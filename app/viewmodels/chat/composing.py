"""The message in the composer: its files, and how much of the context it takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.conversation import Attachment, ReplyRecord
from app.engine.engine import Engine
from app.engine.state import State
from app.engine.ticket import CountTicket
from app.services.report_files import ReportFiles
from app.services.store_thread import StoreThread
from app.services.text_files import TextFiles, read_text_files
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.common import format as fmt
from app.viewmodels.common.throttle import Throttle
from mtp_mlx.api import CountTokens, PairInfo


class TokenCounter(QObject):
    """Has the engine count the tokens of texts, each under a key.

    A text asked for under a key replaces the one before. While the engine is busy, starting or
    dead, texts wait for it. When another pair is loaded, all are counted again.
    """

    counted = Signal(str, int)  # key, tokens

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._texts: dict[str, str] = {}
        self._open: set[str] = set()  # keys of texts that are not counted yet
        self._tickets: dict[str, CountTicket] = {}  # of the texts that were sent, by key
        self._pair: PairInfo | None = None
        engine.state_changed.connect(self._on_state)

    def ask(self, key: str, text: str) -> None:
        self._texts[key] = text
        self._open.add(key)
        self._drop(key)
        self._send(key)

    def forget(self, key: str) -> None:
        """Count the text under `key` no more."""
        self._texts.pop(key, None)
        self._open.discard(key)
        self._drop(key)

    def _drop(self, key: str) -> None:
        ticket = self._tickets.pop(key, None)
        if ticket is not None:
            ticket.drop()

    def _send(self, key: str) -> None:
        if self._engine.idle is None:
            return
        ticket = self._engine.submit(CountTokens(text=self._texts[key]))
        self._tickets[key] = ticket
        ticket.finished.connect(lambda tokens: self._on_count(key, tokens))
        ticket.failed.connect(lambda: self._tickets.pop(key, None))

    def _on_state(self, _state: State) -> None:
        ready = self._engine.idle
        if ready is None:
            return
        if ready.pair != self._pair:
            self._pair = ready.pair
            self._open = set(self._texts)
        for key in sorted(self._open - set(self._tickets)):
            self._send(key)

    def _on_count(self, key: str, tokens: int | None) -> None:
        del self._tickets[key]
        self._open.discard(key)
        if tokens is not None:
            self.counted.emit(key, tokens)


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
        self._text_tokens = 0
        self._trouble = ""  # why files were not attached, in a sentence each
        self._reading = 0  # calls of the reader that are not answered
        self._counted_reply: tuple[ReplyRecord | None, int] = (None, 0)
        self._count = Throttle(COUNT_MS, self._count_text, self)
        counter.counted.connect(self._on_counted)
        chat.opened.connect(self._on_opened)
        chat.changed.connect(self.changed)

    @property
    def attachments(self) -> dict[str, Attachment]:
        """The attached files of the open chat, by the key that `remove` takes."""
        return dict(self._files)

    @property
    def obstacle(self) -> str:
        """Return why the message cannot be sent; "" where it can, or is empty."""
        if self._chat.obstacle:
            return self._chat.obstacle
        if self._reading:
            return strings.OBSTACLE_READING
        pair = self._chat.pair
        used = self.used
        if pair is None or used < pair.context_length:
            return ""
        return strings.CONTEXT_FULL.format(
            used=fmt.count(used), length=fmt.count(pair.context_length)
        )

    @property
    def can_send(self) -> bool:
        return not self.obstacle and bool(self._text.strip() or self.attachments)

    @property
    def used(self) -> int:
        """Return the tokens of the conversation and of this message, as far as they are counted."""
        files = sum(file.tokens or 0 for file in self._files.values())
        return self._said_tokens() + self._text_tokens + files

    @property
    def note(self) -> Note:
        """Return a trouble, an obstacle, or how much of the context is used."""
        if self._trouble:
            return Note(text=self._trouble, warns=True)
        if self.obstacle:
            return Note(text=self.obstacle, warns=not self._chat.obstacle)
        pair = self._chat.pair
        if pair is None or not self.used:
            return Note()
        text = strings.CONTEXT.format(
            used=fmt.count(self.used), length=fmt.count(pair.context_length)
        )
        return Note(text=text)

    def write(self, text: str) -> None:
        """Take the text that now stands in the composer."""
        if text != self._text:
            self._text = text
            self._trouble = ""
            self._count.request()
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

    def remove(self, key: str) -> None:
        self._take_off(key)
        self._trouble = ""
        self._keep()

    def send(self) -> bool:
        if self.obstacle or not self._chat.send(self._text, tuple(self._files.values())):
            return False
        self._take_off(*self._files)
        self._trouble = ""
        self._keep()
        return True

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

    def _keep(self) -> None:
        self._chat.drafts.attach(tuple(self._files.values()))
        self.changed.emit()

    def _on_opened(self) -> None:
        """Show the files of the opened chat's draft and count their tokens anew.

        Another model may have been loaded since they were counted.
        """
        self._take_off(*self._files)
        for file in self._chat.chat.draft_files:
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

    def _said_tokens(self) -> int:
        """Return the tokens of the conversation as it will be sent: without thoughts."""
        reply = self._chat.last_reply
        if reply is None or reply.stats is None:
            return 0
        if reply is not self._counted_reply[0]:
            thoughts = sum(token.thought for record in reply.rounds for token in record.tokens)
            written = reply.stats.generated_tokens - thoughts
            self._counted_reply = (reply, reply.prompt_tokens + max(0, written))
        return self._counted_reply[1]


def file_detail(file: Attachment) -> str:
    """Return the file's size, and its tokens once they are counted."""
    size = fmt.file_size(len(file.text.encode()))
    if file.tokens is None:
        return size
    return strings.SEPARATOR.join((size, strings.FILE_TOKENS.format(count=fmt.count(file.tokens))))
