"""Markdown as text without marks: for the clipboard, for screen readers, for a title."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from markdown_it.token import Token

from app.render.formulas import math_words
from app.render.parser import normal, parse

Formula = Callable[[str], str]
"""Turns LaTeX into text."""


def plain_text(text: str) -> str:
    """Return Markdown without its marks: formulas as LaTeX, cells of a table parted by tabs."""
    return _text(text, lambda latex: latex)


def spoken_text(text: str) -> str:
    """Return Markdown as a screen reader is to read it: as `plain_text`, formulas in characters."""
    return _text(text, math_words)


_MARK = re.compile("^(?:(?:[\N{BULLET}\N{BALLOT BOX}\N{BALLOT BOX WITH CHECK}]|[0-9]+[.])\\s+)+")
_READ = 4000  # characters of a text in which its first words are looked for


def first_words(text: str) -> str:
    """Return the first line of a text that has words, without marks; code only where all is code.

    "" for a text without any.
    """
    lines = normal(text[:_READ]).replace("\n", "  \n")  # a line end of the source is one here
    blocks = parse(lines, {}).blocks
    for block in sorted(blocks, key=lambda block: block.kind == "code"):
        for line in _block(block.tokens, lambda latex: latex).splitlines():
            words = _MARK.sub("", line.replace("\t", " ").strip()).strip()
            if any(character.isalnum() for character in words):
                return words
    return ""


def _text(text: str, formula: Formula) -> str:
    document = parse(normal(text), {})
    blocks = (_block(block.tokens, formula) for block in document.blocks)
    return "\n\n".join(block for block in blocks if block)


def _block(tokens: Sequence[Token], formula: Formula) -> str:
    lines = "".join(_pieces(tokens, formula)).split("\n")
    return "\n".join(line.rstrip(" \t") for line in lines).strip("\n")


def _pieces(tokens: Sequence[Token], formula: Formula) -> Iterator[str]:
    items: list[int | None] = []  # the next number of each open list; None: bullets
    for token in tokens:
        match token.type:
            case "ordered_list_open":
                items.append(int(token.attrGet("start") or 1))
            case "bullet_list_open":
                items.append(None)
            case "ordered_list_close" | "bullet_list_close":
                items.pop()
            case "list_item_open":
                yield "  " * (len(items) - 1) + _marker(items)
            case "inline":
                yield _inline_text(token.children or [], formula)
            case _:
                yield _plain_piece(token, formula)


def _plain_piece(token: Token, formula: Formula) -> str:
    match token.type:
        case "th_close" | "td_close":
            return "\t"
        case "tr_close" | "paragraph_close" | "heading_close":
            return "\n"
        case "fence" | "code_block":
            return token.content.removesuffix("\n") + "\n"
        case "math_block":
            return formula(token.content) + "\n"
        case _:
            return ""


def _marker(items: list[int | None]) -> str:
    number = items[-1]
    if number is None:
        return "\N{BULLET} "
    items[-1] = number + 1
    return f"{number}. "


def _inline_text(children: Sequence[Token], formula: Formula) -> str:
    return "".join(_inline_piece(child, formula) for child in children)


def _inline_piece(child: Token, formula: Formula) -> str:
    match child.type:
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "math":
            return formula(child.content)
        case _:
            return child.content
