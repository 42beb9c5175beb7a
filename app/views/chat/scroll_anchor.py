"""The reader's place in a growing column, as a value: taken from its geometry, and restored.

Pure. Positions are pixels from the top of the column; `value` and `maximum` are the scroll bar's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

NEAR_END = 8
"""A reader this many pixels above the end still follows it."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Mark:
    """A part of the column: a block of a message, a message, or the column as a whole."""

    offset: int  # pixels from the top of the viewport down to the part's top
    message: str = ""  # id; "": the column
    block: int | None = None  # row in the message; None: the message as a whole


@dataclass(frozen=True, slots=True)
class ScrollAnchor:
    """The reader's place: the end of the column (no marks), or the first mark that still exists.

    A reader at the end follows what is added. Elsewhere the mark keeps its place in the viewport,
    whatever comes or goes above and below.
    """

    marks: tuple[Mark, ...] = ()

    @property
    def following(self) -> bool:
        return not self.marks


AT_THE_END = ScrollAnchor()


class Messages(Protocol):
    """The geometry of a column of messages."""

    def messages(self) -> Sequence[str]:
        """Return the ids of the messages, from the top."""
        ...

    def blocks(self, message: str) -> Sequence[int]:
        """Return the rows of the message's shown blocks, from the top; () where it has none."""
        ...

    def top(self, message: str, block: int | None = None) -> int | None:
        """Return the top of a message, or of one of its blocks.

        None where the column does not have it, or has not laid it out yet.
        """
        ...


def anchor_at(value: int, maximum: int, column: Messages) -> ScrollAnchor:
    """Return the place of a reader who has scrolled to `value`."""
    return AT_THE_END if value >= maximum - NEAR_END else marks_at(value, column)


def marks_at(value: int, column: Messages) -> ScrollAnchor:
    """Return what is at the top of the viewport: block, message and column, the finest first."""
    marks = [Mark(-value)]
    message = _nearest(value, column.messages(), column.top)
    if message is not None:
        marks.insert(0, Mark((column.top(message) or 0) - value, message))
        rows = column.blocks(message)
        block = _nearest(value, rows, lambda row: column.top(message, row))
        if block is not None:
            marks.insert(0, Mark((column.top(message, block) or 0) - value, message, block))
    return ScrollAnchor(tuple(marks))


def value_of(anchor: ScrollAnchor, maximum: int, column: Messages) -> int:
    """Return the scroll bar's value that puts the reader back; it may be beyond `maximum`."""
    for mark in anchor.marks:
        top = _top(mark, column)
        if top is not None:
            return top - mark.offset
    return maximum


def remeasured(anchor: ScrollAnchor, value: int, column: Messages) -> ScrollAnchor:
    """Return the anchor with the offsets of its marks at `value`, without the marks that are gone.

    Parts that were inserted between two marks have moved them apart.
    """
    tops = [(mark, _top(mark, column)) for mark in anchor.marks]
    return ScrollAnchor(
        tuple(replace(mark, offset=top - value) for mark, top in tops if top is not None)
    )


def _top(mark: Mark, column: Messages) -> int | None:
    return column.top(mark.message, mark.block) if mark.message else 0


def _nearest(value: int, parts: Sequence[_T], top: Callable[[_T], int | None]) -> _T | None:
    """Return the last part that begins at or above the top of the viewport, or else the first.

    Parts that were added but not laid out yet have no top.
    """
    tops = [(place, part) for part in parts if (place := top(part)) is not None]
    above = [pair for pair in tops if pair[0] <= value]
    if above:
        return max(above, key=lambda pair: pair[0])[1]
    return tops[0][1] if tops else None
