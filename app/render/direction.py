"""The direction of a text: that of its first strong character.

HTML's `dir=auto` and Qt's paragraphs have the same rule; UAX #9 would pass over isolates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from unicodedata import bidirectional

from markdown_it.token import Token

Direction = Literal["ltr", "rtl"]

_STRONG: dict[str, Direction] = {"L": "ltr", "R": "rtl", "AL": "rtl"}


def direction(text: str) -> Direction | None:
    """Return the direction of `text`, or None where no character of it has one."""
    kinds = map(bidirectional, text)
    return next((_STRONG[kind] for kind in kinds if kind in _STRONG), None)


def mark_quotes(tokens: Sequence[Token]) -> None:
    """Write the direction of each quote's text into the `meta` of its opening and closing token.

    A quote whose text has none yet is left without. The tokens are changed in place.
    """
    quotes: list[Token] = []
    for token in tokens:
        if token.type == "blockquote_open":
            token.meta.pop("direction", None)
            quotes.append(token)
        elif token.type == "blockquote_close":
            token.meta = dict(quotes.pop().meta)
        elif quotes and (first := direction(_shown(token))):
            for quote in quotes:
                quote.meta.setdefault("direction", first)


def is_undecided(token: Token) -> bool:
    """Whether it opens a quote whose text has no direction yet."""
    return token.type == "blockquote_open" and "direction" not in token.meta


def _shown(token: Token) -> str:
    """Return the text of a token; a formula is a picture, which has no direction."""
    if token.type == "inline":
        return "".join(child.content for child in token.children or [] if child.type != "math")
    return "" if token.type == "math_block" else token.content
