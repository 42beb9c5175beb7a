"""Plain words at the end of a paragraph: most of what a reply is made of.

Markdown parses an open paragraph anew with each of them, and a list as a whole. Where a piece holds
nothing that could mean anything but itself, and goes on from text that does not either, it is only
added to that text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it.token import Token

from app.render.direction import is_undecided
from app.render.html import to_html
from app.render.inline import inline_html
from app.render.parser import Parsed
from app.render.parts import PART
from app.render.style import HtmlStyle

_WORDS = re.compile(r"""(?:[^\W_]|[ ,.!?:+'"\u2018-\u201d\u2013\u2014-])+""")
_BEGUN = re.compile(r"\W*(?:\d+[.)]\s+\W*)*[^\W\d_]")
"""A line whose first word has begun: no rule can take it for anything else any more."""
_DEFINES = "]:"
_TEXT_BLOCKS = ("paragraph_close", "heading_close")


class OpenWords:
    """The last text of an open block, which plain words are added to."""

    def __init__(self, opening: str, text: str, closing: str, room: int, style: HtmlStyle) -> None:
        self._opening = opening  # HTML before and after it
        self._text = text  # with the spaces at its end, which the HTML is without
        self._closing = closing
        self._room = room  # characters until the paragraph comes in slices
        self._style = style

    @property
    def html(self) -> str:
        text = Token("text", "", 0, content=self._text.rstrip(" "))
        return self._opening + inline_html([text], self._style) + self._closing

    def take(self, piece: str) -> bool:
        """False, and nothing taken, where it has to be parsed."""
        if not _WORDS.fullmatch(piece) or len(piece) > self._room:
            return False
        self._text += piece
        self._room -= len(piece)
        return True


def open_words(block: Parsed, tail: str, style: HtmlStyle) -> OpenWords | None:
    """For the block at the end of `tail`, the text that is open; None where it ends otherwise."""
    inline = _last_inline(block.tokens)
    written = block.source.rstrip(" ")
    if inline is None or block.sliced or _DEFINES in tail:
        return None
    if any(is_undecided(token) for token in block.tokens):
        return None
    if not (_WORDS.fullmatch(written[-1:]) and _BEGUN.match(block.source.rpartition("\n")[2])):
        return None
    paragraph = block.tokens[inline]
    *before, last = paragraph.children or []  # only text ends with such a character
    return OpenWords(
        to_html(block.tokens[:inline], style) + inline_html(before, style),
        last.content + block.source[len(written) :],
        to_html(block.tokens[inline + 1 :], style),
        PART - len(paragraph.content),
        style,
    )


def _last_inline(tokens: Sequence[Token]) -> int | None:
    """Of the paragraph or heading that only closing tags follow."""
    last = len(tokens) - 1
    while last > 0 and tokens[last].nesting < 0:
        last -= 1
    is_text = tokens[last].type == "inline" and tokens[last + 1].type in _TEXT_BLOCKS
    return last if is_text else None
