"""Finding words in the open chat: which messages of the branch that is read hold them, and where.

A chat may have thousands of messages: they are searched in slices, and only what may hold the words
is rendered to plain text, once; what is long, on another thread.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass
from functools import partial
from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.conversation import ChatMessage
from app.render.plain import plain_text
from app.services.report_files import ReportFiles
from app.services.store_thread import StoreThread
from app.viewmodels.chat.chat import ChatViewModel

_SLICE_S = 0.004  # spent on searching in one turn of the event loop
_LONG = 4000  # characters: a longer text would take more than a slice, a millisecond for each 800
_LATER_MS = 300  # after the chat has changed


@dataclass(frozen=True, slots=True)
class Hit:
    """Words in a message; `nth` counts from 0 within the message. `row` is the message's."""

    row: int
    message: str
    nth: int


class Finding(QObject):
    """`words` are highlighted wherever they stand; `hits` are those of the first, as one steps."""

    changed = Signal()  # the hits, or which of them is the current one
    went = Signal(object)  # Hit, which is to be shown

    def __init__(
        self,
        chat: ChatViewModel,
        reader: StoreThread[ReportFiles],
        parent: QObject | None = None,
    ) -> None:
        """`reader` is the thread that renders long texts."""
        super().__init__(parent)
        self._chat = chat
        self._reader = reader
        self._going: Literal["", "first", "again"] = ""  # which pass
        self.words: tuple[str, ...] = ()
        self.hits: list[Hit] = []  # from the top, as far as the search has come
        self._at: int | None = None
        self._from = 0  # the row that the reader looked at when the search began
        self._searched = 0  # rows, from there to the end and then from the top
        self._above: list[Hit] = []
        self._below: list[Hit] = []
        self._texts: dict[str, tuple[str, str]] = {}  # message id -> its source and its plain text
        self._slices = QTimer(self, interval=0)
        self._slices.timeout.connect(self._search_slice)
        self._again = QTimer(self, singleShot=True, interval=_LATER_MS)
        self._again.timeout.connect(self._search_again)
        chat.opened.connect(self.clear)
        for signal in (
            chat.messages.rowsInserted,
            chat.messages.rowsRemoved,
            chat.messages.dataChanged,
        ):
            signal.connect(self._on_messages)

    @property
    def searching(self) -> bool:
        """Return whether the first pass goes on; a later pass, after a change, does not count."""
        return self._going == "first"

    @property
    def current(self) -> Hit | None:
        return None if self._at is None else self.hits[self._at]

    @property
    def place(self) -> int | None:
        """The current hit's number, from 1."""
        return None if self._at is None else self._at + 1

    def search(self, words: str, row: int = 0) -> None:
        """Find `words`, as they stand; the first hit in or below `row` is shown."""
        wanted = " ".join(words.split())
        self._begin((wanted,) if wanted else (), row)

    def show(self, message: str, words: tuple[str, ...]) -> None:
        """Highlight each of `words`, and show the first of them that is in this message."""
        self._begin(words, 0, search=False)
        rows = self._chat.messages.messages
        row = next((i for i, one in enumerate(rows) if one.id == message), None)
        if row is not None:
            self.hits, self._at = [Hit(row, message, 0)], 0
            self.went.emit(self.hits[0])
        self.changed.emit()

    def clear(self) -> None:
        self._texts.clear()
        if self.words:
            self._begin((), 0)

    def step(self, by: int) -> None:
        """To the next or the previous hit, around the ends."""
        if self.hits:
            self._at = (by - 1 if by > 0 else by) if self._at is None else self._at + by
            self._at %= len(self.hits)
            self.went.emit(self.hits[self._at])
            self.changed.emit()

    def _begin(self, words: tuple[str, ...], row: int, *, search: bool = True) -> None:
        self.words, self.hits, self._at = words, [], None
        self._again.stop()
        self._start("first" if words and search else "", row)
        self.changed.emit()

    def _start(self, search: Literal["", "first", "again"], row: int) -> None:
        self._above, self._below = [], []
        self._searched, self._from = 0, row
        self._going = search
        if search:
            self._slices.start()
        else:
            self._slices.stop()

    def _search_slice(self) -> None:
        """Search on from the reader's row: what is near is found first."""
        end = time.perf_counter() + _SLICE_S
        rows = len(self._chat.messages)
        while self._searched < rows and time.perf_counter() < end:
            row = (self._from + self._searched) % rows
            message = self._chat.messages.at(row)
            if self._may_hold(message):
                if not self._is_read(message):
                    self._read(message)
                    return
                self._search_row(row, message)
            self._searched += 1
        if self._searched >= rows:
            self._end()

    def _end(self) -> None:
        self._slices.stop()
        ended, self._going = self._going, ""
        if ended == "again":
            self._renew()
        else:
            self._collect()
            if self._at is None and self.hits:  # all of them are above
                self._go(0)
        self.changed.emit()

    def _search_row(self, row: int, message: ChatMessage) -> None:
        count = self._texts[message.id][1].count(self.words[0].lower())
        found = [Hit(row, message.id, nth) for nth in range(count)]
        if row < self._from:
            self._above += found
            return
        self._below += found
        if self._at is None and found and self._going == "first":
            self._collect()
            self._go(len(self._above))

    def _collect(self) -> None:
        """Put together what was found; the current hit stays the first below the reader's row."""
        kept = None if self._at is None else self.hits[self._at]
        self.hits = [*self._above, *self._below]
        if kept is not None:
            self._at = self.hits.index(kept)

    def _go(self, at: int) -> None:
        self._at = at
        self.went.emit(self.hits[at])
        self.changed.emit()

    def _may_hold(self, message: ChatMessage) -> bool:
        """Return whether its source has all of the words, with marks among them perhaps."""
        source = message.text.lower()
        return all(word in source for word in self.words[0].lower().split())

    def _is_read(self, message: ChatMessage) -> bool:
        """Return whether the plain text is known, after rendering one that is short."""
        known = self._texts.get(message.id)
        if known is not None and known[0] == message.text:
            return True
        if len(message.text) <= _LONG:
            self._texts[message.id] = (message.text, _searched(message.text))
        return len(message.text) <= _LONG

    def _read(self, message: ChatMessage) -> None:
        """Have a long text rendered, and search on then."""
        self._slices.stop()
        answer = self._reader.run(lambda _files: _searched(message.text), self)
        answer.then(partial(self._on_read, message))

    def _on_read(self, message: ChatMessage, text: str) -> None:
        self._texts[message.id] = (message.text, text)
        if self._going:
            self._slices.start()

    def _on_messages(self) -> None:
        """The chat has changed: search again, once it has stopped changing for a moment."""
        if self.words and not self._again.isActive():
            self._again.start()

    def _search_again(self) -> None:
        """Find the same words anew, once the first pass is over; until then the hits stay."""
        if self._going == "first":
            self._again.start()
        elif self.words:
            self._start("again", 0)

    def _renew(self) -> None:
        """Take the hits of the new pass; the current hit stays where it is still among them."""
        kept = self.current
        self.hits = self._below
        self._at = None if kept is None else bisect_left(self.hits, kept.row, key=lambda h: h.row)
        if self._at is not None and self._at >= len(self.hits):
            self._at = len(self.hits) - 1 if self.hits else None


def _searched(text: str) -> str:
    return plain_text(text).lower()
