"""Code that is still being written: a fence without its closing line.

A long one may be the whole reply, so it is not parsed again with every token: what arrives is
searched for the one line that can close it, and only the first lines are coloured meanwhile.
"""

from __future__ import annotations

import re

from app.render.escape import text_html
from app.render.highlight import highlight
from app.render.html import language, pre
from app.render.parser import Parsed
from app.render.style import HtmlStyle

OPEN_LIMIT = 2_000
"""Characters coloured while a fence is open, once per finished line. The rest follows when it
closes, so that the cost of a token does not grow with the code."""


def closing_line(markup: str) -> re.Pattern[str]:
    """The line that closes a fence opened with `markup` (CommonMark 0.31.2, section 4.5)."""
    marker = re.escape(markup[0])
    return re.compile(rf"^ {{0,3}}{marker}{{{len(markup)},}}[ \t]*$", re.MULTILINE)


def is_closed(block: Parsed) -> bool:
    """Whether a parsed fence ends with its closing line rather than with the text."""
    last = block.source.removesuffix("\n").rpartition("\n")
    return bool(last[1] and closing_line(block.tokens[0].markup).match(last[2]))


def is_open(block: Parsed) -> bool:
    """Whether it is a fence at the left margin that only its closing line can end."""
    if block.tokens[0].type != "fence" or not block.source.startswith(block.tokens[0].markup):
        return False
    opening, *rest = block.source.split("\n", 2)
    settled = len(rest) > ("|" in opening)  # see `cut`: it might still head a table
    return settled and not is_closed(block)


class OpenFence:
    """A fence at the left margin whose text, opening line included, is the open tail."""

    def __init__(self, block: Parsed, style: HtmlStyle) -> None:
        self.language = language(block.tokens[0])
        self._style = style
        self._closing = closing_line(block.tokens[0].markup)
        self._body = block.source.index("\n") + 1
        self._searched = self._body
        self._coloured = 0
        self._head = ""

    def closes(self, text: str) -> bool:
        """Looks at the lines that are new or have grown since the last call."""
        if self._closing.search(text, self._searched):
            return True
        self._searched = text.rindex("\n") + 1
        return False

    def code(self, text: str) -> str:
        return text[self._body :].removesuffix("\n")

    def html(self, text: str) -> str:
        code = self.code(text)
        self._colour(code)
        return pre(self._head + text_html(code[self._coloured :]), self._style)

    def _colour(self, code: str) -> None:
        end = code.rfind("\n", 0, OPEN_LIMIT) + 1
        if end > self._coloured:
            self._coloured = end
            self._head = highlight(code[:end], self.language, self._style)
