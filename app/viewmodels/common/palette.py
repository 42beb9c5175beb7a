"""The command palette's search: the commands that match a few typed letters. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Points for a typed letter, by where it stands in the command's text.
_START_OF_WORD = 3.0
_FOLLOWS = 2.0  # right behind the letter typed before
_ANYWHERE = 1.0
_EARLY = 0.01  # taken off for each letter before the first match


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A command as the palette lists it."""

    text: str
    menu: str = ""  # the menu that has it
    shortcut: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """A match: the entry's row in the list, and the positions of the typed letters in its text."""

    row: int
    letters: tuple[int, ...] = ()


def matches(entries: Sequence[Entry], query: str) -> list[Match]:
    """Return the entries whose text, or menu and text, have the letters of `query` in order.

    Enabled ones come first, then the best match; an empty query lists all in their order.
    """
    wanted = "".join(query.casefold().split())
    ranked: list[tuple[bool, float, int, Match]] = []
    for row, entry in enumerate(entries):
        scored = _scored(entry, wanted)
        if scored is not None:
            score, letters = scored
            ranked.append((not entry.enabled, -score, row, Match(row, letters)))
    return [match for *_, match in sorted(ranked, key=lambda item: item[:3])]


def _scored(entry: Entry, wanted: str) -> tuple[float, tuple[int, ...]] | None:
    if not wanted:
        return 0.0, ()
    own = _best(entry.text, wanted)
    if own is not None:
        return own
    whole = _best(f"{entry.menu} {entry.text}", wanted)
    if whole is None:
        return None
    score, letters = whole
    start = len(entry.menu) + 1
    return score - len(wanted), tuple(at - start for at in letters if at >= start)


def _best(text: str, wanted: str) -> tuple[float, tuple[int, ...]] | None:
    """Return score and positions of the best match, tried from each place of the first letter."""
    low = [letter.casefold() for letter in text]
    tries = [_from(low, text, wanted, at) for at, c in enumerate(low) if c == wanted[0]]
    matching = [scored for scored in tries if scored is not None]
    return max(matching, default=None, key=lambda scored: scored[0])


def _from(
    low: list[str], text: str, wanted: str, start: int
) -> tuple[float, tuple[int, ...]] | None:
    """Return score and positions of the match whose first letter stands at `start`, or None.

    A further letter is taken at the next start of a word that has it, else where it comes next.
    """
    letters: list[int] = []
    score, at = -_EARLY * start, start
    for wish in wanted:
        places = [i for i in range(at, len(low)) if low[i] == wish]
        if not places:
            return None
        follows = bool(letters) and places[0] == letters[-1] + 1
        starts = [i for i in places if i == 0 or not text[i - 1].isalnum()]
        place = places[0] if follows or not starts or not letters else starts[0]
        score += _FOLLOWS if follows else _START_OF_WORD if place in starts else _ANYWHERE
        letters.append(place)
        at = place + 1
    return score, tuple(letters)
