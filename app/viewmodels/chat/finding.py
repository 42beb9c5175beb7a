"""Finding words in the open chat: which messages of the branch that is read hold them, and where.

A chat may have thousands of messages: they are searched in slices, and only what may hold the words
is rendered to plain text, once.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.conversation import ChatMessage
from app.render.plain import plain_text
from app.viewmodels.chat.chat import ChatViewModel

_SLICE_S = 0.004  # spent on searching in one turn of the event loop
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

    def __init__(self, chat: ChatViewModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._chat = chat
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
        return self._slices.isActive()

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
        self._above, self._below = [], []
        self._searched, self._from = 0, row
        self._again.stop()
        if words and search:
            self._slices.start()
        else:
            self._slices.stop()
        self.changed.emit()

    def _search_slice(self) -> None:
        """Search on from the reader's row: what is near is found first."""
        end = time.perf_counter() + _SLICE_S
        rows = len(self._chat.messages)
        while self._searched < rows and time.perf_counter() < end:
            self._search_row((self._from + self._searched) % rows)
            self._searched += 1
        if self._searched >= rows:
            self._slices.stop()
            self._collect()
            if self._at is None and self.hits:  # all of them are above
                self._go(0)
            self.changed.emit()

    def _search_row(self, row: int) -> None:
        message = self._chat.messages.at(row)
        found = [Hit(row, message.id, nth) for nth in range(self._count(message))]
        if row < self._from:
            self._above += found
            return
        self._below += found
        if self._at is None and found:
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

    def _count(self, message: ChatMessage) -> int:
        wanted = self.words[0].lower()
        source = message.text.lower()
        if any(word not in source for word in wanted.split()):
            return 0
        known = self._texts.get(message.id)
        if known is None or known[0] != message.text:
            known = self._texts[message.id] = (message.text, plain_text(message.text).lower())
        return known[1].count(wanted)

    def _on_messages(self) -> None:
        """The chat has changed: search again, once it has stopped changing for a moment."""
        if self.words and not self._again.isActive():
            self._again.start()

    def _search_again(self) -> None:
        """Find the same words anew; the current hit stays where it still is one."""
        if not self.hits and not self.words:
            return
        kept = self.current
        self._slices.stop()
        self.hits = []
        for row in range(len(self._chat.messages)):
            message = self._chat.messages.at(row)
            self.hits.extend(Hit(row, message.id, nth) for nth in range(self._count(message)))
        self._at = None if kept is None else bisect_left(self.hits, kept.row, key=lambda h: h.row)
        if self._at is not None and self._at >= len(self.hits):
            self._at = len(self.hits) - 1 if self.hits else None
        self.changed.emit()
