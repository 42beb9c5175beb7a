"""Which commands a few typed letters mean. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_START_OF_WORD = 3.0
_FOLLOWS = 2.0
_ANYWHERE = 1.0
_EARLY = 0.01  # a letter, that a match begins sooner


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One command as the palette lists it."""

    text: str
    menu: str = ""  # where else it is found
    shortcut: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """An entry by its row among all, and the letters of its text that were meant."""

    row: int
    letters: tuple[int, ...] = ()


def matches(entries: Sequence[Entry], query: str) -> list[Match]:
    """The entries whose text, or menu and text, hold the letters of `query` in order; best first.

    Where nothing is typed all are listed as they stand. What can be done comes before what cannot.
    """
    wanted = "".join(query.casefold().split())
    found: list[tuple[bool, float, int, Match]] = []
    for row, entry in enumerate(entries):
        scored = _scored(entry, wanted)
        if scored is not None:
            score, letters = scored
            found.append((not entry.enabled, -score, row, Match(row, letters)))
    return [match for *_, match in sorted(found, key=lambda item: item[:3])]


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
    """The best of the matches that begin at each place where the first letter stands."""
    low = [letter.casefold() for letter in text]
    tries = [_from(low, text, wanted, at) for at, c in enumerate(low) if c == wanted[0]]
    found = [one for one in tries if one is not None]
    return max(found, default=None, key=lambda one: one[0])


def _from(
    low: list[str], text: str, wanted: str, start: int
) -> tuple[float, tuple[int, ...]] | None:
    """Each letter at the start of a word if there is one ahead, else where it comes next."""
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
