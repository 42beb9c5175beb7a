"""Tokens set in lines, one after the other, as they come. Pure: widths are handed in.

A line may end before a token that begins with a space and around a ghost, so that a word of
several tokens is not torn apart; a word longer than a line is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.viewmodels.tokens.token_view import Kind, TokenRun

Measure = Callable[[str, Kind], float]


@dataclass(slots=True)
class Item:
    """A painted piece of a token. `mark` is the room for a round's boundary before it."""

    run: TokenRun
    text: str
    x: float
    width: float
    line: int
    mark: bool = False


class TokenLayout:
    """`lines` holds the index of each line's first item; nothing above the last word moves."""

    def __init__(self, width: float, measure: Measure, mark_width: float = 0.0) -> None:
        self._width = width
        self._measure = measure
        self._mark = mark_width
        self._end = 0.0  # of the last line
        self._word = 0  # the first item that moves if the next does not fit
        self.items: list[Item] = []
        self.lines: list[int] = [0]

    def add(self, run: TokenRun) -> None:
        for number, piece in enumerate(run.pieces):
            begins = run.begins and number == 0
            item = Item(
                run=run,
                text=piece.text,
                x=0.0,
                width=self._measure(piece.text, run.kind) + (self._mark if begins else 0.0),
                line=0,
                mark=begins,
            )
            self._place(item)
            if piece.ends_line:
                self._break(len(self.items))

    def within(self, first: int, last: int) -> Sequence[Item]:
        """Items of the lines `first` to `last`, both included."""
        first, last = max(0, first), min(last, len(self.lines) - 1)
        if first > last:
            return ()
        end = self.lines[last + 1] if last + 1 < len(self.lines) else len(self.items)
        return self.items[self.lines[first] : end]

    def at(self, x: float, line: int) -> Item | None:
        items = self.within(line, line)
        place = bisect_right(items, x, key=lambda item: item.x) - 1
        if place < 0 or x > items[place].x + items[place].width:
            return None
        return items[place]

    def lines_of(self, round_: int) -> tuple[int, int] | None:
        """The first and last line with a token of a round; None where it has not been set."""
        start = bisect_right(self.items, round_ - 1, key=lambda item: item.run.round)
        end = bisect_right(self.items, round_, key=lambda item: item.run.round)
        return (self.items[start].line, self.items[end - 1].line) if start < end else None

    def _place(self, item: Item) -> None:
        if self._may_break_before(item):
            self._word = len(self.items)
        while self._end > 0 and self._end + item.width > self._width:
            if self._word <= self.lines[-1]:  # the word began this line: it is torn
                self._word = len(self.items)
            self._break(self._word)
        item.x, item.line = self._end, len(self.lines) - 1
        self._end += item.width
        self.items.append(item)

    def _may_break_before(self, item: Item) -> bool:
        before = self.items[-1].run.kind if self.items else None
        return item.text[:1].isspace() or "rejected" in (item.run.kind, before)

    def _break(self, start: int) -> None:
        """Begin a line with item `start`; those from it on move down with it."""
        self.lines.append(start)
        self._end = 0.0
        self._word = start
        for item in self.items[start:]:
            item.x, item.line = self._end, len(self.lines) - 1
            self._end += item.width
