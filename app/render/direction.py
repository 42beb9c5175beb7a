"""Which way a text runs: as its first strong character does.

As with `dir=auto` in HTML, and where Qt begins a paragraph; UAX #9 would pass over isolates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from unicodedata import bidirectional

from markdown_it.token import Token

Direction = Literal["ltr", "rtl"]

_STRONG: dict[str, Direction] = {"L": "ltr", "R": "rtl", "AL": "rtl"}


def direction(text: str) -> Direction | None:
    """None where nothing in it has one."""
    kinds = map(bidirectional, text)
    return next((_STRONG[kind] for kind in kinds if kind in _STRONG), None)


def mark_quotes(tokens: Sequence[Token]) -> None:
    """Each quote at both its ends with the direction of its text, as far as that is known."""
    quotes: list[Token] = []
    for token in tokens:
        if token.type == "blockquote_open":
            token.meta.pop("direction", None)
            quotes.append(token)
        elif token.type == "blockquote_close":
            token.meta = dict(quotes.pop().meta)
        elif quotes and (found := direction(_shown(token))):
            for quote in quotes:
                quote.meta.setdefault("direction", found)


def is_undecided(token: Token) -> bool:
    return token.type == "blockquote_open" and "direction" not in token.meta


def _shown(token: Token) -> str:
    """A formula is a picture, which has no direction."""
    if token.type == "inline":
        return "".join(child.content for child in token.children or [] if child.type != "math")
    return "" if token.type == "math_block" else token.content
