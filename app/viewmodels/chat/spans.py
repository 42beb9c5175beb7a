"""A selection over several texts, one below the other: what of each is selected. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_UTF16 = "utf-16-le"  # Qt counts its units; a text may end in half a character


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Between two characters."""

    row: int  # of the text
    position: int


@dataclass(frozen=True, slots=True)
class Span:
    """In one text, from where it was begun; `head` is before it where one selects upwards."""

    anchor: int
    head: int


def spans(lengths: Sequence[int], anchor: Place, head: Place) -> dict[int, Span]:
    """By row, from the text of `anchor` to that of `head`, whatever the direction."""
    down = anchor <= head
    first, last = sorted((anchor.row, head.row))
    return {
        row: Span(
            anchor.position if row == anchor.row else 0 if down else lengths[row],
            head.position if row == head.row else lengths[row] if down else 0,
        )
        for row in range(first, last + 1)
    }


def agreement(before: str, after: str) -> int:
    """Up to which position two texts are the same."""
    one, other = (text.encode(_UTF16, "surrogatepass") for text in (before, after))
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other))) // 2
