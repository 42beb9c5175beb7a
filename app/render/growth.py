"""Text that only grows at its end: open code, plain words, and what a shown block has gained.

A long fence may be the whole reply, so it is not parsed again with every token: what arrives is
searched for the line that closes the fence, and only the first lines are coloured until then.

Most tokens are plain words at the end of a paragraph or a list, which Markdown would parse again as
a whole. A piece is only added to the text where it holds nothing that Markdown could take for
anything else, and neither does the text before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

from markdown_it.token import Token

from app.render.direction import is_undecided
from app.render.highlight import highlight
from app.render.html import inline_html, language, pre, to_html
from app.render.parser import Parsed
from app.render.parts import PART
from app.render.style import HtmlStyle, text_html

OPEN_LIMIT = 2_000
"""Characters coloured while a fence is open. The rest is coloured when it closes, so that the cost
of a token does not grow with the code."""
_WORDS = re.compile(r"""(?:[^\W_]|[ ,.!?:+'"\u2018-\u201d\u2013\u2014-])+""")
_BEGUN = re.compile(r"\W*(?:\d+[.)]\s+\W*)*[^\W\d_]")
"""A line with the first letter of its text: what follows cannot make it a list or a heading."""
_DEFINES = "]:"
_TEXT_BLOCKS = ("paragraph_close", "heading_close")
_TEXT_TAGS = ("</p>", "</li>", "</ul>", "</ol>", *(f"</h{level}>" for level in range(1, 7)))
_SPACES = re.compile(" +")


def closing_line(markup: str) -> re.Pattern[str]:
    """Return the line that closes a fence opened with `markup` (CommonMark 0.31.2, section 4.5)."""
    marker = re.escape(markup[0])
    return re.compile(rf"^ {{0,3}}{marker}{{{len(markup)},}}[ \t]*$", re.MULTILINE)


def is_closed(block: Parsed) -> bool:
    """Whether a parsed fence ends with its closing line rather than with the text."""
    last = block.source.removesuffix("\n").rpartition("\n")
    return bool(last[1] and closing_line(block.tokens[0].markup).match(last[2]))


def is_open(block: Parsed) -> bool:
    """Whether a parsed block is a fence at the left margin that only its closing line can end."""
    if block.tokens[0].type != "fence" or not block.source.startswith(block.tokens[0].markup):
        return False
    opening, *rest = block.source.split("\n", 2)
    is_fence = len(rest) > ("|" in opening)  # until then it may turn out to head a table
    return is_fence and not is_closed(block)


class OpenFence:
    """A fence at the left margin without its closing line.

    Each method takes its whole text so far, opening line included.
    """

    def __init__(self, block: Parsed, style: HtmlStyle) -> None:
        self._language = language(block.tokens[0])
        self._style = style
        self._closing = closing_line(block.tokens[0].markup)
        self._body = block.source.index("\n") + 1  # where the code begins
        self._searched = self._body  # up to where no line closes the fence
        self._coloured = 0  # characters of the code
        self._head = ""  # their HTML

    def closes(self, text: str) -> bool:
        """Whether a line closes it; only lines that are new since the last call are looked at."""
        if self._closing.search(text, self._searched):
            return True
        self._searched = text.rindex("\n") + 1
        return False

    def code(self, text: str) -> str:
        """Return the code without its last newline."""
        return text[self._body :].removesuffix("\n")

    def html(self, text: str) -> str:
        """Return the code as HTML, with as many finished lines coloured as fit in OPEN_LIMIT."""
        code = self.code(text)
        self._colour(code)
        return pre(self._head + text_html(code[self._coloured :]), self._style)

    def _colour(self, code: str) -> None:
        end = code.rfind("\n", 0, OPEN_LIMIT) + 1
        if end > self._coloured:
            self._coloured = end
            self._head = highlight(code[:end], self._language, self._style)


class OpenWords:
    """The last text of an open block, to which plain words are added."""

    def __init__(self, opening: str, text: str, closing: str, left: int, style: HtmlStyle) -> None:
        self._opening = opening  # HTML before the text
        self._text = text  # with the spaces at its end, which the HTML leaves out
        self._closing = closing  # HTML after the text
        self._left = left  # characters until the paragraph is cut in slices
        self._style = style

    @property
    def html(self) -> str:
        """The HTML of the whole block."""
        text = Token("text", "", 0, content=self._text.rstrip(" "))
        return self._opening + inline_html([text], self._style) + self._closing

    def take(self, piece: str) -> bool:
        """Add `piece` if it is plain words; return False if the block must be parsed again."""
        if not _WORDS.fullmatch(piece) or len(piece) > self._left:
            return False
        self._text += piece
        self._left -= len(piece)
        return True


def open_words(block: Parsed, tail: str, style: HtmlStyle) -> OpenWords | None:
    """Return the text at the end of a block, or None where words may change more than that text.

    `tail` is the open text, which ends with the block.
    """
    inline = _last_inline(block.tokens)
    written = block.source.rstrip(" ")
    if inline is None or block.sliced or _DEFINES in tail:
        return None
    if any(is_undecided(token) for token in block.tokens):
        return None
    if not (_WORDS.fullmatch(written[-1:]) and _BEGUN.match(block.source.rpartition("\n")[2])):
        return None
    paragraph = block.tokens[inline]
    *before, last = paragraph.children or []  # such a character ends text and nothing else
    return OpenWords(
        to_html(block.tokens[:inline], style) + inline_html(before, style),
        last.content + block.source[len(written) :],
        to_html(block.tokens[inline + 1 :], style),
        PART - len(paragraph.content),
        style,
    )


def _last_inline(tokens: Sequence[Token]) -> int | None:
    """Return the index of the last text, or None where more than closing tags follow it."""
    last = len(tokens) - 1
    while last > 0 and tokens[last].nesting < 0:
        last -= 1
    is_text = tokens[last].type == "inline" and tokens[last + 1].type in _TEXT_BLOCKS
    return last if is_text else None


def added_text(before: str, after: str) -> str:
    """Return the text that the HTML of a block has gained at its end since it was shown.

    Spaces in a row are one, as Qt shows them. "" where the HTML has changed otherwise.
    """
    body = _without_closing_tags(before)
    closing = before[len(body) :]
    if body[-1:] in ("", ">") or body[-1].isspace():
        return ""
    if not (after.startswith(body) and after.endswith(closing)):
        return ""
    added = after[len(body) : len(after) - len(closing)]
    text = unescape(added).replace("\n", " ")
    return _SPACES.sub(" ", text) if "<" not in added and text.isprintable() else ""


def _without_closing_tags(html: str) -> str:
    """Return HTML without the closing tags of text; Qt puts an empty line after a table's tag."""
    while html.endswith(_TEXT_TAGS):
        html = html[: html.rindex("<")]
    return html
