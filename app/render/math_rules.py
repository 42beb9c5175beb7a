r"""Where a formula begins and ends in Markdown: `$…$`, `\(…\)`, and displayed `$$…$$`, `\[…\]`.

Markdown does not read what stands between the marks: it would take `_` and `*` for emphasis and a
line that begins with a minus for a list. A displayed formula of several lines is a block like a
fence, with two differences: it ends before a blank line, as in TeX, and without its closing mark
it is a paragraph.
"""

from __future__ import annotations

import re

from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from app.render.maths.reader import LONGEST

CLOSING = {"$$": "$$", "\\[": "\\]", "\\(": "\\)", "$": "$"}
"""Opening mark of a formula -> its closing mark. The longer of two that begin alike is first."""
DISPLAYED = ("$$", "\\[")
"""Opening marks of displayed formulas."""
FORMULAS = "formulas"
"""The key in markdown-it's environment under which the formulas of a paragraph are counted."""
MOST = 200
"""The most formulas of a paragraph; more are text. Qt takes seconds for a line of thousands."""
_LOOKS_LIKE_MATH = re.compile(r"[\\^_=+<>{}()/*|-]|^\S+$|^\S{1,3}(?:, ?\S{1,3})+$")
_FENCE = re.compile("```|~~~")


def inline_rule(state: StateInline, silent: bool) -> bool:
    """Read a formula in running text; return whether there is one. A rule of markdown-it.

    A price is no formula: `$5 or $6` has a space before the second dollar, or a digit after it.
    """
    opening = next((mark for mark in CLOSING if state.src.startswith(mark, state.pos)), None)
    if opening is None or state.env[FORMULAS] >= MOST:
        return False
    start = state.pos + len(opening)
    closing = CLOSING[opening]
    end = state.src.find(closing, start, min(state.posMax, start + LONGEST + len(closing)))
    latex = state.src[start:end]
    after = end + len(closing)
    if (
        end < 0
        or not latex.strip()
        or (opening == "$" and _is_price(latex, state.src[after : after + 1]))
    ):
        return False
    if not silent:
        token = state.push("math", "", 0)
        token.content, token.markup = latex.strip(), opening
        state.env[FORMULAS] += 1
    state.pos = after
    return True


def _is_price(latex: str, follows: str) -> bool:
    return (
        latex[0].isspace()
        or latex[-1].isspace()
        or latex[-1] == "\\"
        or follows.isdigit()
        or follows == "$"
        or not _LOOKS_LIKE_MATH.search(latex)
    )


def block_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a displayed formula of whole lines; return whether there is one. A rule of markdown-it.

    It decides line by line, as `blocks.final_lines` needs it.
    """
    first = _text(state, start)
    closing = CLOSING[first[:2]] if first[:2] in DISPLAYED else ""
    inside = first.find(closing, 2)
    one_line = inside >= 0
    if state.is_code_block(start) or not closing or (one_line and not 2 < inside == len(first) - 2):
        return False  # `$$x$$ and more` is left to the inline rule
    if silent:
        return first[:2] == "\\[" or not _is_open(state, start)
    closed, last = one_line, start
    while not closed and _goes_on(state, last + 1, end):
        last += 1
        closed = _text(state, last).endswith(closing)
    state.line = last + 1
    source = state.getLines(start, last + 1, state.blkIndent, False).strip()
    if closed:
        token = state.push("math_block", "", 0)
        token.content, token.markup, token.map = source[2:-2].strip(), first[:2], [start, last + 1]
    else:
        _push_paragraph(state, source, first[:2], [start, last + 1])
    return True


def _is_open(state: StateBlock, line: int) -> bool:
    """Whether the dollars close a formula that began within a line of the block above."""
    above = state.src[state.bMarks[state.line] : state.bMarks[line]]
    return bool(above.count("$$") % 2)


def _text(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()


def _goes_on(state: StateBlock, line: int, end: int) -> bool:
    """Whether the formula includes `line`: a fence after a formula without end is still code."""
    return (
        line < end
        and not state.isEmpty(line)
        and state.sCount[line] >= state.blkIndent
        and not _FENCE.match(_text(state, line))
    )


def _push_paragraph(state: StateBlock, source: str, markup: str, lines: list[int]) -> None:
    """Push the formula as a paragraph, with its opening mark, which no line above can take in."""
    opening = state.push("paragraph_open", "p", 1)
    opening.map, opening.markup = lines, markup
    inline = state.push("inline", "", 0)
    inline.content, inline.map, inline.children = source, lines, []
    state.push("paragraph_close", "p", -1)
