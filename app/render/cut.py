"""Up to where an open text is final: no text that may follow can change what stands above.

CommonMark decides line by line, so a complete line settles what it starts or ends, with these
exceptions, which stay open here. A paragraph may turn into a heading (`===` below it), give up its
last line to a table, or vanish into the unfinished title of a link definition above it; none of
them reaches across a blank line, a `#` heading, a rule or a fence. And any line with a `|` may
turn out to head a table.

A part of a long list or table is final once the one after it has begun (see `parts`).
"""

from __future__ import annotations

from markdown_it.token import Token

from app.render.fence import is_closed
from app.render.parser import Document, Parsed


def final_lines(document: Document) -> int:
    """How many lines, from the first, are final."""
    for block in reversed(document.blocks):
        if _is_solid(block, document) and _ends_for_good(block, document):
            return block.end
        if _starts_for_good(block, document):
            return block.start
    return 0


def _starts_for_good(block: Parsed, document: Document) -> bool:
    after_blank = block.start > 0 and _is_blank(document.lines[block.start - 1])
    begun = after_blank or block.continued is not None or _is_solid(block, document)
    return begun and _is_complete(document.lines[block.start])


def _ends_for_good(block: Parsed, document: Document) -> bool:
    first = block.tokens[0]
    if _is_open_formula(first):
        return block.end < len(document.lines) and _is_complete(document.lines[block.end])
    ended = first.type != "fence" or is_closed(block)
    may_head_table = "|" in document.lines[block.start]
    last = max(block.end - 1, block.start + may_head_table)
    return ended and last < len(document.lines) and _is_complete(document.lines[last])


def _is_solid(block: Parsed, document: Document) -> bool:
    """Begun by a line that nothing above can swallow, and ended by its own last line."""
    first = block.tokens[0]
    if first.type == "heading_open":
        return first.markup.startswith("#")
    if first.type == "math_block" or _is_open_formula(first):
        return block.start == 0 or _is_blank(document.lines[block.start - 1])
    return first.type in ("fence", "hr")


def _is_open_formula(first: Token) -> bool:
    return first.type == "paragraph_open" and bool(first.markup)


def _is_blank(line: str) -> bool:
    return not line.strip(" \t\n")


def _is_complete(line: str) -> bool:
    return line.endswith("\n")
