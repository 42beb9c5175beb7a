"""The space between neighbours (the TeXbook, chapter 18, page 170)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.render.maths.box import Box, beside, space
from app.render.maths.setting import Level, Setting
from app.render.maths.symbols import Kind

_ORDER = tuple(Kind)
_EIGHTEENTHS = {"1": 3, "t": 3, "m": 4, "k": 5}  # of an em: thin, medium, thick
# A row for the left neighbour, a column for the right one. Letters: not in scripts.
_TABLE = {
    Kind.ORDINARY: "01mk000t",
    Kind.OPERATOR: "110k000t",
    Kind.BINARY: "mm00m00m",
    Kind.RELATION: "kk00k00k",
    Kind.OPENING: "00000000",
    Kind.CLOSING: "01mk000t",
    Kind.PUNCTUATION: "tt0ttttt",
    Kind.INNER: "t1mkt0tt",
}
_NO_TERM_BEFORE = (
    None, Kind.BINARY, Kind.OPERATOR, Kind.RELATION, Kind.OPENING, Kind.PUNCTUATION,
)  # fmt: skip
_NO_TERM_AFTER = (None, Kind.RELATION, Kind.CLOSING, Kind.PUNCTUATION)

Part = tuple[Kind | None, Box]
"""A box with its part in the row; explicit space has none and is looked through."""


def row(parts: Sequence[Part], setting: Setting) -> Box:
    return beside(_with_spaces(parts, _settled([kind for kind, _ in parts]), setting))


def _with_spaces(
    parts: Sequence[Part], kinds: Sequence[Kind | None], setting: Setting
) -> Iterator[Box]:
    last: Kind | None = None
    for i, (kind, (_, box)) in enumerate(zip(kinds, parts, strict=True)):
        if last is not None and kind is not None:
            yield space(between(last, kind, setting))
        last = kind or last
        yield box
        if box.italic and box.single and i + 1 < len(parts) and not parts[i + 1][1].italic:
            yield space(box.italic)  # what follows is upright and would be touched


def between(left: Kind, right: Kind, setting: Setting) -> float:
    """In em of the whole formula."""
    space = _TABLE[left][_ORDER.index(right)]
    if space == "0" or (space.isalpha() and setting.level >= Level.SCRIPT):
        return 0.0
    return _EIGHTEENTHS[space] / 18 * setting.scale


def _settled(kinds: Sequence[Kind | None]) -> list[Kind | None]:
    """A sign between two terms is binary; a minus before the first is not."""
    settled = list(kinds)
    seen = [i for i, kind in enumerate(kinds) if kind is not None]
    for place, i in enumerate(seen):
        before = settled[seen[place - 1]] if place else None
        after = kinds[seen[place + 1]] if place + 1 < len(seen) else None
        if settled[i] is Kind.BINARY and (before in _NO_TERM_BEFORE or after in _NO_TERM_AFTER):
            settled[i] = Kind.ORDINARY
    return settled
