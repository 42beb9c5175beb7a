"""What a search looks for, and what it shows of a text that holds it. Pure.

A search is words; what is found holds all of them, as they are or as parts of words, in any
order. Capitals do not matter, and no character has a meaning of its own.
"""

from __future__ import annotations

_BEFORE = 14
_AFTER = 106


def words(query: str) -> tuple[str, ...]:
    """Without what no text can hold: half of a surrogate pair, a zero."""
    text = query.encode("utf-8", "ignore").decode().replace("\0", " ")
    return tuple(dict.fromkeys(text.split()))


def holds(text: str, wanted: tuple[str, ...]) -> bool:
    folded = text.casefold()
    return all(word.casefold() in folded for word in wanted)


def snippet(text: str, wanted: tuple[str, ...]) -> str:
    """One line around the first of the words that is found."""
    folded = text.casefold()
    places = [place for word in wanted if (place := folded.find(word.casefold())) >= 0]
    start = max(0, min(places, default=0) - _BEFORE)
    end = start + _BEFORE + _AFTER
    line = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{line}{'…' if end < len(text) else ''}"
